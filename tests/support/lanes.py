"""Parameters of tests by lane: few targets, and one zig, where developers wait; the rest in the full lane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from zigbuild_backend.core.base.pins import DEFAULT_ZIG, SUPPORTED_ZIGS

FEW_TARGETS = ("manylinux_2_17_x86_64", "musllinux_1_2_x86_64", "macosx_11_0_arm64", "win_amd64")
"""One target of each C library. What is linked with those of other Windows takes minutes the first time."""


def few_first(values: Iterable[Any], few: Iterable[str] = FEW_TARGETS) -> list[Any]:
    """Return *values* as parameters, of which those that are not among *few* by their text are for the full lane."""
    chosen = frozenset(few)
    return [value if str(value) in chosen else pytest.param(value, marks=pytest.mark.full) for value in values]


EACH_ZIG = few_first(SUPPORTED_ZIGS, (DEFAULT_ZIG,))
