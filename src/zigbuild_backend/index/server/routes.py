"""The addresses of the index: a path as it came over the wire, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

_LONGEST = 1024
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SEPARATORS = re.compile(r"[-_.]+")

METADATA_SUFFIX = ".metadata"


@dataclass(frozen=True)
class SimpleIndexRoute:
    """The list of all projects."""


@dataclass(frozen=True)
class SimpleProjectRoute:
    """A project's page for installers, by its canonical name."""

    name: str


@dataclass(frozen=True)
class FileRoute:
    """A file by its hash and name, or its METADATA."""

    sha256: str
    name: str
    is_metadata: bool = False


@dataclass(frozen=True)
class OverviewRoute:
    """The list of all projects, for people."""


@dataclass(frozen=True)
class ProjectOverviewRoute:
    """What is held of a project, for people."""

    name: str


@dataclass(frozen=True)
class FixedRoute:
    """One of the few other addresses: ``health``, ``metrics`` or ``style.css``."""

    name: str


@dataclass(frozen=True)
class MovedRoute:
    """The thing has another address; ``location`` is relative."""

    location: str


@dataclass(frozen=True)
class RefusedRoute:
    """Nothing can be there: the status and the reason."""

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
_UNKNOWN = RefusedRoute(404, "there is no such address; installers are pointed to /simple/")


def canonicalize(name: str) -> str:
    """A project's name as PEP 503 spells it in addresses."""
    return _SEPARATORS.sub("-", name).lower()


def parse_route(raw: bytes) -> Route:
    """What the path *raw* is, percent-encoding and all; never raises.

    Only names that a project or a file can have are let through, so that what comes out is safe in every place.
    """
    if len(raw) > _LONGEST:
        return RefusedRoute(414, f"the path is longer than {_LONGEST} bytes")
    if not raw.startswith(b"/"):
        return RefusedRoute(400, "a path starts with '/'")
    try:
        # Decoded by part: an encoded '/' is no separator, and no name has one.
        parts = [unquote_to_bytes(part).decode("ascii") for part in raw[1:].split(b"/")]
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
    """The path of a file, from the root and without the first slash."""
    return f"files/{sha256}/{quote(name, safe='+!')}"


def _parse_project(page: str, name: str, *, has_slash: bool) -> Route:
    if not _PROJECT.fullmatch(name):
        return RefusedRoute(400, "this cannot be the name of a project")
    canonical = canonicalize(name)
    if not has_slash:
        return MovedRoute(f"{canonical}/")
    if name != canonical:
        return MovedRoute(f"../{canonical}/")
    return SimpleProjectRoute(name) if page == "simple" else ProjectOverviewRoute(name)


def _parse_download(sha256: str, name: str) -> Route:
    if not _SHA256.fullmatch(sha256):
        return RefusedRoute(400, "a file is asked for by its sha256, 64 digits from 0 to f")
    if not _FILE.fullmatch(name):
        return RefusedRoute(400, "this cannot be the name of a file")
    is_metadata = name.endswith(METADATA_SUFFIX)
    return FileRoute(sha256, name.removesuffix(METADATA_SUFFIX), is_metadata)
