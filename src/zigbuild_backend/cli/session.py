"""A session of the command line: environment, folder and verbosity; results go to stdout, all else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ToolchainError, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.store import Store, default_store


@dataclass(frozen=True)
class Session:
    """One run of the program. ``verbosity`` is -1 for ``-q``, 1 for ``-v``, else 0."""

    environ: Mapping[str, str]
    cwd: Path
    verbosity: int = 0

    @cached_property
    def store(self) -> Store:
        return default_store(self.environ)

    @cached_property
    def machine(self) -> Machine:
        return Machine(self.store, self.environ, self.say)

    @property
    def is_quiet(self) -> bool:
        return self.verbosity < 0

    @property
    def is_verbose(self) -> bool:
        return self.verbosity > 0

    def is_terminal(self, stream: TextIO) -> bool:
        """Return whether tables and colours can be shown on *stream*."""
        return stream.isatty() and self.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """Print a result."""
        print(f"{text}\n", end="")  # in one write: threads print too

    def result_json(self, document: Mapping[str, Any]) -> None:
        """Print a result as one JSON document."""
        print(json.dumps(document, indent=2, ensure_ascii=False))

    def say(self, text: str) -> None:
        """Print a message, unless the user asked for quiet."""
        if not self.is_quiet:
            self.announce(text)

    def notice(self, problem: Problem) -> None:
        """Print a problem that does not stop the command, unless the user asked for quiet."""
        self.say(f"zigbuild: notice: {problem}")

    def fail(self, problem: Problem) -> None:
        """Print an error."""
        self.announce(f"zigbuild: error: {problem}")

    def announce(self, text: str) -> None:
        """Print a message even if the user asked for quiet."""
        sys.stdout.flush()  # both streams stay in order if they go to one file
        # sys.stderr is looked up at each call: a live table replaces it.
        print(f"{text}\n", end="", file=sys.stderr, flush=True)  # in one write: threads print too


_WORST_FIRST = (ZigbuildError, MismatchError, ToolchainError, ConfigurationError, NotFoundError)


def choose_exit_code(errors: Iterable[ZigbuildError]) -> int:
    """Return the exit code of the worst of *errors*, 0 if there is none."""
    codes = {error.exit_code for error in errors}
    return next((error.exit_code for error in _WORST_FIRST if error.exit_code in codes), 0)


def to_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Return *problems* as they stand in JSON documents."""
    return [asdict(problem) for problem in problems]


def group_places(problems: Iterable[Problem]) -> dict[tuple[str, str], list[str]]:
    """Return the places of *problems* by their message and hint."""
    groups: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        groups.setdefault((problem.message, problem.hint), []).append(problem.where)
    return groups


def format_size(size: int) -> str:
    """Return a number of bytes in decimal units: ``23.1 kB``."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f} {unit}"
    return f"{size} B"


def format_seconds(seconds: float) -> str:
    """Return a duration as text: ``0.8 s``, ``34 s`` or ``2 min 5 s``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def format_count(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 wheel``, ``2 wheels``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def join_shortened(names: Iterable[str], limit: int = 6) -> str:
    """Return the first *limit* names, and the number of the others."""
    listed = list(names)
    if len(listed) <= limit + 1:
        return ", ".join(listed)
    return f"{', '.join(listed[:limit])} and {len(listed) - limit} more"
