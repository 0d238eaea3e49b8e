"""Problems and errors as values: a problem names its place and its mend, an error its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, TypeVar

from .frozen import dataclass

E = TypeVar("E", bound="ZigbuildError")
T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A single problem.

    ``where`` is a full key path (``tool.zigbuild.extension[0].sources``), a file or a wheel identifier; ``hint`` says
    how to mend it. Either is empty where there is none.
    """

    message: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return text + "".join(f"\n  hint: {line}" for line in self.hint.splitlines())


class ZigbuildError(Exception):
    """An error that a user can act on. Raised anywhere, caught only by the doors (hooks, command line, server)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = (Problem(problem, where, hint),)
        super().__init__(problem)

    @classmethod
    def of(cls: type[E], problems: Iterable[Problem]) -> E:
        """Return the error that reports all of *problems* at once (at least one)."""
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
    """Bytes, tags or claims differ from those that are required."""

    exit_code = 4


class NotFoundError(ZigbuildError):
    """A file, the headers of a CPython, a release or a tool is missing."""

    exit_code = 5


class ProblemList:
    """A collector of problems, together with the place that the next ones belong to.

    :meth:`at`, :meth:`item` and :meth:`each` return collectors of places inside of this one, which add to the same
    list. A *place* is a key path, or a file name that ends with ``": "`` or a folder that ends with ``"/"``.
    """

    def __init__(self, place: str = "", found: list[Problem] | None = None) -> None:
        self.place = place
        self.found: list[Problem] = [] if found is None else found

    def __len__(self) -> int:
        return len(self.found)

    @property
    def where(self) -> str:
        """The place as a problem names it: without a separator at its end."""
        return self.place.removesuffix(": ").removesuffix("/")

    def at(self, key: str) -> ProblemList:
        """Return the collector of the place *key* inside of this one."""
        separator = "" if not self.place or self.place.endswith((" ", "/")) else "."
        return ProblemList(f"{self.place}{separator}{key}", self.found)

    def item(self, index: int) -> ProblemList:
        """Return the collector of an item of the array that this place is."""
        return ProblemList(f"{self.place}[{index}]", self.found)

    def each(self, key: str, items: Iterable[T]) -> Iterator[tuple[ProblemList, T]]:
        """Yield each of the *items* of the array *key*, after the collector of its place."""
        array = self.at(key)
        return ((array.item(index), item) for index, item in enumerate(items))

    def add(self, message: str, hint: str = "") -> None:
        """Add a problem of this place."""
        self.found.append(Problem(message, self.where, hint))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add *problems*, whose own places are relative to this one."""
        for problem in problems:
            (self.at(problem.where) if problem.where else self).add(problem.message, problem.hint)

    def raise_any(self) -> None:
        """Raise all problems at once, if there are any.

        :raises ConfigurationError: naming each of them.
        """
        if self.found:
            raise ConfigurationError.of(self.found)
