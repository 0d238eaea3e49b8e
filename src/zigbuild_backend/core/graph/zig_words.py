"""Words of Zig: literals, names and conditions, as zig formats them."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.pythons import Python
from ..base.targets import TARGETS
from ..settings.conditions import Condition, When
from ..settings.fields import Scalar

_MACHINES = {part.machine: part.triple.partition("-")[0] for target in TARGETS for part in target.slices or [target]}
_LONGEST_LIST = 80
_KEYWORDS = """
addrspace align allowzero and anyframe anytype asm break callconv catch comptime const continue defer else enum
errdefer error export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse packed pub
resume return struct suspend switch test threadlocal try union unreachable var volatile while
"""


def quote(text: str) -> str:
    """Return *text* as a string literal, whatever characters it has."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def quote_list(items: Sequence[str]) -> str:
    """Return a list of string literals: on one line if it is short, else one to a line."""
    line = f"&.{{{pad_list([quote(item) for item in items])}}}"
    if len(line) <= _LONGEST_LIST:
        return line
    return "&.{\n" + "".join(f"    {quote(item)},\n" for item in items) + "}"


def identifier(name: str) -> str:
    """Return *name* as an identifier of ASCII letters, digits and ``_``; in odd cases two names share one."""
    text = "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else "_" if c in ".-" else f"u{ord(c):x}" for c in name
    )
    return text if text[:1].isalpha() or text[:1] == "_" else f"_{text}"


def field_name(name: str) -> str:
    """Return *name* as the name of a field, quoted where it is no plain word."""
    is_plain = name.isascii() and name.isidentifier() and name not in _KEYWORDS.split()
    return name if is_plain else f"@{quote(name)}"


def render_scalar(value: Scalar) -> str:
    """Return *value* as a literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(value) if isinstance(value, str) else str(value)


def render_when(when: When, pythons: Sequence[Python]) -> str:
    """Return the expression by which Zig asks whether *when* holds for ``wheel``; empty if it always holds.

    *pythons* are the rows of the graph.
    """
    terms = [_render_condition(condition, pythons) for condition in when]
    if not all(terms):
        return ""
    return " or ".join(f"({term})" if " and " in term and len(terms) > 1 else term for term in terms)


def negate(condition: str) -> str:
    """Return the opposite of a *condition* of :func:`render_when`."""
    is_compound = " and " in condition or " or " in condition
    if condition.startswith("!") and not is_compound:
        return condition[1:]
    return f"!({condition})" if is_compound else f"!{condition}"


def pad_list(items: Sequence[str]) -> str:
    """Return the inside of a list in braces: padded with spaces, unless it is empty or one plain item."""
    text = ", ".join(items)
    return f" {text} " if len(items) > 1 or " = " in text else text


def _render_condition(condition: Condition, pythons: Sequence[Python]) -> str:
    known = {
        "os": [f".{name}" for name in condition.os],
        "arch": [f".{_MACHINES[name]}" for name in condition.arch],
        "libc": [f".{name}" for name in condition.libc],
    }
    fields = [f".{key} = &.{{{pad_list(names)}}}" for key, names in known.items() if names]
    if condition.asks_own_python:
        admitted = [quote(python.name) for python in pythons if condition.admits(python)]
        fields.append(f".python = &.{{{pad_list(admitted)}}}")
    is_for = f"wheel.isFor(.{{{pad_list(fields)}}})" if fields else ""
    if not condition.not_:
        return is_for
    inner = render_when(condition.not_, pythons)
    negated = f"!({inner})" if " " in inner.partition("(")[0] or ") " in inner else f"!{inner}"
    return f"{is_for} and {negated}" if is_for else negated if inner else "false"


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
