"""The machine that builds run on: store, environment and progress, on which the bytes of wheels do not depend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from .frozen import dataclass
from .store import Store, default_store

Say = Callable[[str], None]
"""A function that shows a line of text about the progress."""


def say_nothing(text: str) -> None:
    """Ignore *text*: the default of ``say``."""


@dataclass(frozen=True)
class Machine:
    """The store with its caches, the environment variables, and ``say``, which shows progress."""

    store: Store
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    say: Say = field(default=say_nothing, repr=False, compare=False)


def this_machine(environ: Mapping[str, str], say: Say = say_nothing) -> Machine:
    """Return the machine with the store that *environ* names, by default the user's one."""
    return Machine(default_store(environ), environ, say)
