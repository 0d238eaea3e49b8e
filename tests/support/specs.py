"""Wheel specifications for tests."""

from __future__ import annotations

from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.wheel.spec import PythonInput, WheelSpec

COMPILED = WheelSpec(
    name="spam_eggs",
    version="1.0",
    tag="cp313-cp313-win_amd64",
    source="11" * 32,
    backend=f"zigbuild-backend 0.1.0 {'22' * 32}",
    requirements=("packaging==26.3", "pyproject-metadata==0.12.1"),
    archive="deflate-1",
    epoch=315532800,
    zig="0.16.0",
    optimize="fast",
    target=find_target("win_amd64"),
    python=PythonInput(Python(13), "3.13.2", "33" * 32, "44" * 32),
)

PURE = WheelSpec(
    name="spam",
    version="2.0+local",
    tag="py3-none-any",
    source="55" * 32,
    backend=COMPILED.backend,
    requirements=(),
    archive="stored",
    epoch=1700000000,
    recipe="66" * 32,
)
