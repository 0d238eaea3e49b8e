"""The ``pyconfig.h`` that CPython's headers include: one for every POSIX target and one for Windows.

CPython writes this file while it is built, for the machine that it is built for. Ours leave to the compiler's
predefined macros all that differs between targets, so that nothing need be known of a machine but its operating system.
Free threading is not in them: whoever compiles for it defines ``Py_GIL_DISABLED=1``.
"""

from __future__ import annotations

from pathlib import Path

SYSTEMS = ("posix", "windows")
"""The operating systems between which ``pyconfig.h`` differs."""


def pyconfig_header(system: str) -> bytes:
    """The content of ``pyconfig.h`` for *system*, one of :data:`SYSTEMS`."""
    return Path(__file__).with_name(f"pyconfig_{system}.h").read_bytes()
