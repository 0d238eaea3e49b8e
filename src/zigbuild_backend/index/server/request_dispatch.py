"""Dispatches requests: cached responses cost a few look-ups, all others are made in a thread."""

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
"""Bytes of a request up to which its plan is cached; requests of installers have a few hundred."""
_MOST_RUNNING = 1024
_GENERATION_SECONDS = 0.005
"""The delay until a new record is seen: under load, reading the generation for each request would cost much."""
_UPSTREAM_SECONDS = 30.0
"""The time during which a page is served from the cache, without asking upstream."""
_HTML_SECONDS = 2.0
"""The time during which an HTML page is served from the cache, although what is held can change."""


@dataclass(frozen=True)
class RequestPlan:
    """The way to answer a request: ``make`` is called in a thread, and its result is cached under ``key``.

    It is cached for ``seconds``, unless the ledger changes. ``label`` names the kind of request in logs and metrics. A
    plan that ``is_slow`` runs in threads of its own.
    """

    label: str
    route: Route
    key: Hashable
    make: Maker
    seconds: float = math.inf
    is_slow: bool = False


@dataclass(frozen=True)
class ReadyResponse:
    """A response that needs no work."""

    label: str
    response: Response


class RequestDispatcher:
    """Plans requests, and executes the plans with a cache. Its coroutines run on one event loop and never block it.

    *fixed* maps the names of :class:`~.routes.FixedRoute` to the functions that make their responses.
    """

    def __init__(
        self,
        repository: Repository,
        representations: Representations,
        html_pages: HtmlPages,
        fixed: Mapping[str, Maker],
    ) -> None:
        self._ledger = repository.ledger
        self._representations = representations
        self._html_pages = html_pages
        self._fixed = fixed
        self._plans: dict[Hashable, RequestPlan] = {}
        self._cache = ResponseCache()
        self._running = 0
        self._generation, self._generation_read_at = -1, -math.inf
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="read")
        # Upstream can be slow, and so are statistics of a large repository: neither must hold up other requests.
        self._upstream_threads = ThreadPoolExecutor(16, thread_name_prefix="upstream")
        self._slow_readers = ThreadPoolExecutor(2, thread_name_prefix="statistics")

    def close(self) -> None:
        """Wait for the threads, except those that wait for upstream."""
        self._readers.shutdown()
        self._slow_readers.shutdown()
        self._upstream_threads.shutdown(wait=False, cancel_futures=True)

    def plan(self, request: HttpRequest) -> RequestPlan | ReadyResponse:
        """Return the plan for *request*; never raises."""
        plan: RequestPlan | ReadyResponse | None = self._plans.get(request.signature)
        if plan is None:
            plan = self._make_plan(request)
            if isinstance(plan, RequestPlan) and request.length <= _LONGEST_REQUEST:
                if len(self._plans) >= _MOST_PLANS:
                    self._plans.clear()
                self._plans[request.signature] = plan
        return plan

    async def execute(self, plan: RequestPlan, now: float) -> Representation | Response:
        """Execute *plan*; *now* is the time in seconds on a monotonic clock.

        :raises OverloadError: if too many requests are under way.
        :raises ZigbuildError: if there is no representation.
        """
        if now - self._generation_read_at > _GENERATION_SECONDS:
            self._generation = self._ledger.generation()
            self._generation_read_at = now
        cached = self._cache.find(plan.key, self._generation, now)
        if cached:
            return cached
        look_up = await self._run(self._readers, partial(self._representations.upstream_look_up, plan.route))
        if look_up:
            await self._run(self._upstream_threads, look_up)
        generation = self._ledger.generation()
        made = await self._run(self._slow_readers if plan.is_slow else self._readers, plan.make)
        if isinstance(made, Representation):
            self._cache.store(plan.key, made, generation, now + plan.seconds)
        return made

    def _make_plan(self, request: HttpRequest) -> RequestPlan | ReadyResponse:
        route = parse_route(request.path)
        is_gzipped = accepts_gzip(request.encoding.decode("latin-1"))
        match route:
            case RefusedRoute():
                return ReadyResponse("other", make_error(route.status, route.reason, request.accept_text))
            case MovedRoute():
                query = f"?{request.query_text}" if request.query else ""
                return ReadyResponse("redirect", make_redirect(route.location + query))
            case SimpleIndexRoute() | SimpleProjectRoute():
                return self._plan_page(route, request, is_gzipped=is_gzipped)
            case FileRoute(is_metadata=True):
                return RequestPlan("metadata", route, route, partial(self._representations.make_metadata, route))
            case FileRoute():
                return RequestPlan("file", route, route, partial(self._representations.make_file, route))
            case OverviewRoute():
                make: Maker = partial(self._html_pages.make_overview, request.base, is_gzipped=is_gzipped)
                return _plan_html_page(route, request, make, is_gzipped=is_gzipped)
            case ProjectOverviewRoute():
                make = partial(self._html_pages.make_project, route.name, request.base, is_gzipped=is_gzipped)
                return _plan_html_page(route, request, make, is_gzipped=is_gzipped)
            case FixedRoute():
                is_slow = route.name == "metrics"
                return RequestPlan(route.name, route, route, self._fixed[route.name], is_slow=is_slow)

    def _plan_page(
        self, route: SimpleIndexRoute | SimpleProjectRoute, request: HttpRequest, *, is_gzipped: bool
    ) -> RequestPlan | ReadyResponse:
        form = choose_format(request.accept_text, request.query_text)
        if form is None:
            offered = ", ".join(name for form in SIMPLE_FORMATS for name in form.names)
            return ReadyResponse("page", make_error(406, f"the formats are {offered}", request.accept_text))
        key = (route, form, is_gzipped)
        if isinstance(route, SimpleIndexRoute):
            return RequestPlan(
                "index", route, key, partial(self._representations.make_index, form, is_gzipped=is_gzipped)
            )
        make = partial(self._representations.make_project, route.name, form, is_gzipped=is_gzipped)
        return RequestPlan("page", route, key, make, _UPSTREAM_SECONDS)

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        if self._running >= _MOST_RUNNING:
            raise OverloadError("too many requests at once", retry_after=1)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        finally:
            self._running -= 1


def _plan_html_page(route: Route, request: HttpRequest, make: Maker, *, is_gzipped: bool) -> RequestPlan:
    key = (route, request.base, is_gzipped)
    return RequestPlan("people", route, key, make, _HTML_SECONDS, is_slow=True)
