"""Shows the progress of a build: a live table on a terminal, else lines."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..core.base.targets import Target
from ..core.project.planned_wheels import PlannedWheel
from ..core.wheel.wheel_maker import Outcome
from .compiler_processes import list_compiled_triples
from .heartbeat import Heartbeat
from .session import Session, format_count, format_seconds, format_size, join_shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

Look = Callable[[], Collection[str]]
"""Returns the target triples that zig compiles for right now."""

_LOOK_SECONDS = 1.0
"""Time between two looks at the compilers' processes."""


class Progress:
    """The state of each wheel, by identifier, and the targets whose runtimes are *cold*: zig must build them first.

    This class shows nothing; its subclasses show each change.
    """

    def __init__(self, wheels: Sequence[PlannedWheel], cold: Iterable[Target] = ()) -> None:
        self.wheels = wheels
        self.states = {wheel.identifier: "waiting" for wheel in wheels}
        self.compiled: set[str] = set()
        self.cold = dict.fromkeys(cold)
        self.cold_count = len(self.cold)
        self._targets = {wheel.identifier: wheel.target for wheel in wheels}
        self._start = time.monotonic()

    @property
    def elapsed(self) -> str:
        return format_seconds(time.monotonic() - self._start)

    @property
    def done(self) -> int:
        """The number of wheels that were made or have failed."""
        return sum(state in ("packed", "failed") for state in self.states.values())

    def report(self, identifier: str, state: str) -> None:
        """Record the new state of a wheel: a :data:`~zigbuild_backend.core.wheel.workshop.Reporter`."""
        self.states[identifier] = state
        if state == "compiled":
            self.compiled.add(identifier)
            target = self._targets[identifier]
            if target and target in self.cold:
                del self.cold[target]  # its first wheel was linked, with the runtime
                self.report_runtime(target)

    def report_runtime(self, target: Target) -> None:
        """Show that the runtime for *target* was built."""

    def finish(self, outcome: Outcome) -> None:
        """Record the outcome of a wheel."""
        self.states[outcome.wheel.identifier] = "packed" if outcome.path else "failed"

    def describe_runtimes(self, triples: Collection[str]) -> str:
        """Return which runtimes are built now, and how many are left; *triples* are those that zig compiles for.

        Empty if all are built.
        """
        if not self.cold:
            return ""
        slices = {str(target): target.slices or (target,) for target in list(self.cold)}
        now = [name for name, parts in slices.items() if any(part.triple in triples for part in parts)]
        left = f"{len(self.cold)} of {format_count(self.cold_count, 'runtime')} left"
        if now:
            return f"building the runtime{'s' if len(now) > 1 else ''} for {join_shortened(now)}; {left}"
        return left if self.compiled else f"preparing the build; {left}"

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show the progress until the context ends."""
        yield


class LineProgress(Progress):
    """A line for each runtime and each wheel that is done, and one after a while without."""

    def __init__(
        self,
        wheels: Sequence[PlannedWheel],
        cold: Iterable[Target],
        session: Session,
        look: Look = list_compiled_triples,
    ) -> None:
        super().__init__(wheels, cold)
        self._look = look
        self._heartbeat = Heartbeat(session, self._render)

    def report_runtime(self, target: Target) -> None:
        built = self.cold_count - len(self.cold)
        self._heartbeat.say(f"built the runtime for {target}, {built} of {self.cold_count}, after {self.elapsed}")

    def finish(self, outcome: Outcome) -> None:
        super().finish(outcome)
        identifier, total = outcome.wheel.identifier, len(self.wheels)
        size = f" {format_size(outcome.size)}" if outcome.path else ""
        self._heartbeat.say(f"[{self.done:{len(str(total))}}/{total}] {identifier} {self.states[identifier]}{size}")

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        self._heartbeat.say(f"compiling {format_count(len(self.wheels), 'wheel')}")
        with self._heartbeat.running():
            yield

    def _render(self) -> str:
        runtimes = self.describe_runtimes(self._look()) if self.cold else ""
        compiled = f"{len(self.compiled)} of {format_count(len(self.wheels), 'wheel')} compiled after {self.elapsed}"
        return f"{runtimes}; {compiled}" if runtimes else compiled


class GridProgress(Progress):
    """A live table, platforms by Pythons, that stays on the terminal when all is done."""

    def __init__(
        self, wheels: Sequence[PlannedWheel], cold: Iterable[Target], look: Look = list_compiled_triples
    ) -> None:
        from .wheel_grid import Mark, open_console

        super().__init__(wheels, cold)
        self._look = look
        self._console = open_console(sys.stderr)
        self._triples: Collection[str] = ()
        self._looked = 0.0
        self._marks = {
            "waiting": Mark("·", ".", "dim", "waiting"),
            "compiled": Mark("○", "o", "cyan", "compiled"),
            "packed": Mark("✓", "+", "green", "packed"),
            "failed": Mark("✗", "x", "bold red", "failed"),
        }

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        from rich.live import Live

        with Live(get_renderable=self.render, console=self._console, refresh_per_second=5):
            yield

    def render(self) -> RenderableType:
        """Return the table as it is now, with the counts and the runtimes below it."""
        from rich.console import Group
        from rich.text import Text

        from .wheel_grid import render_grid, render_legend

        count = Text(f"{self.done} of {format_count(len(self.wheels), 'wheel')} done, {self.elapsed}   ")
        line = count + render_legend(self._console, (self._marks[state] for state in sorted(set(self.states.values()))))
        if not self.wheels[0].target:
            return line
        grid = render_grid(self._console, self.wheels, lambda wheel: self._marks[self.states[wheel.identifier]])
        runtimes = self._render_runtimes()
        return Group(grid, line, *([Text(runtimes, "dim")] if runtimes else []))

    def _render_runtimes(self) -> str:
        if self.cold and time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._triples, self._looked = self._look(), time.monotonic()
        return self.describe_runtimes(self._triples)


def make_progress(wheels: Sequence[PlannedWheel], cold: Iterable[Target], session: Session) -> Progress:
    """Return the progress that suits the options and the terminal of *session*."""
    if session.is_quiet:
        return Progress(wheels, cold)
    if session.is_terminal(sys.stderr) and not session.is_verbose:
        return GridProgress(wheels, cold)
    return LineProgress(wheels, cold, session)
