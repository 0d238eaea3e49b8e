"""Renders the JSON schema of ``[tool.zigbuild]`` from :mod:`.model`, for editors and for validate-pyproject.

It has the keys and their types. Values that break a rule, or that do not fit the files of the project, pass it: only a
build can refuse those.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .conditions import Condition, When
from .fields import Names, Paths, Values, key_of, table_of
from .model import Settings

_ID = "https://zigbuild-backend.invalid/zigbuild.schema.json"
"""The schema's name among others: validate-pyproject requires the form of an address, though nothing is fetched."""

_DRAFT = "http://json-schema.org/draft-07/schema#"
_STRINGS = {"type": "array", "items": {"type": "string"}}
_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    bool | None: {"type": "boolean"},
    tuple[str, ...]: _STRINGS,
    Names: {"anyOf": [{"type": "string"}, {**_STRINGS, "minItems": 1}]},
    Values: {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}},
    Paths: {"type": "object", "additionalProperties": {"type": "string"}},
}


def get_schema(tool: str = "zigbuild") -> dict[str, Any]:
    """Return the schema of the table ``[tool.zigbuild]``; validate-pyproject calls this with its name, *tool*."""
    definitions: dict[str, Any] = {}
    return {
        "$schema": _DRAFT,
        "$id": _ID,
        "title": f"[tool.{tool}]",
        **_describe_table(Settings, definitions),
        "definitions": dict(sorted(definitions.items())),
    }


def render_schema() -> str:
    """Return the schema as text."""
    return json.dumps(get_schema(), indent=2, ensure_ascii=False) + "\n"


def _describe_table(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    properties = {}
    for field in fields(cls):
        described = {
            "description": field.metadata["doc"].replace("``", "`"),
            **_describe_type(hints[field.name], definitions, is_single=field.metadata["is_single"]),
        }
        if isinstance(field.default, str | bool) and field.default != "":
            described["default"] = field.default
        elif isinstance(field.default, tuple) and field.default and all(isinstance(i, str) for i in field.default):
            described["default"] = list(field.default)
        properties[key_of(field.name)] = described
    required = [key_of(field.name) for field in fields(cls) if field.default is MISSING]
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _describe_type(hint: Any, definitions: dict[str, Any], *, is_single: bool) -> dict[str, Any]:
    """Return the schema of values of the annotation *hint*, after adding its tables to *definitions*."""
    if hint in _TYPES:
        return _TYPES[hint]
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if table := table_of(hint):
        return {"allOf": [_refer(table, definitions)]}  # beside "$ref" nothing else would be read
    item = Condition if hint is When else get_args(hint)[0]
    if not is_dataclass(item):
        raise TypeError(f"no JSON schema for {hint}")
    reference = _refer(item, definitions)
    array = {"type": "array", "items": reference}
    return {"anyOf": [reference, array]} if is_single else array


def _refer(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the definition of the table *cls*, after adding it to *definitions* if it is missing."""
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        definitions[cls.__name__].update(_describe_table(cls, definitions))
    return {"$ref": f"#/definitions/{cls.__name__}"}
