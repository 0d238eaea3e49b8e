"""The promise of a wheel's tag, and a slice of a binary that is held against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ..base.errors import ProblemList
from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..binaries.binary import Binary
from .platform_policy import Policy

Origin = Callable[[str], str | None]
"""Returns the name of the object or source file that refers to a symbol, None if it is not known."""

_SHOWN = 5
"""The number of symbols that a message lists; it counts the others."""


def no_origin(symbol: str) -> str | None:  # noqa: ARG001
    """Return None for every symbol."""
    return None


@dataclass(frozen=True)
class Promise:
    """The systems that a tag promises a wheel to run on.

    ``policy`` has the libraries of ``target``; ``python`` is that of modules, and ``stable_abi`` the names of the
    stable ABI up to its version, not judged if None. ``bundled`` are the base names of the libraries in the wheel
    itself.
    """

    target: Target
    policy: Policy
    python: Python | None = None
    stable_abi: frozenset[str] | None = None
    bundled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Slice:
    """A slice of a binary for ``target``, the only one unless the binary is fat, and the collector of its problems."""

    binary: Binary
    target: Target
    promise: Promise
    origin: Origin
    problems: ProblemList

    def name_origin(self, symbol: str) -> str:
        """Return ``", pulled in by src/spam.c"`` if the origin of *symbol* is known."""
        name = self.origin(symbol)
        return f", pulled in by {name}" if name else ""


def list_names(names: list[str]) -> str:
    """Return the first of *names*, and how many there are besides."""
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def is_python_symbol(name: str) -> bool:
    """Return whether the symbol *name* is named as one of CPython."""
    return re.match(r"_?Py[A-Z_]", name) is not None


def check_unresolved(part: Slice, names: Iterable[str]) -> None:
    """Check that the symbols *names*, which only the interpreter could define, are those of Python."""
    for name in names:
        if not is_python_symbol(name):
            part.problems.add(
                f"uses {name}, which neither Python nor any library that it is linked with defines"
                + part.name_origin(name),
                "add the source or the library that defines it; if only a newer system does, raise the target",
            )
