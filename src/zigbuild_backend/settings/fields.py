"""The words of the model: a field with its documentation, and the types that TOML's values become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

from ..errors import Problem

Scalar = str | int | bool
"""A text, a whole number or a truth."""

Values = tuple[tuple[str, Scalar], ...]
"""A table of such, in its order: macros, options."""


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


def key_of(name: str) -> str:
    """The key in TOML of the field *name*: ``include-dirs``, and ``with`` for ``with_``."""
    return name.rstrip("_").replace("_", "-")
