"""Parses a TOML table into :mod:`.model`: strictly, and with all problems at once, each with its place and a mend."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from ..base.errors import ConfigurationError, ProblemList
from ..base.suggestions import suggest
from . import TABLE
from .conditions import Condition, When
from .contradictions import check_contradictions
from .fields import Names, Paths, Scalar, Values, key_of, table_of
from .model import Settings

T = TypeVar("T")


def parse_settings(table: object, place: str = TABLE) -> Settings:
    """Return the settings in *table*, the value of ``[tool.zigbuild]``.

    :raises ConfigurationError: naming every unknown key, wrong type and impossible value in it.
    """
    problems = ProblemList(place)
    settings = parse_table(Settings, table, problems)
    if settings is not None:
        check_contradictions(settings, problems)
    if settings is None or problems:
        raise ConfigurationError.of(problems.found)
    return settings


def parse_table(cls: type[T], table: object, problems: ProblemList) -> T | None:
    """Return *table* as the dataclass *cls*, or None after adding *problems*."""
    if not isinstance(table, Mapping):
        problems.add(f"must be a table, not {_name_type(table)}", _show_table(problems.where))
        return None
    known = {key_of(field.name): field for field in fields(cls)}  # type: ignore[arg-type]
    before = len(problems)
    for key in table:
        if key not in known:
            problems.add(f"unknown key {key!r}", suggest(key, known))
    hints = get_type_hints(cls)
    values = {}
    for key, field in known.items():
        if key in table:
            values[field.name] = parse_value(hints[field.name], table[key], field, problems.at(key))
        elif field.default is MISSING:
            problems.add(f"the key {key!r} is missing", f"{key}: {_read_doc(field)}")
    return cls(**values) if len(problems) == before else None


def parse_value(hint: Any, value: object, field: Field[Any], problems: ProblemList) -> Any:
    """Return *value* as *hint*, the annotation of *field* or of one item of it; None after adding *problems*."""
    if table := table_of(hint):
        return parse_table(table, value, problems)
    if hint is str:
        return _obey(value, field, problems) if isinstance(value, str) else _refuse("a string", value, field, problems)
    if hint in (bool, bool | None):
        return value if isinstance(value, bool) else _refuse("true or false", value, field, problems)
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        choices = get_args(hint)
        return problems.add(f"must be one of {', '.join(choices)}, not {value!r}", suggest(value, choices))
    if hint in (Values, Paths):
        return _parse_values(hint, value, field, problems)
    if hint is Names:
        if isinstance(value, str):
            return Names((_obey(value, field, problems),))
        if not isinstance(value, list) or not value:
            return _refuse("a string or an array of strings, with one at least", value, field, problems)
        return Names(_parse_items(str, value, field, problems))
    if hint is When:
        return _parse_array(When, Condition, value, field, problems)
    (item_hint, _) = get_args(hint)  # what is left is tuple[X, ...]
    return _parse_array(tuple, item_hint, value, field, problems)


def _parse_values(hint: Any, value: object, field: Field[Any], problems: ProblemList) -> Any:
    if not isinstance(value, Mapping):
        return _refuse("a table of values", value, field, problems)
    kinds, expected = (Scalar, "a string, a whole number or a boolean") if hint == Values else (str, "a string")
    for name, text in value.items():
        if isinstance(text, kinds):
            _obey((name, text), field, problems)
        else:
            _refuse(expected, text, field, problems.at(name))
    return tuple(value.items())


def _parse_array(
    kind: type[tuple[Any, ...]], hint: Any, value: object, field: Field[Any], problems: ProblemList
) -> Any:
    """Return an array of items of the type *hint*, or the one table that stands for it, as a tuple of that *kind*."""
    is_single = field.metadata["is_single"]
    if is_dataclass(hint) and is_single and isinstance(value, Mapping):
        return kind([parse_table(hint, value, problems)])  # type: ignore[arg-type]
    if isinstance(value, list):
        return kind(_parse_items(hint, value, field, problems))
    where = problems.where
    if is_dataclass(hint):
        expected = "a table, or an array of tables" if is_single else "an array of tables"
        return _refuse(expected, value, field, problems, _show_table(where if is_single else f"{where}[0]"))
    mend = f"write {where.rpartition('.')[2]} = [{value!r}]" if isinstance(value, str) else ""
    return _refuse("an array of strings", value, field, problems, mend)


def _parse_items(hint: Any, items: Iterable[object], field: Field[Any], problems: ProblemList) -> list[Any]:
    return [parse_value(hint, item, field, problems.item(index)) for index, item in enumerate(items)]


def _obey(value: Any, field: Field[Any], problems: ProblemList) -> Any:
    """Return *value*, after adding the problem that the rule of *field* has with it, if any."""
    rule = field.metadata["rule"]
    if rule and (problem := rule(value)):
        problems.extend([problem])
    return value


def _refuse(expected: str, found: object, field: Field[Any], problems: ProblemList, mend: str = "") -> None:
    problems.add(f"must be {expected}, not {_name_type(found)}", mend or _read_doc(field))


def _read_doc(field: Field[Any]) -> str:
    """Return the documentation of a setting as plain text."""
    doc: str = field.metadata["doc"]
    return doc.replace("``", "'")


def _show_table(where: str) -> str:
    """Return the hint that shows the header of the table at the place *where*."""
    parent, _, key = where.rpartition(".")
    if where.endswith("]"):
        name = re.sub(r"\[[0-9]+\]", "", where)
        return f"write [[{name}]]"
    return f"write {key} = {{ … }}" if "[" in parent else f"write [{where}]"


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
