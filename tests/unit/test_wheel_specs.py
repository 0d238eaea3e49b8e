"""Specifications come from wheels, which come from anywhere: what is no specification of ours is not followed."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specs import COMPILED, PURE
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.wheel.buildinfo import render_buildinfo
from zigbuild_backend.core.wheel.spec import PythonInput, WheelSpec
from zigbuild_backend.core.zig.macos_sdk import SdkInput
from zigbuild_backend.rebuild.wheel_specs import check_spec, group_specs, identify, read_spec

DISTRIBUTED = replace(PURE, archive="deflate-1")


def spec_of(python: str, target: str, **changes: Any) -> WheelSpec:
    """Return a spec like ``COMPILED`` for another Python (``cp312``, or ``cp312+`` for other headers) and target."""
    minor, headers = int(python.rstrip("+")[3:]), "77" if python.endswith("+") else "33"
    source = PythonInput(Python(minor), f"3.{minor}.1", headers * 32)
    tag = f"cp3{minor}-cp3{minor}-{target}"
    return replace(COMPILED, tag=tag, target=find_target(target), python=source, **changes)


def wheel_of(path: Path, spec: WheelSpec) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{spec.name}-{spec.version}.dist-info/zigbuild-buildinfo.json", render_buildinfo(spec, ""))
    return path


@pytest.mark.parametrize("spec", [COMPILED, DISTRIBUTED], ids=["compiled", "pure"])
def test_sound_ones(spec: WheelSpec, tmp_path: Path) -> None:
    assert check_spec(spec) == spec
    assert read_spec(wheel_of(tmp_path / spec.file_name, spec)) == spec


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../spam"},
        {"name": "spam/../.."},
        {"name": "spam eggs"},
        {"name": ""},
        {"version": "1/2"},
        {"version": "--help"},
        {"tag": "cp313-cp313-win_arm64"},
        {"tag": "../x-y-z"},
        {"source": "../" * 20},
        {"source": "AA" * 32},
        {"recipe": "x"},
        {"optimize": "--out"},
        {"overrides": ("--out=x",)},
        {"overrides": ("define.A=\0",)},
        {"overrides": ("define.A",)},
        {"sdk": SdkInput("macosx14.2", "..")},
        {"sdk": SdkInput(None, "33" * 32)},  # type: ignore[arg-type]
        {"headers": (("packaging", ".."),)},
        {"headers": (("not-required", "33" * 32),)},
        {"epoch": -1},
        {"target": None},
        {"python": None},
        {"python": PythonInput(Python(13), "3.13.2", "..")},
        {"python": PythonInput(Python(13), "3.12.2", "33" * 32)},
        {"python": PythonInput(Python(13), "x", "33" * 32)},
    ],
    ids=str,
)
def test_hostile_ones(changes: dict[str, Any]) -> None:
    with pytest.raises(MismatchError, match="was not written by this backend"):
        check_spec(replace(COMPILED, **changes))


def test_editable_wheels_belong_to_their_tree() -> None:
    with pytest.raises(ConfigurationError, match="profile 'stored', which only wheels of editable installs have"):
        check_spec(PURE)


def test_renamed(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=r"other\.whl: its buildinfo belongs to spam_eggs-1\.0-cp313"):
        read_spec(wheel_of(tmp_path / "other.whl", COMPILED))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"x\.whl: there is no such wheel"):
        read_spec(tmp_path / "x.whl")


def test_of_another_backend(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        archive.writestr("x.dist-info/WHEEL", "")
    with pytest.raises(ConfigurationError, match=r"x\.whl: holds no zigbuild-buildinfo\.json"):
        read_spec(tmp_path / "x.whl")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "two"])
def test_damaged(damage: str, tmp_path: Path) -> None:
    path = wheel_of(tmp_path / COMPILED.file_name, COMPILED)
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[100] ^= 1
    elif damage == "two":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("other.dist-info/zigbuild-buildinfo.json", "{}")
        data = bytearray(path.read_bytes())
    else:
        data = bytearray(b"" if damage == "empty" else b"no zip at all")
    path.write_bytes(data)
    with pytest.raises(MismatchError, match=r"is not a sound zip file|is no buildinfo"):
        read_spec(path)


def test_identifiers() -> None:
    assert identify(COMPILED) == "cp313-win_amd64"
    assert identify(DISTRIBUTED) == "py3-none-any"


def test_one_group_for_a_matrix() -> None:
    matrix = [spec_of(python, target) for python in ("cp312", "cp313") for target in ("win_amd64", "win_arm64")]
    assert group_specs(matrix) == [tuple(matrix)]
    assert group_specs([*matrix, matrix[0]]) == [tuple(matrix), (matrix[0],)]


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 5},
        {"optimize": "small"},
        {"zig": "0.15.2"},
        {"source": "99" * 32},
        {"requirements": ()},
        {"overrides": ("define.A=1",)},
    ],
)
def test_groups_differ_in_what_a_call_has_one_of(changes: dict[str, Any]) -> None:
    one, other = spec_of("cp312", "win_amd64"), spec_of("cp313", "win_amd64", **changes)
    assert group_specs([one, other]) == [(one,), (other,)]


def test_a_call_has_one_header_set_for_a_version() -> None:
    one, other = spec_of("cp313", "win_amd64"), spec_of("cp313+", "win_arm64")
    third = spec_of("cp312+", "win_arm64")
    assert group_specs([one, other, third]) == [(one, third), (other,)]
