"""The reference page of the settings, rendered from the model: ``docs/settings.md``."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .conditions import When
from .fields import Names, Paths, Values, key_of, table_of
from .model import Settings

_INTRODUCTION = """\
# Settings

Everything is in `pyproject.toml`. An unknown key or an impossible value is an error that says what is known. Paths are
relative to the folder of `pyproject.toml` and use `/` on every system.

## Other settings for one build

What goes before what is written there, the first before the others:

| where | how |
|---|---|
| the environment | `ZIGBUILD_OPTIMIZE=debug`, `ZIGBUILD_EDITABLE_REBUILD=1`, `ZIGBUILD_DEFINE_NAME=1` |
| build frontends | `pip install -C optimize=debug -C editable.rebuild=true -C define.NAME=1 .` |
| the command line | `zigbuild wheels --set optimize=debug --set define.NAME=1` |

A key is the dotted path of a single value or an array of strings in the tables below: `optimize`, `editable.rebuild`,
`wheel.exclude`. Frontends and the command line also take `extension.NAME.KEY` (`extension.spam._c.optional=true`), and
the same of the other tables that have names. `define.NAME` is a macro of every extension. In a text, `;` separates
the items of an array, or it is a JSON array; the value takes the place of the whole array. A key or value that is none
is an error.

`zigbuild explain` shows every value with its origin. What may reach the bytes of a wheel is in its buildinfo, so that a
rebuild does the same again; a variable of the environment never gets into a rebuild.
"""


def render_reference() -> str:
    """Markdown: a section for ``[tool.zigbuild]`` and one for each table in it."""
    return _INTRODUCTION + _render_table(Settings, "tool.zigbuild", "[tool.zigbuild]")


def _render_table(cls: Any, where: str, heading: str) -> str:
    hints = get_type_hints(cls)
    rows, sections = [], []
    for field in fields(cls):
        key, hint = key_of(field.name), hints[field.name]
        table = table_of(hint)
        item = get_args(hint)[0] if get_origin(hint) is tuple and hint not in (Values, Paths) else table or hint
        rows.append(f"| `{key}` | {_name_type(hint)} | {_render_default(field)} | {field.metadata['doc']} |\n")
        if is_dataclass(item):
            brackets = ("[[", "]]") if item is not table else ("[", "]")
            sections.append(_render_table(item, f"{where}.{key}", f"{brackets[0]}{where}.{key}{brackets[1]}"))
    table = f"\n## `{heading}`\n\n| key | type | default | |\n|---|---|---|---|\n" + "".join(rows)
    return (table + "".join(sections)).replace("``", "`")


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
