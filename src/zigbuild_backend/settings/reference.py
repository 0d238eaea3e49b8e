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
