"""HTML pages for browsers: the status of each project, and a release's wheels as a grid. They use no scripts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from packaging.version import Version

from ...core.base.pins import NAME, VERSION
from ..files import File
from .file_status import FileStatus, StatusReader
from .platform_grid import PlatformGrid, make_grid
from .representations import Representations
from .responses import Representation, make_page
from .routes import render_file_path
from .simple_api import parse_version

_HTML = "text/html; charset=utf-8"
_POLICY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_OPEN_RELEASES = 1
"""The number of releases, newest first, whose wheels are shown without a click."""


@dataclass(frozen=True)
class ReleaseOverview:
    """A version of a project: its wheels in a grid, and its other files."""

    version: str
    files: tuple[FileStatus, ...]
    grid: PlatformGrid[FileStatus]
    others: tuple[FileStatus, ...]

    @property
    def recorded(self) -> int:
        return sum(status.file.size for status in self.files)

    @property
    def is_yanked(self) -> bool:
        return all(status.file.yanked is not None for status in self.files)

    @property
    def held(self) -> int:
        return sum(status.file.size for status in self.files if status.is_held)


class HtmlPages:
    """Renders the pages from *representations* and *status_reader*. Its calls block; thread-safe."""

    def __init__(self, representations: Representations, status_reader: StatusReader) -> None:
        self._representations = representations
        self._status_reader = status_reader
        self._templates = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"day": format_day, "file_path": _render_path}
        self._templates.globals |= {"software": f"{NAME} {VERSION}"}

    def make_overview(self, base: str, *, is_gzipped: bool) -> Representation:
        """Return the list of projects; *base* is the URL of the server as the client sees it."""
        repository = self._status_reader.read_repository()
        return self._render("overview.html", is_gzipped=is_gzipped, base=base, root="", repository=repository)

    def make_project(self, name: str, base: str, *, is_gzipped: bool) -> Representation:
        """Return the page of a project; errors: as for :meth:`Representations.find_files`."""
        releases = group_releases(self._status_reader.read_files(self._representations.find_files(name)))
        return self._render(
            "project.html",
            is_gzipped=is_gzipped,
            base=base,
            root="../../",
            project=name,
            releases=releases,
            opened=_OPEN_RELEASES,
        )

    def make_style(self) -> Representation:
        """Return the style sheet."""
        text = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
        return make_page(text, "text/css; charset=utf-8", is_gzipped=False, vary="")

    def _render(self, template: str, *, is_gzipped: bool, **values: Any) -> Representation:
        text = self._templates.get_template(template).render(values)
        return make_page(text, _HTML, is_gzipped=is_gzipped, vary="Accept-Encoding", extra=_POLICY)


def group_releases(statuses: Iterable[FileStatus]) -> tuple[ReleaseOverview, ...]:
    """Group files by release, newest first."""
    by_version: dict[str, list[FileStatus]] = defaultdict(list)
    for status in statuses:
        by_version[status.file.version].append(status)
    versions = sorted(by_version, key=_order, reverse=True)
    return tuple(_make_release(version, by_version[version]) for version in versions)


def format_day(rfc3339: str) -> str:
    """Return the date of a time in RFC 3339."""
    return rfc3339[:10]


def _make_release(version: str, statuses: list[FileStatus]) -> ReleaseOverview:
    wheels = [status for status in statuses if status.file.is_wheel]
    others = tuple(status for status in statuses if not status.file.is_wheel)
    return ReleaseOverview(version, tuple(statuses), make_grid(wheels), others)


def _order(version: str) -> tuple[bool, Version]:
    parsed = parse_version(version)
    return parsed is not None, parsed or Version("0")


def _render_path(file: File) -> str:
    return render_file_path(file.sha256, file.name)
