"""``when``: conditions on the target and the Python of a wheel, never on the host."""

from __future__ import annotations

from dataclasses import fields

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from . import rules
from .fields import Names, setting


class When(tuple["Condition", ...]):
    """Conditions of which one must hold; in TOML a table, or an array of tables. Without any it always holds."""

    def holds(self, target: Target, python: Python | None = None) -> bool:
        """Return whether it holds for *target*, a single slice, and *python*; without one, for that of any Python."""
        return not self or any(condition.holds(target, python) for condition in self)

    @property
    def asks_python(self) -> bool:
        """Return whether it depends on the Python, too, and not on the target alone."""
        return any(condition.asks_python for condition in self)

    def may_hold(self, target: Target) -> bool:
        """Return whether it holds for all slices of *target* with some Python."""
        return all(self.holds(part) for part in target.slices or (target,))


@dataclass(frozen=True)
class Condition:
    """``when``: the properties that a target and a Python must have, all of those that are given."""

    os: Names = setting("``linux``, ``macos`` or ``windows``", rule=rules.system, default=Names())
    arch: Names = setting(
        "the machine, spelt as in the tags of Linux, such as ``x86_64``, and ``aarch64`` on every system",
        rule=rules.machine,
        default=Names(),
    )
    libc: Names = setting("``glibc`` or ``musl``, on Linux", rule=rules.libc, default=Names())
    python: str = setting(
        "versions of CPython, such as ``>=3.12``; a wheel of the stable ABI has the version that it begins with",
        rule=rules.python_versions,
        default="",
    )
    abi: Names = setting("the ABI: ``abi3``, ``abi3t``, ``cp313`` or ``cp313t``", rule=rules.abi, default=Names())
    free_threaded: bool | None = setting("``true`` for CPython without the GIL, and for ``abi3t``", default=None)
    not_: When = setting(
        "a table like this one that must not hold, or an array of them", default=When(), is_single=True
    )

    @property
    def asks_python(self) -> bool:
        """Return whether it depends on the Python, too, and not on the target alone."""
        return self.asks_own_python or self.not_.asks_python

    @property
    def asks_own_python(self) -> bool:
        """Return whether it depends on the Python by keys other than ``not``."""
        return bool(self.python or self.abi or self.free_threaded is not None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the fields that are given."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) not in ((), "", None))

    def holds(self, target: Target, python: Python | None = None) -> bool:
        """Return whether it holds for *target*, a single slice, and *python*; without one, for that of any Python."""
        facts = ((self.os, target.os), (self.arch, target.machine), (self.libc, target.libc))
        if not all(fact in names for names, fact in facts if names):
            return False
        if python is not None and not self.admits(python):
            return False
        return not (self.not_ and (python or not self.not_.asks_python) and self.not_.holds(target, python))

    def admits(self, python: Python) -> bool:
        """Return whether the keys about Pythons, other than ``not``, hold for *python*."""
        if self.abi and python.abi not in self.abi:
            return False
        if self.free_threaded not in (None, python.free_threaded):
            return False
        if not self.python:
            return True
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(self.python).contains(python.version)
