"""Writes ``docs/settings.md``, the reference of the settings, from their declarations in the package.

Run it as ``python docs/settings_reference.py`` after a change to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from zigbuild_backend.core.settings.conditions import When
from zigbuild_backend.core.settings.fields import Names, Paths, Values, key_of, table_of
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.product_tables import Inputs

PAGE = Path(__file__).with_name("settings.md")

_INTRODUCTION = """\
# Settings

Everything is in `pyproject.toml`. An unknown key or an impossible value is an error that says what is known. Paths are
relative to the folder of `pyproject.toml` and use `/` on every system. In globs `?` stands for a character and `*` for
any number of them, but neither for a `/`; `[ab]`, `[a-z]` and `[!a]` are sets of characters, `**` between slashes is
any number of folders. Patterns as in .gitignore are the same, with what git adds.

## Other settings for one build

What goes before what is written there, the first before the others:

| where | how |
|---|---|
| the environment | `ZIGBUILD_OPTIMIZE=debug`, `ZIGBUILD_EDITABLE_REBUILD=1`, `ZIGBUILD_DEFINE_NAME=1` |
| build frontends | `pip install -C optimize=debug -C editable.rebuild=true -C define.NAME=1 .` |
| the command line | `zigbuild wheels --set optimize=debug --set define.NAME=1` |

A key is the dotted path of a single value or an array of strings in the tables below: `optimize`, `editable.rebuild`,
`wheel.exclude`. Frontends and the command line also take `extension.NAME.KEY` (`extension.spam._c.optional=true`), and
the same of the other tables that have names; the environment does not, for the name of a variable has no room for the
dots and small letters of theirs. `define.NAME` is a macro of every extension. In a text, `;` separates the items of an
array, or it is a JSON array; the value takes the place of the whole array. A key or value that is none is an error.

`zigbuild explain` shows every value with its origin. What may reach the bytes of a wheel is in its buildinfo, so that a
rebuild does the same again; a variable of the environment never gets into a rebuild.
"""


_SHARED_TITLE = "Sources, and what they are linked with"
"""The heading of the keys of :class:`Inputs`, which all products have in common."""


@dataclass(frozen=True)
class _Place:
    """The place of a table: its dotted key below ``tool.zigbuild``, and whether it is an array of tables."""

    key: str
    is_array: bool = False

    def __str__(self) -> str:
        where = f"tool.zigbuild.{self.key}".rstrip(".")
        return f"`[[{where}]]`" if self.is_array else f"`[{where}]`"


def render_reference() -> str:
    """Return the page as Markdown: a section for ``[tool.zigbuild]`` and one for each kind of table in it."""
    places: dict[Any, list[_Place]] = {}
    _collect(Settings, _Place(""), places)
    titles = {cls: _choose_title(cls, found) for cls, found in places.items()}
    return _INTRODUCTION + "".join(_render_section(cls, found, titles) for cls, found in places.items())


def _collect(cls: Any, place: _Place, places: dict[Any, list[_Place]]) -> None:
    """Add the places of the table *cls* and of the tables in it to *places*, tables after those that they are in."""
    places[cls] = [*places.pop(cls, []), place]
    if _has_shared(cls):
        _collect(Inputs, place, places)
    for field in _own_fields(cls):
        hint = get_type_hints(cls)[field.name]
        if table := _find_table(hint):
            key = f"{place.key}.{key_of(field.name)}".lstrip(".")
            _collect(table, _Place(key, is_array=table_of(hint) is None), places)


def _has_shared(cls: Any) -> bool:
    """Return whether *cls* has the keys of :class:`Inputs` among others."""
    return issubclass(cls, Inputs) and cls is not Inputs


def _own_fields(cls: Any) -> list[Field[Any]]:
    """Return the fields of *cls* that its own section lists."""
    shared = {field.name for field in fields(Inputs)} if _has_shared(cls) else ()
    return [field for field in fields(cls) if field.name not in shared]


def _find_table(hint: Any) -> Any:
    """Return the dataclass of a table or of the tables in an array; None for other types."""
    if get_origin(hint) is tuple and hint not in (Values, Paths):
        item = get_args(hint)[0]
        return item if is_dataclass(item) else None
    return table_of(hint) if hint is not When else None


def _choose_title(cls: Any, places: Sequence[_Place]) -> str:
    if cls is Inputs:
        return _SHARED_TITLE
    if len(places) == 1:
        return str(places[0])
    parts = zip(*(reversed(place.key.split(".")) for place in places), strict=False)
    shared = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, parts)]
    return f"`{'.'.join(reversed(shared))}`"


def _render_section(cls: Any, places: Sequence[_Place], titles: Mapping[Any, str]) -> str:
    text = f"\n## {titles[cls]}\n\n"
    if cls is Inputs:
        text += f"Keys of {_join(f'`{place.key}`' for place in places)}.\n\n"
    elif len(places) > 1:
        end = titles[cls].strip("`")
        others = (f"`{place.key.removesuffix(end).rstrip('.')}`" for place in places[1:])
        text += f"{places[0]}, and the same of {_join(others)}.\n\n"
    text += "| key | type | default | |\n|---|---|---|---|\n"
    hints = get_type_hints(cls)
    for field in _own_fields(cls):
        hint = hints[field.name]
        kind = _name_type(hint)
        if table := _find_table(hint):
            kind = f"[{kind}](#{_slug(titles[table])})"
        text += f"| `{key_of(field.name)}` | {kind} | {_render_default(field)} | {field.metadata['doc']} |\n"
    if _has_shared(cls):
        keys = [key_of(field.name) for field in fields(Inputs)]
        text += f"\nAnd the keys of [{_SHARED_TITLE.lower()}](#{_slug(_SHARED_TITLE)}), `{keys[0]}` to `{keys[-1]}`.\n"
    return text.replace("``", "`")


def _slug(title: str) -> str:
    """Return the fragment by which the heading *title* is linked to."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _join(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _name_type(hint: Any) -> str:
    if hint is str:
        return "string"
    if hint in (bool, bool | None):
        return "`true` or `false`"
    if hint is When:
        return "table or array of tables"
    if hint is Names:
        return "string or array of strings"
    if get_origin(hint) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(hint))
    if hint in (Values, Paths) or table_of(hint):
        return "table"
    return "array of tables" if is_dataclass(get_args(hint)[0]) else "array of strings"


def _render_default(field: Field[Any]) -> str:
    if field.default is MISSING:
        return "must be given"
    if isinstance(field.default, tuple) and field.default:
        return f"`[{', '.join(repr(item) for item in field.default)}]`".replace("'", '"')
    return f"`{field.default}`" if isinstance(field.default, str) and field.default else ""


if __name__ == "__main__":
    PAGE.write_bytes(render_reference().encode())
