"""``zigbuild compile-commands``: tells clangd, and whatever reads the like, how each source is compiled here."""

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
from ...core.base.store import Store, write_atomically
from ...core.base.targets import Target
from ...core.cpython.header_sets import obtain_header_set
from ...core.cpython.pyconfig import read_pyconfig
from ...core.generate.installed_tools import find_tools, select_requirements
from ...core.generate.package_headers import read_headers
from ...core.graph.build_zig_products import compiler_flags
from ...core.project.planned_wheels import choose_pythons
from ...core.project.products import LANGUAGES, Module, Product
from ...core.project.project import Checkout, Project
from ...core.project.project_folder import read_project
from ...core.zig.toolchain import Zig
from ...core.zig.ziglang import obtain_zig
from ...rebuild.environments.project_tools import obtain_tools
from ..session import Session, format_count
from ..wheel_selection import read_overrides

FILE_NAME = "compile_commands.json"

_COMPILED = {language: suffixes for language, suffixes in LANGUAGES.items() if "assembly" not in language}


@dataclass(frozen=True)
class _Machine:
    """What sources are compiled for and with: headers of CPython, of other packages, and of the system."""

    target: Target
    python: Python
    python_folders: tuple[Path, ...]
    package_folders: Mapping[str, Path]
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
    machine = _Machine(
        target,
        python,
        _find_python_folders(python, arguments.headers, session),
        _find_package_folders(project, session),
        {driver: _ask_system_arguments(zig, driver, target, root) for driver in ("cc", "c++")},
    )
    products = [product for product in project.products.all if product.is_for(target, python)]
    entries = [entry for product in products for entry in _list_entries(Checkout(project, root), product, machine)]
    path = root / FILE_NAME
    write_atomically(path, (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode())
    if made := [header.path for product in products for header in product.settings.config_header]:
        session.notice(
            Problem("is made by the build alone, and clangd will not find it", ", ".join(dict.fromkeys(made)))
        )
    session.result(f"{path}: {format_count(len(entries), 'source')}")
    session.say(f"for {python}-{target}. Keep the file out of version control: it has paths of this machine.")
    return 0


def _find_python_folders(python: Python, headers: Sequence[Path], session: Session) -> tuple[Path, ...]:
    if python == ANY_PYTHON:
        return ()
    system = "windows" if os.name == "nt" else "posix"
    configuration = session.store.keep_tree(store_folders.COMPILE_COMMANDS, {"pyconfig.h": read_pyconfig(system)})
    return (configuration, obtain_header_set(python.minor, session.machine, headers).folder)


def _find_package_folders(project: Project, session: Session) -> dict[str, Path]:
    if not project.products.headers_from:
        return {}
    store: Store = session.store
    requirements = select_requirements(project.products.headers_from, project.build_requires)
    folders = obtain_tools((), Machine(store, session.environ, session.say), headers=requirements)
    tools = find_tools((), folders, headers=requirements)
    return {
        name: store.keep_tree(store_folders.HEADERS, read_headers(name, tools.find(name)))
        for name in project.products.headers_from
    }


def _ask_system_arguments(zig: Zig, driver: str, target: Target, cwd: Path) -> tuple[str, ...]:
    """How zig brings in the headers of libc and libc++: folders and macros, which another clang does not know."""
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


def _list_entries(checkout: Checkout, product: Product, machine: _Machine) -> Iterator[dict[str, object]]:
    """An entry for each source of *product* that is there: what is generated is compiled, and nobody edits it."""
    parts = product.parts_for(machine.target, machine.python)
    for language, suffixes in _COMPILED.items():
        flags = [
            flag
            for flags in compiler_flags(checkout.project.metadata, [part.table for part in parts], language)
            for flag in flags
        ]
        driver = "c++" if language.endswith("cpp") else "cc"
        command = [
            "clang++" if driver == "c++" else "clang",
            *_list_common(checkout.project, product, driver, machine),
            *flags,
        ]
        for source in dict.fromkeys(source for part in parts for source in part.sources_in(suffixes)):
            if (checkout.root / source).is_file():
                yield {"directory": str(checkout.root), "file": source, "arguments": [*command, "-c", source]}


def _list_common(project: Project, product: Product, driver: str, machine: _Machine) -> list[str]:
    """What is said of every source of *product*, in whichever language."""
    target, python = machine.target, machine.python
    arguments = [f"--target={_render_triple(target)}", "-fvisibility=hidden"]
    if isinstance(product, Module):
        arguments += [f"-I{folder}" for folder in machine.python_folders]
        arguments += [f"-D{name}={value}" for name, value in python.macros.items()]
    for linked in _list_linked(project, product, machine):
        for part in linked.parts_for(target, python):
            arguments += [f"-I{folder}" for folder in part.table.include_dirs]
            arguments += [f"-I{machine.package_folders[name]}" for name in part.table.headers_from]
    return [*arguments, *machine.system_arguments[driver]]


def _render_triple(target: Target) -> str:
    """The target triple as clang spells it, to whom versions of glibc are none of its business."""
    arch, system, abi = (*target.triple.split("-"), "")[:3]
    arch = {"x86": "i686"}.get(arch, arch)
    if target.os == "macos":
        return f"{arch}-apple-{system.replace('macos.', 'macosx')}"
    return f"{arch}-{system}-{abi.partition('.')[0]}"


def _list_linked(project: Project, product: Product, machine: _Machine) -> list[Product]:
    """*product* and the libraries that it links, and what those link, whose headers it sees."""
    libraries = {library.name: library for library in project.products.libraries}
    listed = [product]
    for member in listed:
        for part in member.parts_for(machine.target, machine.python):
            found = [libraries[name] for name in part.table.link if name in libraries]
            listed += [library for library in found if library not in listed]
    return listed
