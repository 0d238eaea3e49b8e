"""From a request to its response: what was made before costs a few look-ups, everything else is made in a thread."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..repository import Repository
from .client_limits import OverloadError
from .content_negotiation import SIMPLE_FORMATS, accepts_gzip, choose_format
from .html_pages import HtmlPages
from .http_request import HttpRequest
from .representations import Representations
from .response_cache import ResponseCache
from .responses import Representation, Response, make_error, make_redirect
from .routes import (
    FileRoute,
    FixedRoute,
    MovedRoute,
    OverviewRoute,
    ProjectOverviewRoute,
    RefusedRoute,
    Route,
    SimpleIndexRoute,
    SimpleProjectRoute,
    parse_route,
)

T = TypeVar("T")
Maker = Callable[[], Representation | Response]

_MOST_PLANS = 4096
_LONGEST_REQUEST = 1024
"""Bytes of a request that are remembered with its plan; those of installers have a few hundred."""
_MOST_READING = 1024
_GENERATION_SECONDS = 0.005
"""How long it may take until something that was recorded is seen: under load, asking each time would cost much."""
_UPSTREAM_SECONDS = 30.0
"""How long a page is sent without asking upstream, which remembers for itself when it was asked."""
_PEOPLE_SECONDS = 2.0
"""How long a page for people is sent without looking again at what is held."""


@dataclass(frozen=True)
class RequestPlan:
    """How a request is answered: with what ``make`` makes, in a thread, and what is then kept under ``key``.

    ``seconds`` is how long it may be kept, if nothing is recorded meanwhile; ``route`` is for logs and figures. What
    ``is_slow`` must not hold up the rest.
    """

    route: str
    address: Route
    key: Hashable
    make: Maker
    seconds: float = math.inf
    is_slow: bool = False


@dataclass(frozen=True)
class ReadyResponse:
    """A request whose response is known at once."""

    route: str
    response: Response


class RequestDispatcher:
    """Finds what to answer. Lives on the event loop, which waits for nothing.

    *fixed* makes what is at the few addresses that have names of their own.
    """

    def __init__(
        self, repository: Repository, pages: Representations, people: HtmlPages, fixed: Mapping[str, Maker]
    ) -> None:
        self._ledger = repository.ledger
        self._pages = pages
        self._people = people
        self._fixed = fixed
        self._plans: dict[Hashable, RequestPlan] = {}
        self._keeping = ResponseCache()
        self._reading = 0
        self._generation, self._asked = -1, -math.inf
        # Upstream may be slow: what is known here must not wait behind it.
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="read")
        self._fetchers = ThreadPoolExecutor(16, thread_name_prefix="upstream")
        # So may be counting what is held, where there is much.
        self._counters = ThreadPoolExecutor(2, thread_name_prefix="count")

    def close(self) -> None:
        """Waits for the threads, but for those that wait for upstream."""
        self._readers.shutdown()
        self._counters.shutdown()
        self._fetchers.shutdown(wait=False, cancel_futures=True)

    def find_plan(self, request: HttpRequest) -> RequestPlan | ReadyResponse:
        """How *request* is to be answered. Never raises."""
        plan: RequestPlan | ReadyResponse | None = self._plans.get(request.signature)
        if plan is None:
            plan = self._plan(request)
            if isinstance(plan, RequestPlan) and request.length <= _LONGEST_REQUEST:
                if len(self._plans) >= _MOST_PLANS:
                    self._plans.clear()
                self._plans[request.signature] = plan
        return plan

    async def find(self, plan: RequestPlan, now: float) -> Representation | Response:
        """What *plan* leads to; *now* is in seconds on a clock that only goes forward.

        :raises CrowdedError: if it may be had later.
        :raises ZigbuildError: if there is nothing.
        """
        if now - self._asked > _GENERATION_SECONDS:
            self._generation = self._ledger.generation()
            self._asked = now
        kept = self._keeping.find(plan.key, self._generation, now)
        if kept:
            return kept
        missing = await self._run(self._readers, partial(self._pages.find_missing, plan.address))
        if missing:
            await self._run(self._fetchers, missing)
        generation = self._ledger.generation()
        made = await self._run(self._counters if plan.is_slow else self._readers, plan.make)
        if isinstance(made, Representation):
            self._keeping.keep(plan.key, made, generation, now + plan.seconds)
        return made

    def _plan(self, request: HttpRequest) -> RequestPlan | ReadyResponse:
        address = parse_route(request.path)
        is_packed = accepts_gzip(request.encoding.decode("latin-1"))
        match address:
            case RefusedRoute():
                return ReadyResponse("other", make_error(address.status, address.reason, request.accept_text))
            case MovedRoute():
                query = f"?{request.query_text}" if request.query else ""
                return ReadyResponse("redirect", make_redirect(address.location + query))
            case SimpleIndexRoute() | SimpleProjectRoute():
                return self._plan_page(address, request, is_packed=is_packed)
            case FileRoute(is_metadata=True):
                return RequestPlan("metadata", address, address, partial(self._pages.make_metadata, address))
            case FileRoute():
                return RequestPlan("file", address, address, partial(self._pages.make_file, address))
            case OverviewRoute():
                make: Maker = partial(self._people.make_overview, request.base, is_packed=is_packed)
                return RequestPlan(
                    "people", address, (address, request.base, is_packed), make, _PEOPLE_SECONDS, is_slow=True
                )
            case ProjectOverviewRoute():
                make = partial(self._people.make_project, address.name, request.base, is_packed=is_packed)
                return RequestPlan(
                    "people", address, (address, request.base, is_packed), make, _PEOPLE_SECONDS, is_slow=True
                )
            case FixedRoute():
                is_slow = address.name == "metrics"
                return RequestPlan(address.name, address, address, self._fixed[address.name], is_slow=is_slow)

    def _plan_page(
        self, address: SimpleIndexRoute | SimpleProjectRoute, request: HttpRequest, *, is_packed: bool
    ) -> RequestPlan | ReadyResponse:
        form = choose_format(request.accept_text, request.query_text)
        if form is None:
            offered = ", ".join(name for form in SIMPLE_FORMATS for name in form.names)
            return ReadyResponse("page", make_error(406, f"there are only {offered}", request.accept_text))
        key = (address, form, is_packed)
        if isinstance(address, SimpleIndexRoute):
            return RequestPlan("index", address, key, partial(self._pages.make_index, form, is_packed=is_packed))
        make = partial(self._pages.make_project, address.name, form, is_packed=is_packed)
        return RequestPlan("page", address, key, make, _UPSTREAM_SECONDS)

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        if self._reading >= _MOST_READING:
            raise OverloadError("too many requests at once", retry_after=1)
        self._reading += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        finally:
            self._reading -= 1
