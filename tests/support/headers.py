"""Header trees of a CPython that is not there, for tests that look for headers, add or choose them."""

from __future__ import annotations

from pathlib import Path


def fake_headers(version: str = "3.13.0", note: str = "") -> dict[str, bytes]:
    """Return a small include tree of that version; another *note* makes it another tree."""
    return {
        "Python.h": b'#include "patchlevel.h"\n',
        "patchlevel.h": f'#define PY_VERSION "{version}"\n'.encode(),
        "object.h": f"/* {note} */\n".encode(),
        "cpython/object.h": b"",
        "internal/pycore_gc.h": b"\n",
        "internal/mimalloc/mimalloc/types.h": b"",
    }


FOREIGN = {
    "pyconfig.h": b"#define SIZEOF_LONG 8\n",
    "greenlet/greenlet.h": b"",
    "internal/notes.txt": b"",
}
"""Files that may lie beside CPython's headers and do not belong to the set."""


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Write *files* (relative path to content) below *folder*."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
