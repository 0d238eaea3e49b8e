"""Representations of the repository's data: pages for installers, files, and METADATA. Its calls block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...core.base.errors import MismatchError, NotFoundError
from ..files import File
from ..repository import Repository
from ..upstream import Upstream, select_visible
from .content_negotiation import PageFormat
from .http_conditions import render_date
from .responses import Representation, make_constant, make_download, make_page
from .routes import FileRoute, ProjectOverviewRoute, Route, SimpleProjectRoute
from .simple_api import make_simple_page, render_index_html, render_index_json, render_project_html, render_project_json

_CONTENT_TYPES = {"whl": "application/zip", "zip": "application/zip", "gz": "application/gzip"}
_VARY = "Accept, Accept-Encoding"


class Representations:
    """Makes representations from the ledger of *repository*.

    Its methods raise :class:`NotFoundError` for unknown names, and :class:`MismatchError` for altered rows.
    """

    def __init__(self, repository: Repository, upstream: Upstream | None) -> None:
        self._ledger = repository.ledger
        self._upstream = upstream

    def upstream_look_up(self, route: Route) -> Callable[[], object] | None:
        """Return the call that asks upstream for the data of *route*, or None if the ledger has them.

        The call can take long, and raises the errors of :class:`~..upstream.Upstream`.
        """
        upstream = self._upstream
        if upstream is None:
            return None
        if isinstance(route, SimpleProjectRoute | ProjectOverviewRoute):
            is_local = any(file.is_local for file in self._ledger.files(route.name))
            return None if is_local else partial(upstream.refresh, route.name)
        if isinstance(route, FileRoute) and route.is_metadata:
            file = self._find_file(route)
            return None if file.is_local else partial(upstream.metadata, file)
        return None

    def make_index(self, form: PageFormat, *, is_gzipped: bool) -> Representation:
        """Return the list of all projects."""
        projects = self._ledger.projects()
        text = render_index_json(projects) if form.is_json else render_index_html(projects)
        return make_page(text, form.content_type, is_gzipped=is_gzipped, vary=_VARY)

    def make_project(self, name: str, form: PageFormat, *, is_gzipped: bool) -> Representation:
        """Return the page of a project."""
        page = make_simple_page(name, self.find_files(name))
        text = render_project_json(page) if form.is_json else render_project_html(page)
        return make_page(text, form.content_type, is_gzipped=is_gzipped, vary=_VARY)

    def find_files(self, project: str) -> tuple[File, ...]:
        """Return the files of a project, at least one."""
        if files := select_visible(self._ledger.files(project)):
            return files
        if altered := self._ledger.altered(project):
            raise MismatchError.of(altered)
        raise NotFoundError("this project is not recorded", where=project)

    def make_file(self, wanted: FileRoute) -> Representation:
        """Return a file by its name and hash, without looking for its bytes."""
        file = self._find_file(wanted)
        content_type = _CONTENT_TYPES.get(file.name.rpartition(".")[2], "application/octet-stream")
        return make_download(file, content_type, render_date(file.upload_time))

    def make_metadata(self, wanted: FileRoute) -> Representation:
        """Return the METADATA of a file."""
        file = self._find_file(wanted)
        data = self._ledger.metadata(file.sha256)
        return make_constant(data, "text/plain; charset=utf-8", render_date(file.upload_time))

    def _find_file(self, wanted: FileRoute) -> File:
        file = self._ledger.find(wanted.name)
        if file.sha256 != wanted.sha256:
            raise NotFoundError("is recorded with another sha256", where=wanted.name)
        return file
