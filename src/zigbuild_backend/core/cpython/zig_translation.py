"""CPython's headers in a form that zig translates correctly, for ``@import("python")`` in Zig sources.

zig translates some inline functions wrongly and others not at all. So the translated headers only declare them, and
their definitions are compiled as C.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..base import store_folders
from ..base.store import Store
from .header_sets import HeaderSet
from .include_tree import read_include_folder

_INLINE = re.compile(
    rb"^[ \t]*(?:_?Py_DEPRECATED\w*\([\d.]+\)\s+)?(?:static|extern)\s+inline\b"
    rb"(?P<declared>(?:[^;{}#]|^#[^\n]*)*?)(?:;|\{(?:[^{}]*\}|.*?^\}))",
    re.MULTILINE | re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"\bPy_(?:ALWAYS|NO)_INLINE\b")


def read_translation_files() -> dict[str, bytes]:
    """Return the files that serve every CPython, path → content: two headers to translate, and a C source."""
    header, source = (Path(__file__).with_name(f"zig_python.{suffix}").read_bytes() for suffix in "hc")
    return {"python.h": declare_inline(header), "zig_python.h": header, "zig_python.c": source}


def obtain_translated_headers(headers: HeaderSet) -> Path:
    """Return the folder, in the store that holds *headers*, of their form that zig translates; it is made once."""
    store = Store(headers.folder.parents[1])

    def make(folder: Path) -> None:
        for path, content in read_include_folder(headers.folder).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(declare_inline(content))

    rules = hashlib.sha256(_INLINE.pattern + _ATTRIBUTE.pattern).hexdigest()[:16]
    return store.keep((store_folders.TRANSLATED_HEADERS, f"{headers.digest}-{rules}"), make)


def declare_inline(header: bytes) -> bytes:
    """Return the text of a header of CPython, with inline functions declared instead of defined."""
    return _INLINE.sub(lambda match: b"extern" + _ATTRIBUTE.sub(b"", match["declared"]).rstrip() + b";", header)
