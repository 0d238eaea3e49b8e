"""The ``pyconfig.h`` that CPython's headers include: one for every POSIX target and one for Windows.

CPython's build writes this file for one machine. The two here take all that differs between targets from the macros
that the compiler predefines, so that only the operating system must be known. They do not define ``Py_GIL_DISABLED``: a
compile for a free-threaded CPython does.
"""

from __future__ import annotations

from pathlib import Path

SYSTEMS = ("posix", "windows")
"""The operating systems between which ``pyconfig.h`` differs."""


def read_pyconfig(system: str) -> bytes:
    """Return the content of ``pyconfig.h`` for *system*, one of :data:`SYSTEMS`."""
    return Path(__file__).with_name(f"pyconfig_{system}.h").read_bytes()
