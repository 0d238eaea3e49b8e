"""The words of the model: a field with its documentation, and the types that TOML's values become."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, field, is_dataclass
from typing import Any, get_args

from ..base.errors import Problem

Scalar = str | int | bool
"""A text, a whole number or a truth."""

Values = tuple[tuple[str, Scalar], ...]
"""A table of such, in its order: macros, options."""

Paths = tuple[tuple[str, str], ...]
"""A table of texts alone, in its order: paths in the project, and where they go."""


class Names(tuple[str, ...]):
    """Names of which any will do: in TOML a string, or an array of them."""


def setting(
    doc: str, *, rule: Callable[[Any], Problem | None] | None = None, default: Any = MISSING, is_single: bool = False
) -> Any:
    """A field with its documentation; without *default* it must be given.

    *is_single* lets one table stand for an array with nothing else in it.
    """
    metadata = {"doc": doc, "rule": rule, "is_single": is_single}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def table_of(hint: Any) -> Any:
    """The dataclass that the annotation *hint* stands for, optional or not; None if it is another type."""
    if isinstance(hint, types.UnionType) and types.NoneType in get_args(hint):
        (hint,) = (part for part in get_args(hint) if part is not types.NoneType)
    return hint if is_dataclass(hint) else None


def key_of(name: str) -> str:
    """The key in TOML of the field *name*: ``include-dirs``, and ``with`` for ``with_``."""
    return name.rstrip("_").replace("_", "-")
