"""The routes of the index, parsed from the request path as it was received."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from ..files import is_sha256

_LONGEST = 1024
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]*")

_SEPARATORS = re.compile(r"[-_.]+")

METADATA_SUFFIX = ".metadata"


@dataclass(frozen=True)
class SimpleIndexRoute:
    """The list of all projects for installers."""


@dataclass(frozen=True)
class SimpleProjectRoute:
    """A project's page for installers; ``name`` is canonical."""

    name: str


@dataclass(frozen=True)
class FileRoute:
    """A file by its hash and name, or its METADATA."""

    sha256: str
    name: str
    is_metadata: bool = False


@dataclass(frozen=True)
class OverviewRoute:
    """The HTML page that lists all projects."""


@dataclass(frozen=True)
class ProjectOverviewRoute:
    """The HTML page of a project; ``name`` is canonical."""

    name: str


@dataclass(frozen=True)
class FixedRoute:
    """One of the routes ``health``, ``metrics`` and ``style.css``."""

    name: str


@dataclass(frozen=True)
class MovedRoute:
    """A path with a canonical form; ``location`` is relative."""

    location: str


@dataclass(frozen=True)
class RefusedRoute:
    """A path that names nothing: the HTTP status and the reason."""

    status: int
    reason: str


Route = (
    SimpleIndexRoute
    | SimpleProjectRoute
    | FileRoute
    | OverviewRoute
    | ProjectOverviewRoute
    | FixedRoute
    | MovedRoute
    | RefusedRoute
)

_FIXED = frozenset({"health", "metrics", "style.css"})
_UNKNOWN = RefusedRoute(404, "this path does not exist; the index URL for installers ends with /simple/")


def canonicalize(name: str) -> str:
    """Return a project's name in the normal form of PEP 503."""
    return _SEPARATORS.sub("-", name).lower()


def parse_route(path: bytes) -> Route:
    """Return the route of *path*, which is percent-encoded; never raises.

    Only valid names of projects and files are accepted, so that they are safe in file paths, HTML and headers.
    """
    if len(path) > _LONGEST:
        return RefusedRoute(414, f"the path is longer than {_LONGEST} bytes")
    if not path.startswith(b"/"):
        return RefusedRoute(400, "the path does not start with '/'")
    try:
        # Split before decoding: an encoded '/' is part of a name, and then refused.
        parts = [unquote_to_bytes(part).decode("ascii") for part in path[1:].split(b"/")]
    except UnicodeDecodeError:
        return RefusedRoute(400, "names of projects and files are ASCII")
    match parts:
        case [""]:
            return OverviewRoute()
        case [name] if name in _FIXED:
            return FixedRoute(name)
        case ["simple" | "projects" as page]:
            return MovedRoute(f"{page}/")
        case ["simple", ""]:
            return SimpleIndexRoute()
        case ["projects", ""]:
            return MovedRoute("../")
        case ["simple" | "projects" as page, name, *rest] if rest in ([], [""]):
            return _parse_project(page, name, has_slash=bool(rest))
        case ["files", sha256, name]:
            return _parse_download(sha256, name)
    return _UNKNOWN


def render_file_path(sha256: str, name: str) -> str:
    """Return the path of a file, without the leading slash."""
    return f"files/{sha256}/{quote(name, safe='+!')}"


def _parse_project(page: str, name: str, *, has_slash: bool) -> Route:
    if not _PROJECT.fullmatch(name):
        return RefusedRoute(400, "the path holds no valid project name")
    canonical = canonicalize(name)
    if not has_slash:
        return MovedRoute(f"{canonical}/")
    if name != canonical:
        return MovedRoute(f"../{canonical}/")
    return SimpleProjectRoute(name) if page == "simple" else ProjectOverviewRoute(name)


def _parse_download(sha256: str, name: str) -> Route:
    if not is_sha256(sha256):
        return RefusedRoute(400, "the path of a file has its sha256, 64 digits from 0 to f")
    if not _FILE.fullmatch(name):
        return RefusedRoute(400, "the path holds no valid file name")
    is_metadata = name.endswith(METADATA_SUFFIX)
    return FileRoute(sha256, name.removesuffix(METADATA_SUFFIX), is_metadata)
