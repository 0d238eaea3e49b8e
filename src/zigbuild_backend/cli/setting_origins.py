"""Finds the origin of each setting: a default, a line of pyproject.toml, the environment, or an option."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from ..core.settings.conditions import When
from ..core.settings.fields import Names, Paths, Values, key_of
from ..core.settings.model import Settings
from ..core.settings.overrides import Override

DEFAULT = "default"

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_QUOTES = re.compile("\"\"\"|'''")


@dataclass(frozen=True)
class Row:
    """A setting: its key as in messages, its value, and its origin."""

    key: str
    value: Any
    origin: str


class Origins:
    """The origins of the keys of one project: lines of the file *file* with the text *text*, and *overrides*."""

    def __init__(self, file: str, text: str, prefix: str, overrides: Iterable[Override] = ()) -> None:
        self._file = file
        self._lines = find_lines(text, prefix)
        self._overrides = {override.key: override.origin for override in overrides}

    def find(self, key: str, names: Iterable[str] = (), *, is_default: bool = False) -> str:
        """Return the origin of *key*, which overrides may know by other *names*.

        *is_default* says that the value is the default, and the key may not be in the file.
        """
        for name in (key, *names):
            if name in self._overrides:
                return self._overrides[name]
        place = key
        while place:
            if place in self._lines and (place == key or not is_default):
                return f"{self._file}:{self._lines[place]}"
            place = place.rpartition(".")[0]
        return DEFAULT if is_default else self._file


def find_lines(text: str, prefix: str) -> dict[str, int]:
    """Return the lines, from 1, of the keys below the table *prefix* in a TOML file: ``extension[0].sources`` → 12.

    Only keys at the beginning of a line are found.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, is_text = "", False
    for number, line in enumerate(text.splitlines(), 1):
        was_text = is_text
        is_text ^= len(_QUOTES.findall(line)) % 2 == 1
        if was_text:
            continue
        if match := _HEADER.fullmatch(line):
            table = _enter(match[2], match[1] == "[[", counts)
            place = table
        elif match := _KEY.match(line):
            place = ".".join([*filter(None, [table]), *_split(match[1])])
        else:
            continue
        if not prefix or place.startswith(f"{prefix}."):
            lines.setdefault(place[len(prefix) + 1 :] if prefix else place, number)
    return lines


def list_rows(settings: Settings, origins: Origins) -> Iterator[Row]:
    """Yield every setting outside of arrays of tables, and in those the settings that were given."""
    yield from _list(Settings, settings, "", "", origins)


def render_value(value: Any) -> str:
    """Return a value as in TOML; conditions as text."""
    if isinstance(value, When):
        return render_when(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(render_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def render_when(when: When) -> str:
    """Return conditions as text: ``os linux or macos, python >=3.12``; empty if there are none."""
    texts = []
    for condition in when:
        parts = []
        for key in condition.keys:
            value = getattr(condition, key)
            if isinstance(value, When):
                parts.append(f"not ({render_when(value)})")
            else:
                shown = " or ".join(value) if isinstance(value, Names) else render_value(value).strip('"')
                parts.append(f"{key_of(key)} {shown}")
        texts.append(", ".join(parts))
    return "; or ".join(texts)


def _list(cls: Any, table: Any, place: str, name: str, origins: Origins, *, is_item: bool = False) -> Iterator[Row]:
    """Yield the rows of a table; *place* is its key in the file, *name* its key in overrides."""
    hints = get_type_hints(cls)
    for field in fields(cls):
        value, hint, word = getattr(table, field.name), hints[field.name], key_of(field.name)
        key, other = f"{place}.{word}" if place else word, f"{name}.{word}" if name else word
        if is_dataclass(value):
            yield from _list(type(value), value, key, other, origins, is_item=is_item)
        elif hint in (Values, Paths):
            for part, text in value:
                yield Row(f"{key}.{part}", text, origins.find(f"{key}.{part}", (f"{other}.{part}", f"define.{part}")))
        elif isinstance(value, tuple) and not isinstance(value, When) and any(map(is_dataclass, value)):
            for index, item in enumerate(value):
                named = f"{other}.{item.name}" if hasattr(item, "name") else f"{other}[{index}]"
                yield from _list(type(item), item, f"{key}[{index}]", named, origins, is_item=True)
        else:
            is_default = field.default is not MISSING and value == field.default
            if not (is_default and (is_item or value in ((), None))):
                yield Row(key, value, origins.find(key, (other,), is_default=is_default))


def _split(key: str) -> list[str]:
    """Return the parts of a dotted key."""
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[\w-]+", key)]


def _enter(key: str, is_array: bool, counts: dict[str, int]) -> str:
    """Return the place of the table with this header, and count it in *counts* if it is one of an array."""
    place = ""
    parts = _split(key)
    for index, part in enumerate(parts):
        place = f"{place}.{part}" if place else part
        if is_array and index == len(parts) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = f"{place}[{counts[place]}]"
    return place


def to_json(row: Row) -> Mapping[str, Any]:
    """Return a row as it stands in a JSON document."""
    value = render_when(row.value) if isinstance(row.value, When) else row.value
    return {"key": row.key, "value": value, "origin": row.origin}
