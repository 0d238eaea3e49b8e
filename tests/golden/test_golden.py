"""Tests of build.zig, build.zig.zon and the plan as texts, and that every supported zig accepts the first two.

A folder here is a case: ``pyproject.toml``, the names of the project's files, and the texts made from them. One case
has a whole ``build.zig``; the others keep what differs from it. ``pytest --update-golden`` rewrites the texts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from build_zig_texts import render_difference
from lanes import few_first
from projects import render_build_zig, tree_of, write_files
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.graph.build_zig_zon import render_zon
from zigbuild_backend.core.project.metadata import read_metadata
from zigbuild_backend.core.project.planned_wheels import PlannedWheel, plan
from zigbuild_backend.core.project.project import Project
from zigbuild_backend.core.project.project_folder import read_settings
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.zig.toolchain import Zig

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/pyproject.toml"))
WHOLE = Path(__file__).parent / "libraries"
MIXED = [Path(__file__).parent / name for name in ("hostile-strings", "conditions", "libraries")]
"""The cases that have most of the words of Zig between them: zig needs some seconds for each."""
OTHER_ZIGS = [Path(zig) for zig in os.environ.get("ZIGBUILD_TEST_ZIGS", "").split(os.pathsep) if zig]

each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def read_case(case: Path) -> Project:
    pyproject = tomllib.loads((case / "pyproject.toml").read_text("utf-8"))
    files = (case / "files.txt").read_text("utf-8").splitlines()
    return resolve_project(read_metadata(pyproject, case), read_settings(pyproject), tree_of(*files))


def describe(wheel: PlannedWheel) -> str:
    obstacle = "".join(f": {problem.message}" for problem in wheel.obstacle.problems) if wheel.obstacle else ""
    return wheel.identifier + obstacle


@each_case
def test_texts(case: Path, expect_text: Callable[[Path, str], None]) -> None:
    project = read_case(case)
    if case == WHOLE:
        expect_text(case / "build.zig", render_build_zig(project))
    else:
        expect_text(
            case / "build.txt", render_difference(render_build_zig(project), render_build_zig(read_case(WHOLE)))
        )
    expect_text(case / "build.zig.zon", render_zon(project))
    wheels = plan(project, has_headers=range(9, 15))
    expect_text(case / "plan.txt", "".join(f"{describe(wheel)}\n" for wheel in wheels))


def find_other_zig(executable: Path) -> Zig:
    version = subprocess.run([executable, "version"], capture_output=True, text=True, check=True).stdout.strip()
    return Zig(executable, version, this_machine(os.environ))


def test_texts_are_formatted_as_zig_formats_them(zig: Zig, tmp_path: Path) -> None:
    for case in CASES:
        project = read_case(case)
        write_files(
            tmp_path / case.name, {"build.zig": render_build_zig(project), "build.zig.zon": render_zon(project)}
        )
    zig.run(["fmt", "--check", str(tmp_path)])


PACKAGE_ZON = """\
.{
    .name = .zlib,
    .version = "0.0.0",
    .fingerprint = 0x73887d3a00000001,
    .paths = .{""},
}
"""

PACKAGE = """\
const std = @import("std");

pub fn build(b: *std.Build) void {
    const module = b.createModule(.{
        .target = b.standardTargetOptions(.{}),
        .optimize = b.standardOptimizeOption(.{}),
        .link_libc = b.option(bool, "shared", "") == false and b.option(u8, "level", "") == 9,
    });
    b.installArtifact(b.addLibrary(.{ .name = "z", .linkage = .static, .root_module = module }));
}
"""


def list_steps(zig: Zig, project: Project, name: str) -> set[str]:
    """Return the steps that zig finds in the project's build.zig, which lies in the store."""
    folder = zig.store.folder("golden", zig.version, name)
    for dependency in project.settings.dependency:
        write_files(folder / dependency.path, {"build.zig": PACKAGE, "build.zig.zon": PACKAGE_ZON})
    (folder / "build.zig").write_bytes(render_build_zig(project).encode())
    (folder / "build.zig.zon").write_bytes(render_zon(project).encode())
    steps = zig.run(["build", "--list-steps", "--cache-dir", "cache"], cwd=folder)
    return {line.split()[0] for line in steps.decode().splitlines()}


@pytest.mark.parametrize("case", few_first(CASES, map(str, MIXED)), ids=lambda case: case.name)
def test_zig_has_a_step_for_every_wheel(case: Path, zig: Zig) -> None:
    project = read_case(case)
    assert {wheel.identifier for wheel in plan(project, has_headers=())} <= list_steps(zig, project, case.name)


@pytest.mark.zig
@pytest.mark.parametrize("executable", OTHER_ZIGS or [None], ids=str)
def test_other_zigs_have_a_step_for_every_wheel(executable: Path | None) -> None:
    if executable is None:
        pytest.skip("ZIGBUILD_TEST_ZIGS names no other zigs")
    for case in MIXED:
        project = read_case(case)
        steps = list_steps(find_other_zig(executable), project, case.name)
        assert {wheel.identifier for wheel in plan(project, has_headers=())} <= steps
