"""What can go wrong, as values: each problem names its place and its mend, each error its exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

E = TypeVar("E", bound="ZigbuildError")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``where`` is a full key path (``tool.zigbuild.extension[0].sources``), a file or a wheel identifier; ``hint`` says
    how to mend it. Either may be empty.
    """

    message: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.hint:
            text += "".join(f"\n  hint: {line}" for line in self.hint.splitlines())
        return text


class ZigbuildError(Exception):
    """An error that a user can act on. Raised anywhere, caught only by the doors (hooks, command line, server)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = (Problem(problem, where, hint),)
        super().__init__(problem)

    @classmethod
    def of(cls: type[E], problems: Iterable[Problem]) -> E:
        """The error that reports all of *problems* at once (at least one)."""
        first, *rest = problems
        error = cls(first.message, where=first.where, hint=first.hint)
        error.problems = (first, *rest)
        return error

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ConfigurationError(ZigbuildError):
    """The author's pyproject.toml, recipe or options cannot be followed."""

    exit_code = 2


class ToolchainError(ZigbuildError):
    """The compiler refused, or zig itself could not run."""

    exit_code = 3


class MismatchError(ZigbuildError):
    """Bytes, tags or claims are not what they should be."""

    exit_code = 4


class NotFoundError(ZigbuildError):
    """A file, an interpreter's headers, a release or a tool is not there."""

    exit_code = 5
