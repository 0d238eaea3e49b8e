"""Renders the matrix as a table on a terminal: platforms down, Pythons across, a mark in each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.base.pythons import Python
from ..core.base.targets import Target
from ..core.project.planned_wheels import PlannedWheel


@dataclass(frozen=True)
class Mark:
    """The mark of a cell: a character (``plain`` if the terminal is limited to ASCII), its style, and its meaning."""

    symbol: str
    plain: str
    style: str
    meaning: str

    def render(self, console: Console) -> Text:
        return Text(self.symbol if console.encoding.startswith("utf") else self.plain, self.style)


def open_console(stream: TextIO) -> Console:
    """Return a console on *stream*, without colours if NO_COLOR is set."""
    return Console(file=stream, highlight=False)


def render_grid(
    console: Console,
    wheels: Sequence[PlannedWheel],
    mark_of: Callable[[PlannedWheel], Mark],
    notes: Mapping[Target, str] | None = None,
) -> Table:
    """Return the table of *wheels*; *notes* is a last column, left out if the terminal is too narrow for it."""
    targets = list(dict.fromkeys(wheel.target for wheel in wheels if wheel.target))
    pythons = list(dict.fromkeys(wheel.python for wheel in wheels if wheel.python))
    cells = {(wheel.target, wheel.python): mark_of(wheel).render(console) for wheel in wheels}
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for python in pythons:
        table.add_column(_heading(python), justify="center", no_wrap=True)
    widths = [max(len(str(target)) for target in targets), *(len(_heading(python)) for python in pythons)]
    room = console.width - sum(widths) - len(widths)
    shown = notes if notes and room >= max(map(len, notes.values())) else {}
    if shown:
        table.add_column("", no_wrap=True, style="dim")
    for target in targets:
        row = [cells.get((target, python), Text("")) for python in pythons]
        table.add_row(str(target), *row, *([shown.get(target, "")] if shown else []))
    return table


def render_legend(console: Console, marks: Iterable[Mark]) -> Text:
    """Return the meaning of *marks*, each once."""
    explained = [Text.assemble(mark.render(console), f" {mark.meaning}") for mark in dict.fromkeys(marks)]
    return Text("   ").join(explained)


def _heading(python: Python) -> str:
    """Return the short name of a column: ``3.13``, ``3.13t``, or ``3.10+`` for the stable ABI from 3.10 on."""
    return f"{python.version}{'t' if python.free_threaded else ''}{'+' if python.stable_abi else ''}"
