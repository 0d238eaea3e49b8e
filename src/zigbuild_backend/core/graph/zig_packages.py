"""Zig packages that a project names by address and hash: fetched before anything is compiled, into zig's own cache.

zig checks their hashes, and does not ask the network for what the cache has: a build in a sandbox finds them there.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

from ..base import store_folders
from ..base.errors import MismatchError, NotFoundError, Problem, ProblemList, ZigbuildError
from ..project.project import Checkout, Project
from ..settings import TABLE
from ..settings.recipe_model import PREFIX
from ..zig.toolchain import CompileError, Zig
from .build_zig_zon import render_zon

_ZON = "build.zig.zon"
_ERROR = re.compile(r"^\S*build\.zig\.zon:[0-9]+:[0-9]+: error: (?P<problem>.*)\n(?P<line>.*)", re.MULTILINE)
_HASHES = re.compile(r"hash mismatch: .* but the fetched package has '?(?P<found>[A-Za-z0-9_.-]+)'?")
_PROXIES = "through a proxy, name it in http_proxy, https_proxy or all_proxy"


def needs_network(checkout: Checkout) -> bool:
    """Return whether the settings or a build.zig.zon of a project name a Zig package by its address."""
    return any(dependency.url for dependency in checkout.project.settings.dependency) or any(
        b".url" in (checkout.root / path).read_bytes()
        for path in checkout.project.tree.by_path
        if path.split("/")[-1] == _ZON
    )


def fetch_packages(checkout: Checkout, zig: Zig) -> None:
    """Fetch into zig's cache all packages that the build.zig.zon of *checkout*, in a build root, leads to.

    :raises NotFoundError: if a package cannot be fetched.
    :raises MismatchError: if a package has another hash than the project names.
    """
    try:
        zig.fetch(checkout.root / PurePosixPath(checkout.project.settings.build_file).parent)
    except CompileError as error:
        raise _explain(error, checkout) from None


def fetch_packages_of(checkout: Checkout, zig: Zig) -> None:
    """Fetch the packages of a project in a copy of its folder, which stays as it is.

    :raises ZigbuildError: see :func:`fetch_packages`.
    """
    if not needs_network(checkout):
        return
    with zig.store.scratch(store_folders.WORK) as scratch:
        copy = Path(
            shutil.copytree(checkout.root, scratch / "root", ignore=shutil.ignore_patterns(".git", ".zig-cache"))
        )
        if not checkout.project.settings.build_file:
            (copy / "build.zig").write_text('pub fn build(_: *@import("std").Build) void {}\n')
            (copy / _ZON).write_text(render_zon(checkout.project), "utf-8")
        fetch_packages(Checkout(checkout.project, copy), zig)


def _explain(error: CompileError, checkout: Checkout) -> ZigbuildError:
    """Return the error of packages that zig reported, with the places in the settings and the mends."""
    output = error.output.replace(f"{checkout.root}/", "").replace("./", "")
    problems = [(_HASHES.search(said["problem"]), said["problem"], said["line"]) for said in _ERROR.finditer(output)]
    if not problems:
        return NotFoundError(f"its packages cannot be fetched: {output.strip()}", where=_ZON, hint=_PROXIES)
    if mismatches := [
        Problem(
            f"what is fetched has the hash {match['found']}",
            _find_place(checkout.project, line, "hash"),
            f'if that is what you want, write hash = "{match["found"]}"',
        )
        for match, _, line in problems
        if match
    ]:
        return MismatchError.of(mismatches)
    return NotFoundError.of(
        Problem(
            f"cannot be fetched: {problem}",
            _find_place(checkout.project, line, "url"),
            f"check the address; {_PROXIES}",
        )
        for _, problem, line in problems
    )


def _find_place(project: Project, line: str, key: str) -> str:
    """Return the place in the settings that a *line* of build.zig.zon is from, or the name of that file."""
    places = ProblemList(PREFIX if project.recipe_digest else TABLE)
    for place, dependency in places.each("dependency", project.settings.dependency):
        if getattr(dependency, key) and getattr(dependency, key) in line:
            return place.at(key).where
    return _ZON
