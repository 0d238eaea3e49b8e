"""Functions of Zig that are written statement by statement, some of them under conditions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import indent

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..settings.conditions import When
from .zig_words import negate, render_when

INDENT = "    "


@dataclass(frozen=True)
class Block:
    """Statements that run where ``when`` holds. Each may have several lines, indented from its own start."""

    statements: tuple[str, ...]
    when: When = When()


@dataclass(frozen=True)
class Function:
    """A function whose first parameters are ``b`` and ``wheel``. Where ``when`` does not hold it returns at once."""

    name: str
    comment: str
    blocks: Sequence[Block]
    when: When = When()
    parameters: str = ""
    result: str = "void"


def render_function(function: Function, pythons: Sequence[Python]) -> str:
    """Return the text of *function*; *pythons* are the rows of the graph.

    A condition of several of its blocks is a constant.
    """
    parameters = f"b: *std.Build, wheel: Wheel{function.parameters}"
    guard = render_when(function.when, pythons)
    blocks = [(render_when(block.when, pythons), block) for block in function.blocks if block.statements]
    grouped = [(condition, list(group)) for condition, group in groupby(blocks, key=lambda pair: pair[0])]
    names = _name_conditions([(condition, group[0][1].when) for condition, group in grouped])
    body = [f"if ({negate(guard)}) return;"] if guard else []
    body += [f"const {name} = {condition};" for condition, name in names.items()]
    for condition, group in grouped:
        statements = [statement for _, block in group for statement in block.statements]
        body += _render_block(statements, names.get(condition, condition))
    lines = [f"/// {function.comment}", f"fn {function.name}({parameters}) {function.result} {{"]
    return "\n".join([*lines, indent("\n".join(body), INDENT), "}\n"])


def render_call(function: str, fields: Iterable[str]) -> str:
    """Return a statement that calls *function* with a struct, each of whose *fields* has a line of its own."""
    return "\n".join([f"{function}(.{{", *(indent(f"{field},", INDENT) for field in fields), "});"])


def select_called(text: str, known: Mapping[str, str]) -> list[str]:
    """Return the functions of *known* (name → text) that *text* calls, and those that these call, in their order."""
    called: set[str] = set()
    pending = [text]
    while pending:
        new = set(re.findall(r"\b(\w+)\(", pending.pop())).intersection(known) - called
        called |= new
        pending += [known[name] for name in new]
    return [function for name, function in known.items() if name in called]


def _render_block(statements: Sequence[str], condition: str) -> Iterator[str]:
    if not condition:
        yield from statements
    elif len(statements) == 1:
        yield f"if ({condition}) {statements[0]}"
    else:
        yield f"if ({condition}) {{"
        yield from (indent(statement, INDENT) for statement in statements)
        yield "}"


def _name_conditions(conditions: Sequence[tuple[str, When]]) -> dict[str, str]:
    """Return the name of each condition that is there more than once: ``on_windows``, or ``on_2``."""
    counts = Counter(condition for condition, _ in conditions if condition)
    names: dict[str, str] = {}
    for condition, when in conditions:
        if counts[condition] > 1 and condition not in names:
            words = _list_words(when)
            names[condition] = f"on_{'_'.join(words) if 0 < len(words) <= 3 else len(names) + 1}"
    return names


def _list_words(when: When) -> list[str]:
    """Return the systems, machines and libcs of a single condition that asks for nothing else."""
    if len(when) != 1 or not set(when[0].keys) <= {"os", "arch", "libc"}:
        return []
    return [*when[0].os, *when[0].arch, *when[0].libc]
