"""The build.zig of each example, as it is written today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from machines import ROOT
from zigbuild_backend.core.graph.build_zig import render
from zigbuild_backend.core.project.project_folder import read_project
from zigbuild_backend.core.zig.toolchain import Zig

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
TEXTS = Path(__file__).parent / "examples"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_texts(example: Path, expect_text: Callable[[Path, str], None]) -> None:
    project = read_project(example)
    if project.settings.build_file:
        pytest.skip("the example has a build.zig of its own")
    expect_text(TEXTS / f"{example.name}.zig", render(project))


def test_texts_are_formatted_as_zig_formats_them(zig: Zig) -> None:
    zig.run(["fmt", "--check", str(TEXTS)])
