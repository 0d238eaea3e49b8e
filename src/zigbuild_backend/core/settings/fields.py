"""The declarations of settings: fields with their documentation, and the types that values of TOML become."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, field, is_dataclass
from typing import Any, get_args

from ..base.errors import Problem

Scalar = str | int | bool
"""A string, a whole number or a boolean."""

Values = tuple[tuple[str, Scalar], ...]
"""A table of scalars, in its order: macros, options."""

Paths = tuple[tuple[str, str], ...]
"""A table of strings alone, in its order: paths in the project, and their places."""


class Names(tuple[str, ...]):
    """Names of which any is meant: in TOML a string, or an array of strings."""


def setting(
    doc: str, *, rule: Callable[[Any], Problem | None] | None = None, default: Any = MISSING, is_single: bool = False
) -> Any:
    """Return a field with its documentation; without *default* it is required.

    *is_single* lets one table stand for an array that holds nothing else.
    """
    metadata = {"doc": doc, "rule": rule, "is_single": is_single}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def table_of(hint: Any) -> Any:
    """Return the dataclass that the annotation *hint* stands for, optional or not; None if it is another type."""
    if isinstance(hint, types.UnionType) and types.NoneType in get_args(hint):
        (hint,) = (part for part in get_args(hint) if part is not types.NoneType)
    return hint if is_dataclass(hint) else None


def key_of(name: str) -> str:
    """Return the key in TOML of the field *name*: ``include-dirs``, and ``with`` for ``with_``."""
    return name.rstrip("_").replace("_", "-")
