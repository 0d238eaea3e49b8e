"""What sources written for MSVC count on: headers of Windows in whichever case, and libraries that pragmas name.

zig has the headers of mingw-w64, most of them in lower case, for file systems that tell the cases apart; and it links
no library that only a source asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
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

    Also return headers (path beside build.zig → content) that lead to headers of Windows under names in another case;
    what is compiled without CPython looks for headers in their folder, too. *library* is zig's ``lib`` folder.
    """
    forwards = _find_forwards(files, library)
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


def _find_forwards(files: Mapping[str, bytes], library: Path) -> dict[str, bytes]:
    """Name → content of headers that lead to those of Windows which *files* include in another case."""
    wanted = {
        name.decode()
        for path, content in files.items()
        if path.endswith(_SUFFIXES)
        for name in _INCLUDE.findall(content)
    }
    written = {name for name in wanted if name != name.lower()}
    if not written:
        return {}
    folder = library / "libc" / "include" / "any-windows-any"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.h")}
    real = {name.lower(): name for name in there}
    return {
        # include_next, for where the file system does not tell this header from the other
        name: f"#include_next <{real[name.lower()]}>\n".encode()
        for name in sorted(written - there)
        if name.lower() in real
    }


def _find_pragmas(contents: Iterable[bytes]) -> set[str]:
    """The libraries that ``#pragma comment(lib, …)`` names, in lower case and without ``.lib``."""
    return {name.decode().lower().removesuffix(".lib") for text in contents for name in _PRAGMA.findall(text)}


def _is_there(name: str, library: Path) -> bool:
    """Whether zig can make the import library *name* for Windows."""
    folders = [library / "libc" / "mingw" / folder for folder in ("lib-common", "lib64", "lib32")]
    return any((folder / f"{name}{suffix}").is_file() for folder in folders for suffix in (".def", ".def.in"))
