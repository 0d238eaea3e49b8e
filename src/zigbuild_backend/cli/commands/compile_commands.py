"""``zigbuild compile-commands``: writes ``compile_commands.json``, by which clangd and others compile each source."""

from __future__ import annotations

import json
import os
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ...core.base import store_folders
from ...core.base.errors import ConfigurationError, Problem
from ...core.base.host import find_host_python, find_host_target
from ...core.base.machine import Machine
from ...core.base.pythons import ANY_PYTHON, Python
from ...core.base.store import write_atomically
from ...core.base.targets import Target
from ...core.cpython.header_sets import obtain_header_set
from ...core.cpython.pyconfig import read_pyconfig
from ...core.generate.installed_tools import find_tools, select_requirements
from ...core.generate.package_headers import read_headers
from ...core.graph.compiler_arguments import PYTHON_FOLDERS, resolve_arguments
from ...core.graph.graph import Graph
from ...core.project.planned_wheels import choose_pythons
from ...core.project.products import LANGUAGES, Product
from ...core.project.project import Project
from ...core.project.project_folder import read_project
from ...core.zig.support_folders import GENERATED, HEADERS
from ...core.zig.toolchain import Zig
from ...core.zig.ziglang import obtain_zig
from ...rebuild.environments.project_tools import obtain_tools
from ..session import Session, format_count
from ..wheel_selection import read_overrides

FILE_NAME = "compile_commands.json"

_COMPILED = {language: suffixes for language, suffixes in LANGUAGES.items() if "assembly" not in language}


@dataclass(frozen=True)
class _LocalBuild:
    """A compilation for this machine, in the project's folder ``root``.

    ``folders`` are the folders of headers on this machine, by their paths beside build.zig; ``system_arguments`` name
    the headers of the system for ``cc`` and ``c++``.
    """

    root: Path
    target: Target
    python: Python
    folders: Mapping[str, Path]
    system_arguments: Mapping[str, tuple[str, ...]]


def run(arguments: Namespace, session: Session) -> int:
    root = (session.cwd / arguments.project).resolve()
    project = read_project(root, read_overrides(arguments, session))
    if not project.is_compiled:
        raise ConfigurationError(
            "the project compiles nothing",
            where="tool.zigbuild.extension",
            hint="there is nothing that clangd could ask",
        )
    zig = obtain_zig(project.settings.zig, session.machine)
    target = find_host_target()
    (python,) = choose_pythons(project, target, [find_host_python().name])
    build = _LocalBuild(
        root,
        target,
        python,
        {
            **_find_python_folders(python, target, arguments.headers, session),
            **_find_package_folders(project, session.machine),
        },
        {driver: _ask_system_arguments(zig, driver, target, root) for driver in ("cc", "c++")},
    )
    graph = Graph(project, project.products)
    products = [product for product in project.products.all if product.is_for(target, python)]
    entries = [entry for product in products for entry in _list_entries(graph, product, build)]
    path = root / FILE_NAME
    write_atomically(path, (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode())
    if made := [header.path for product in products for header in product.settings.config_header]:
        session.notice(
            Problem("is made by the build alone, and clangd will not find it", ", ".join(dict.fromkeys(made)))
        )
    session.result(f"{path}: {format_count(len(entries), 'source')}")
    session.say(f"for {python}-{target}. Keep the file out of version control: it has paths of this machine.")
    return 0


def _find_python_folders(python: Python, target: Target, headers: Sequence[Path], session: Session) -> dict[str, Path]:
    """Return the folders of CPython's headers, by their paths beside build.zig."""
    if python == ANY_PYTHON:
        return {}
    configuration = {"pyconfig.h": read_pyconfig(target.system)}
    found = (
        session.store.keep_tree(store_folders.COMPILE_COMMANDS, configuration),
        obtain_header_set(python.minor, session.machine, headers).folder,
    )
    return dict(zip((folder.resolve(python, target) for folder in PYTHON_FOLDERS), found, strict=True))


def _find_package_folders(project: Project, machine: Machine) -> dict[str, Path]:
    """Return the folders of the headers of other packages, by their paths beside build.zig."""
    names = project.products.headers_from
    if not names:
        return {}
    requirements = select_requirements(names, project.build_requires)
    tools = find_tools((), obtain_tools((), machine, headers=requirements), headers=requirements)
    headers = {name: read_headers(name, tools.find(name)) for name in names}
    return {
        f"{HEADERS}/{name}": machine.store.keep_tree(store_folders.HEADERS, found) for name, found in headers.items()
    }


def _ask_system_arguments(zig: Zig, driver: str, target: Target, cwd: Path) -> tuple[str, ...]:
    """Return the arguments by which zig names the headers of libc and libc++, which another clang does not know."""
    said: list[str] = []
    language = "c++" if driver == "c++" else "c"
    command = [driver, "-target", target.triple, "-E", "-v", "-x", language, os.devnull]
    replace(zig, talk=said.append).run(command, cwd=cwd)
    line = next(line for text in said for line in text.splitlines() if " -cc1 " in line)
    words = shlex.split(line)
    found: list[str] = []
    for option, value in pairwise(words):
        if option == "-isystem":
            found += [option, str((cwd / value).resolve())]
        elif option == "-D":
            found.append(f"-D{value}")
    return tuple(found)


def _list_entries(graph: Graph, product: Product, build: _LocalBuild) -> Iterator[dict[str, object]]:
    """Yield an entry for each source of *product* in the project's folder: generated sources are edited by nobody."""
    parts = product.parts_for(build.target, build.python)
    for language, suffixes in _COMPILED.items():
        driver = "c++" if language.endswith("cpp") else "cc"
        found = resolve_arguments(graph, product, language, build.python, build.target)
        there = (folder for folder in found.folders if not folder.startswith(f"{GENERATED}/"))
        local = replace(found, folders=tuple(str(build.folders.get(folder, folder)) for folder in there))
        command = [
            "clang++" if driver == "c++" else "clang",
            f"--target={_render_triple(build.target)}",
            *local.render(),
            *build.system_arguments[driver],
        ]
        for source in dict.fromkeys(source for part in parts for source in part.sources_in(suffixes)):
            if (build.root / source).is_file():
                yield {"directory": str(build.root), "file": source, "arguments": [*command, "-c", source]}


def _render_triple(target: Target) -> str:
    """Return the target triple in clang's spelling, which has no version of glibc."""
    arch, system, abi = (*target.triple.split("-"), "")[:3]
    arch = {"x86": "i686"}.get(arch, arch)
    if target.os == "macos":
        return f"{arch}-apple-{system.replace('macos.', 'macosx')}"
    return f"{arch}-{system}-{abi.partition('.')[0]}"
