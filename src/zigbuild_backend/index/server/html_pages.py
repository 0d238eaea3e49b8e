"""The pages for people: what is held of each project, and a release's wheels as a grid. They work without scripts."""

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
"""Releases whose wheels are shown at once; those of older ones are unfolded on demand."""


@dataclass(frozen=True)
class ReleaseOverview:
    """A version of a project: its wheels in their grid, and what else it has."""

    version: str
    standings: tuple[FileStatus, ...]
    grid: PlatformGrid[FileStatus]
    others: tuple[FileStatus, ...]

    @property
    def recorded(self) -> int:
        return sum(standing.file.size for standing in self.standings)

    @property
    def is_yanked(self) -> bool:
        return all(standing.file.yanked is not None for standing in self.standings)

    @property
    def held(self) -> int:
        return sum(standing.file.size for standing in self.standings if standing.is_held)


class HtmlPages:
    """Makes the pages, from what *pages* and *holdings* know. Blocking; for any thread."""

    def __init__(self, pages: Representations, holdings: StatusReader) -> None:
        self._pages = pages
        self._holdings = holdings
        self._templates = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"size": format_size, "day": format_day, "address": _locate}
        self._templates.globals |= {"software": f"{NAME} {VERSION}"}

    def make_overview(self, base: str, *, is_packed: bool) -> Representation:
        """The list of projects; *base* is the address of the server as the client knows it."""
        return self._render("overview.html", is_packed=is_packed, base=base, root="", census=self._holdings.read_all())

    def make_project(self, name: str, base: str, *, is_packed: bool) -> Representation:
        """The page of a project; errors are as of :meth:`Pages.find_files`."""
        releases = group_releases(self._holdings.read(self._pages.find_files(name)))
        return self._render(
            "project.html",
            is_packed=is_packed,
            base=base,
            root="../../",
            project=name,
            releases=releases,
            opened=_OPEN_RELEASES,
        )

    def make_style(self) -> Representation:
        """The style sheet."""
        text = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
        return make_page(text, "text/css; charset=utf-8", is_packed=False, vary="")

    def _render(self, template: str, *, is_packed: bool, **values: Any) -> Representation:
        text = self._templates.get_template(template).render(values)
        return make_page(text, _HTML, is_packed=is_packed, vary="Accept-Encoding", extra=_POLICY)


def group_releases(standings: Iterable[FileStatus]) -> tuple[ReleaseOverview, ...]:
    """The releases that files belong to, the latest first."""
    by_version: dict[str, list[FileStatus]] = defaultdict(list)
    for standing in standings:
        by_version[standing.file.version].append(standing)
    versions = sorted(by_version, key=_order, reverse=True)
    return tuple(_make_release(version, by_version[version]) for version in versions)


def format_size(size: int) -> str:
    """A number of bytes in decimal units."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f} {unit}"
    return f"{size} B"


def format_day(rfc3339: str) -> str:
    """The day of a time, in UTC."""
    return rfc3339[:10]


def _make_release(version: str, standings: list[FileStatus]) -> ReleaseOverview:
    wheels = [standing for standing in standings if standing.file.is_wheel]
    others = tuple(standing for standing in standings if not standing.file.is_wheel)
    return ReleaseOverview(version, tuple(standings), make_grid(wheels), others)


def _order(version: str) -> tuple[bool, Version]:
    parsed = parse_version(version)
    return parsed is not None, parsed or Version("0")


def _locate(file: File) -> str:
    return render_file_path(file.sha256, file.name)
