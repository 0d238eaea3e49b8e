"""Tests of the build.zig of each example, kept as what differs from the whole one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from build_zig_texts import render_difference
from machines import ROOT
from projects import render_build_zig, write_files
from zigbuild_backend.core.project.project_folder import read_project
from zigbuild_backend.core.zig.toolchain import Zig

EXAMPLES = {path.parent.name: read_project(path.parent) for path in (ROOT / "examples").glob("*/pyproject.toml")}
TEXTS = {
    name: render_build_zig(project) for name, project in sorted(EXAMPLES.items()) if not project.settings.build_file
}
WHOLE = ROOT / "tests/golden/libraries/build.zig"


@pytest.mark.parametrize("example", TEXTS)
def test_texts(example: str, expect_text: Callable[[Path, str], None]) -> None:
    difference = render_difference(TEXTS[example], WHOLE.read_text("utf-8"))
    expect_text(Path(__file__).parent / f"examples/{example}.txt", difference)


def test_texts_are_formatted_as_zig_formats_them(zig: Zig, tmp_path: Path) -> None:
    write_files(tmp_path, {f"{example}.zig": text for example, text in TEXTS.items()})
    zig.run(["fmt", "--check", str(tmp_path)])
