"""The reference of the settings is up to date with their declarations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from settings_reference import PAGE, render_reference


def test_page_is_what_the_model_says(expect_text: Callable[[Path, str], None]) -> None:
    expect_text(PAGE, render_reference())
