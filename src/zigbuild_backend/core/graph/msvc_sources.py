"""Finds what sources written for MSVC rely on: headers of Windows in any case, and libraries that pragmas name.

zig has the headers of mingw-w64, most of them in lower case, for file systems that tell the cases apart; and it links
no library that only a source asks for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from ..project.products import LANGUAGES, Module, Part, Product, Products
from ..settings.conditions import Condition, When
from ..settings.fields import Names
from ..settings.product_tables import Inputs
from ..zig.support_folders import PYCONFIG

_FOLDER = f"{PYCONFIG}/windows"
"""The folder of headers that is searched for Windows alone."""

U = TypeVar("U", bound=Product)

HEADER_SUFFIXES = (".h", ".hh", ".hpp", ".hxx", ".h++", ".inc", ".inl", ".ipp", ".tcc", ".tpp")
_SUFFIXES = (*HEADER_SUFFIXES, *(suffix for suffixes in LANGUAGES.values() for suffix in suffixes))
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([\w./+-]+)[>"]', re.MULTILINE)
_PRAGMA = re.compile(rb'^[ \t]*#[ \t]*pragma[ \t]+comment[ \t]*\([ \t]*lib[ \t]*,[ \t]*"([\w.+-]+)"', re.MULTILINE)


def help_windows(products: Products, files: Mapping[str, bytes], library: Path) -> tuple[Products, dict[str, bytes]]:
    """Return *products* as if the settings named, for Windows, the libraries that pragmas in *files* name.

    Also return headers (path beside build.zig → content) that include headers of Windows under names in another case;
    products that are compiled without CPython search their folder, too. *library* is zig's ``lib`` folder.
    """
    forwards = _find_forwards(files, library / "libc" / "include" / "any-windows-any")
    everywhere = _find_pragmas(content for path, content in files.items() if path.endswith(HEADER_SUFFIXES))

    def extend(product: U) -> U:
        own = _find_pragmas(files[path] for path in product.sources if path in files)
        said = {name for part in product.parts for name in part.table.libraries}
        libraries = tuple(name for name in sorted(everywhere | own) if name not in said and _is_there(name, library))
        folders = (_FOLDER,) if forwards and not isinstance(product, Module) else ()
        if not (libraries or folders):
            return product
        when = When((Condition(os=Names(("windows",))),))
        return replace(
            product, parts=(*product.parts, Part(Inputs(libraries=libraries, include_dirs=folders), when=when))
        )

    extended = Products(
        modules=tuple(map(extend, products.modules)),
        libraries=tuple(map(extend, products.libraries)),
        programs=tuple(map(extend, products.programs)),
    )
    return extended, {f"{_FOLDER}/{name}": content for name, content in forwards.items()}


def _find_forwards(files: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Return headers (name → content) for the headers in *folder* that *files* include in another case."""
    included = {
        name.decode()
        for path, content in files.items()
        if path.endswith(_SUFFIXES)
        for name in _INCLUDE.findall(content)
    }
    found = {name: _find_header(name, folder) for name in sorted(included) if name != name.lower()}
    # include_next, for file systems on which this header is found again under the other name
    return {name: f"#include_next <{real}>\n".encode() for name, real in found.items() if real not in ("", name)}


def _find_header(name: str, folder: Path) -> str:
    """Return the path below *folder* of the header *name*, in whichever case it is there; empty if it is not."""
    real: list[str] = []
    for part in name.lower().split("/"):
        there = _list_folder(folder.joinpath(*real))
        if part not in there:
            return ""
        real.append(there[part])
    return "/".join(real) if real[-1].endswith(".h") else ""


@cache
def _list_folder(folder: Path) -> Mapping[str, str]:
    """Return the names in *folder*, one of zig's, by their form in lower case; none if it is no folder."""
    # Not by a Path for each name: a build of one small module would notice.
    return {name.lower(): name for name in sorted(os.listdir(folder))} if folder.is_dir() else {}  # noqa: PTH208


def _find_pragmas(contents: Iterable[bytes]) -> set[str]:
    """Return the libraries that ``#pragma comment(lib, …)`` names, in lower case and without ``.lib``."""
    return {name.decode().lower().removesuffix(".lib") for text in contents for name in _PRAGMA.findall(text)}


def _is_there(name: str, library: Path) -> bool:
    """Return whether zig can make the import library *name* for Windows."""
    folders = [library / "libc" / "mingw" / folder for folder in ("lib-common", "lib64", "lib32")]
    return any((folder / f"{name}{suffix}").is_file() for folder in folders for suffix in (".def", ".def.in"))
