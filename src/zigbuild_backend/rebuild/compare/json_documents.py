"""Flattens JSON documents, so that two of them can be compared value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_MOST_VALUES = 10_000

Document = Mapping[str, object]
"""The values by their paths, ``a.b[0]``; empty arrays and objects are values."""


def parse_document(data: bytes) -> Document | None:
    """Return the first ten thousand values of the JSON document *data*; None if it is not JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return dict(_flatten(document))


def find_differing(expected: Document, found: Document) -> list[str]:
    """Return the paths whose values differ or are on one side only, in the order of *expected*."""
    return [
        path
        for path in {**expected, **found}
        if path not in expected or path not in found or expected[path] != found[path]
    ]


def _flatten(document: Any) -> Iterator[tuple[str, object]]:
    pending = [("", document)]
    for _ in range(_MOST_VALUES):
        while pending and isinstance(pending[-1][1], dict | list) and pending[-1][1]:
            path, value = pending.pop()
            if isinstance(value, dict):
                pending += [(f"{path}.{key}" if path else key, value[key]) for key in sorted(value, reverse=True)]
            else:
                pending += [(f"{path}[{index}]", item) for index, item in reversed(list(enumerate(value)))]
        if not pending:
            return
        yield pending.pop()
