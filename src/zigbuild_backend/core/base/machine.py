"""The machine that builds run on, as far as they use it: none of it reaches the bytes of a wheel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from .frozen import dataclass
from .store import Store, default_store

Say = Callable[[str], None]
"""Shows a line of text about the progress."""


def say_nothing(text: str) -> None:
    """Drop *text*."""


@dataclass(frozen=True)
class Machine:
    """The store that caches are in, the environment variables, and ``say``, which shows progress."""

    store: Store
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    say: Say = field(default=say_nothing, repr=False, compare=False)


def this_machine(environ: Mapping[str, str], say: Say = say_nothing) -> Machine:
    """Return the machine with the store that *environ* names, or the user's default one."""
    return Machine(default_store(environ), environ, say)
