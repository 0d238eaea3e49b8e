"""What a user sees while wheels are made: a live table on a terminal, else a line a wheel."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..core.project.planned_wheels import PlannedWheel
from ..core.wheel.wheel_maker import Outcome
from .session import Session, format_count, format_seconds, format_size

if TYPE_CHECKING:
    from rich.console import RenderableType

_SILENCE = 20.0
"""Seconds after which a log without a new line looks as if the build hung."""


class Progress:
    """The state of each wheel of a run, by identifier. This one shows nothing; others show it as it changes."""

    def __init__(self, wheels: Sequence[PlannedWheel]) -> None:
        self.wheels = wheels
        self.states = {wheel.identifier: "waiting" for wheel in wheels}
        self.compiled: set[str] = set()
        self._start = time.monotonic()

    @property
    def elapsed(self) -> str:
        return format_seconds(time.monotonic() - self._start)

    @property
    def done(self) -> int:
        """How many wheels nothing more will happen to."""
        return sum(state in ("packed", "failed") for state in self.states.values())

    def report(self, identifier: str, state: str) -> None:
        """Told what has become of a wheel: a :data:`~zigbuild_backend.core.wheel.wheel_maker.Reporter`."""
        self.states[identifier] = state
        if state == "compiled":
            self.compiled.add(identifier)

    def finish(self, outcome: Outcome) -> None:
        """Told what has come of a wheel in the end."""
        self.states[outcome.wheel.identifier] = "packed" if outcome.path else "failed"

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Shows progress while the context lasts."""
        yield


class LineProgress(Progress):
    """A line for each wheel that is done, and one when nothing else was said for a while."""

    def __init__(self, wheels: Sequence[PlannedWheel], session: Session) -> None:
        super().__init__(wheels)
        self._session = session
        self._is_over = threading.Event()
        self._last = time.monotonic()

    def finish(self, outcome: Outcome) -> None:
        super().finish(outcome)
        identifier, total = outcome.wheel.identifier, len(self.wheels)
        size = f" {format_size(outcome.size)}" if outcome.path else ""
        self._say(f"[{self.done:{len(str(total))}}/{total}] {identifier} {self.states[identifier]}{size}")

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        self._say(f"compiling for {format_count(len(self.wheels), 'wheel')}")
        thread = threading.Thread(target=self._break_silence, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _say(self, text: str) -> None:
        self._last = time.monotonic()
        self._session.say(text)

    def _break_silence(self) -> None:
        while not self._is_over.wait(1.0):
            if time.monotonic() - self._last >= _SILENCE:
                self._say(f"compiled {len(self.compiled)} of {len(self.wheels)} after {self.elapsed}, still at it")


class GridProgress(Progress):
    """A live table, platforms by Pythons, that stays on the terminal when all is done."""

    def __init__(self, wheels: Sequence[PlannedWheel]) -> None:
        from .wheel_grid import Mark, open_console

        super().__init__(wheels)
        self._console = open_console(sys.stderr)
        self._marks = {
            "waiting": Mark("·", ".", "dim", "waiting"),
            "compiled": Mark("○", "o", "cyan", "compiled"),
            "packed": Mark("✓", "+", "green", "packed"),
            "failed": Mark("✗", "x", "bold red", "failed"),
        }

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        from rich.live import Live

        with Live(get_renderable=self._render, console=self._console, refresh_per_second=5):
            yield

    def _render(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        from .wheel_grid import render_grid, render_legend

        count = Text(f"{self.done} of {format_count(len(self.wheels), 'wheel')} done, {self.elapsed}   ")
        line = count + render_legend(self._console, (self._marks[state] for state in sorted(set(self.states.values()))))
        if not self.wheels[0].target:
            return line
        return Group(render_grid(self._console, self.wheels, lambda w: self._marks[self.states[w.identifier]]), line)


def make_progress(wheels: Sequence[PlannedWheel], session: Session) -> Progress:
    """The progress that suits the user's wish and terminal."""
    if session.is_quiet:
        return Progress(wheels)
    if session.is_terminal(sys.stderr) and not session.is_verbose:
        return GridProgress(wheels)
    return LineProgress(wheels, session)
