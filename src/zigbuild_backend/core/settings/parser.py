"""From a TOML table to :mod:`.model`: strict, all problems at once, each with its place and a suggestion."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ..base.errors import ConfigurationError, Problem
from .conditions import Condition, When
from .contradictions import find_contradictions
from .fields import Names, Paths, Scalar, Values, key_of, table_of
from .model import Settings

T = TypeVar("T")


def parse_settings(table: object, where: str = "tool.zigbuild") -> Settings:
    """The settings that *table*, the value of ``[tool.zigbuild]``, says.

    :raises ConfigurationError: naming every unknown key, wrong type and impossible value in it.
    """
    problems: list[Problem] = []
    settings = parse_table(Settings, table, where, problems)
    if settings is not None:
        problems += find_contradictions(settings, f"{where}.")
    if problems or settings is None:
        raise ConfigurationError.of(problems)
    return settings


def parse_table(cls: type[T], table: object, where: str, problems: list[Problem]) -> T | None:
    """*table* as the dataclass *cls*, or None after adding to *problems*; *where* is empty for the whole of a file."""
    if not isinstance(table, Mapping):
        problems.append(Problem(f"must be a table, not {_name_type(table)}", where, _show_table(where)))
        return None
    known = {key_of(field.name): field for field in fields(cls)}  # type: ignore[arg-type]
    before = len(problems)
    problems += [Problem(f"unknown key {key!r}", where, suggest(key, known)) for key in table if key not in known]
    hints = get_type_hints(cls)
    values = {}
    for key, field in known.items():
        if key in table:
            place = f"{where}.{key}" if where else key
            values[field.name] = parse_value(hints[field.name], table[key], place, field, problems)
        elif field.default is MISSING:
            problems.append(Problem(f"the key {key!r} is missing", where, f"{key}: {_read_doc(field)}"))
    return cls(**values) if len(problems) == before else None


def parse_value(hint: Any, value: object, where: str, field: Field[Any], problems: list[Problem]) -> Any:
    """*value* as *hint*, the annotation of *field* or of one item of it; None after adding to *problems*.

    *where* is what messages call its place.
    """

    def refuse(expected: str, mend: str = "", *, place: str = where, found: object = value) -> None:
        problems.append(Problem(f"must be {expected}, not {_name_type(found)}", place, mend or _read_doc(field)))

    def obey(item: Any) -> Any:
        rule = field.metadata["rule"]
        if rule and (problem := rule(item)):
            problems.append(replace(problem, where=where))
        return item

    def parse_items(item_hint: Any, items: Iterable[object]) -> list[Any]:
        return [parse_value(item_hint, item, f"{where}[{index}]", field, problems) for index, item in enumerate(items)]

    if table := table_of(hint):
        return parse_table(table, value, where, problems)
    if hint is str:
        return obey(value) if isinstance(value, str) else refuse("a string")
    if hint in (bool, bool | None):
        return value if isinstance(value, bool) else refuse("true or false")
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        choices = ", ".join(get_args(hint))
        hint_text = suggest(str(value), get_args(hint))
        return problems.append(Problem(f"must be one of {choices}, not {value!r}", where, hint_text))
    if hint in (Values, Paths):
        if not isinstance(value, Mapping):
            return refuse("a table of values")
        kinds, expected = (Scalar, "a string, a whole number or a boolean") if hint == Values else (str, "a string")
        for name, text in value.items():
            if isinstance(text, kinds):
                obey((name, text))
            else:
                refuse(expected, place=f"{where}.{name}", found=text)
        return tuple(value.items())
    if hint is Names:
        if isinstance(value, str):
            return Names((obey(value),))
        if not isinstance(value, list) or not value:
            return refuse("a string or an array of strings, with one at least")
        return Names(parse_items(str, value))
    if hint is When:
        item_hint: Any = Condition
    else:
        (item_hint, _) = get_args(hint)  # what is left is tuple[X, ...]
    kind = When if hint is When else tuple
    if is_dataclass(item_hint) and field.metadata["is_single"] and isinstance(value, Mapping):
        return kind([parse_table(item_hint, value, where, problems)])  # type: ignore[arg-type, list-item]
    if not isinstance(value, list):
        if is_dataclass(item_hint):
            if field.metadata["is_single"]:
                return refuse("a table, or an array of tables", _show_table(where))
            return refuse("an array of tables", _show_table(f"{where}[0]"))
        mend = f"write {where.rpartition('.')[2]} = [{value!r}]" if isinstance(value, str) else ""
        return refuse("an array of strings", mend)
    return kind(parse_items(item_hint, value))


def _read_doc(field: Field[Any]) -> str:
    """What a setting is for, in plain text."""
    doc: str = field.metadata["doc"]
    return doc.replace("``", "'")


def _show_table(where: str) -> str:
    """How the table at the place *where* is written."""
    parent, _, key = where.rpartition(".")
    if where.endswith("]"):
        name = re.sub(r"\[[0-9]+\]", "", where)
        return f"write [[{name}]]"
    return f"write {key} = {{ … }}" if "[" in parent else f"write [{where}]"


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Which of the *known* words may have been meant by *word*; if none comes near, *otherwise*, or all of them."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else otherwise or f"known are {', '.join(known)}"


def _name_type(value: object) -> str:
    names: dict[type, str] = {
        bool: "a boolean",
        int: "a whole number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "a table",
        types.NoneType: "nothing",
    }
    return names.get(type(value), "a date or time")
