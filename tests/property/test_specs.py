"""The identity of a wheel: every field of its specification is in its digest, and its text gives all of them back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import COMPILED, PURE
from zigbuild_backend.core.base.pythons import PYTHONS, STABLE_ABIS, Python
from zigbuild_backend.core.base.targets import TARGETS, Target, find_target
from zigbuild_backend.core.wheel.buildinfo import digest_spec, parse_buildinfo, render_buildinfo
from zigbuild_backend.core.wheel.spec import PythonInput, WheelSpec
from zigbuild_backend.core.zig.macos_sdk import SdkInput

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=20)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """Of the table, or above its versions."""
    target = draw(st.sampled_from(TARGETS))
    (major, minor), raised = target.os_version, draw(st.integers(0, 30))
    tag = target.platform_tag
    if target.group == "manylinux":
        tag = f"manylinux_2_{minor + raised}_{target.arch}"
    elif target.group == "macos":
        tag = f"macosx_{major + raised}_{minor}_{target.arch}"
    return find_target(tag)


pythons = st.sampled_from([*PYTHONS, *STABLE_ABIS])
python_inputs = st.builds(PythonInput, pythons, WORDS, DIGESTS, st.just("") | DIGESTS)
specs = st.builds(
    WheelSpec,
    name=WORDS,
    version=WORDS,
    tag=WORDS,
    source=DIGESTS,
    backend=st.builds(" ".join, st.tuples(WORDS, WORDS, DIGESTS)),
    requirements=st.lists(WORDS, max_size=3).map(tuple),
    archive=WORDS,
    epoch=st.integers(0, 2**53),
    zig=WORDS,
    optimize=WORDS,
    target=st.none() | targets(),
    python=st.none() | python_inputs,
    recipe=st.just("") | DIGESTS,
    overrides=st.lists(WORDS, max_size=2).map(tuple),
    sdk=st.none() | st.builds(SdkInput, WORDS, DIGESTS),
    headers=st.dictionaries(WORDS, DIGESTS, max_size=2).map(lambda headers: tuple(sorted(headers.items()))),
)


@given(targets())
def test_platform_tag_finds_its_target(target: Target) -> None:
    assert find_target(target.platform_tag) == target


@given(specs, DIGESTS)
def test_buildinfo_round_trip(spec: WheelSpec, members: str) -> None:
    text = render_buildinfo(spec, members)
    assert parse_buildinfo(text) == spec
    assert json.loads(text)["members"] == members


@given(specs, specs)
def test_equal_digests_mean_equal_specifications(one: WheelSpec, other: WheelSpec) -> None:
    assert (digest_spec(one) == digest_spec(other)) == (one == other)
    assert digest_spec(replace(one)) == digest_spec(one)


OTHER: dict[str, Any] = {
    **dict.fromkeys(("name", "version", "tag", "source", "archive", "zig", "optimize", "recipe"), "other"),
    "requirements": ("packaging==26.3",),
    "overrides": ("define.A=1",),
    "sdk": SdkInput("macosx14.2", "88" * 32),
    "headers": (("numpy", "99" * 32),),
    "epoch": 1,
    "target": find_target("win_arm64"),
    "python": PythonInput(Python(13), "3.13.3", "33" * 32, "44" * 32),
}


@pytest.mark.parametrize("spec", [COMPILED, PURE])
@pytest.mark.parametrize("name", [field.name for field in fields(WheelSpec)])
def test_every_field_changes_the_digest(spec: WheelSpec, name: str) -> None:
    for value in [f"x {part}" for part in ("1 a", "2 a", "1 b")] if name == "backend" else [OTHER[name]]:
        assert digest_spec(replace(spec, **{name: value})) != digest_spec(spec)


@pytest.mark.parametrize("name", [field.name for field in fields(PythonInput)])
def test_every_field_of_the_python_changes_the_digest(name: str) -> None:
    assert COMPILED.python
    value: Any = Python(13, free_threaded=True) if name == "python" else "other"
    changed = replace(COMPILED, python=replace(COMPILED.python, **{name: value}))
    assert digest_spec(changed) != digest_spec(COMPILED)


@pytest.mark.parametrize("field", ["sdk", "headers"])
def test_a_part_of_an_input_changes_the_digest(field: str) -> None:
    others = [SdkInput("macosx14.2", "99" * 32), SdkInput("macosx14.4", "88" * 32)]
    if field == "headers":
        others = [(("numpy", "88" * 32),), (("cppy", "99" * 32),), (("cppy", "99" * 32), ("numpy", "99" * 32))]
    digests = {digest_spec(replace(COMPILED, **{field: value})) for value in (OTHER[field], *others)}
    assert len(digests) == 1 + len(others)


@pytest.mark.parametrize("change", [{"triple": "x86_64-windows-msvc"}, {"cpu": "x86_64_v3"}, {"platform_tag": "win32"}])
def test_how_a_target_is_compiled_changes_the_digest(change: dict[str, str]) -> None:
    assert COMPILED.target
    changed = replace(COMPILED, target=replace(COMPILED.target, **change))
    assert digest_spec(changed) != digest_spec(COMPILED)
