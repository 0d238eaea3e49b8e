"""The JSON schema of ``[tool.zigbuild]``, rendered from the model: for editors, and for validate-pyproject.

It says which keys there are and of what type. What rules and the project's files have to say beyond that, only a build
can tell.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .conditions import Condition, When
from .fields import Names, Paths, Values, key_of, table_of
from .model import Settings

FILE_NAME = "zigbuild.schema.json"
"""The file beside this module that has the schema as a text."""

_ID = f"https://zigbuild-backend.invalid/{FILE_NAME}"
"""Its name among other schemas: validate-pyproject wants names to look like addresses, and this one is none."""

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
    """The schema of the table ``[tool.zigbuild]``, as validate-pyproject asks for it; *tool* is the table's name."""
    definitions: dict[str, Any] = {}
    return {
        "$schema": _DRAFT,
        "$id": _ID,
        "title": f"[tool.{tool}]",
        **_describe_table(Settings, definitions),
        "definitions": dict(sorted(definitions.items())),
    }


def render_schema() -> str:
    """The schema as a text."""
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
    """What the annotation *hint* admits; tables are put into *definitions*."""
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
    """A reference to the definition of the table *cls*, which is made if it is not there."""
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        definitions[cls.__name__].update(_describe_table(cls, definitions))
    return {"$ref": f"#/definitions/{cls.__name__}"}
