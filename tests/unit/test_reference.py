from collections.abc import Callable
from pathlib import Path

from machines import ROOT
from zigbuild_backend.core.settings.reference import render_reference


def test_page_is_what_the_model_says(expect_text: Callable[[Path, str], None]) -> None:
    expect_text(ROOT / "docs" / "settings.md", render_reference())
