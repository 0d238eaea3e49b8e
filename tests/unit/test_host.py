"""The target and the Python of this machine."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec

import pytest
from packaging.tags import platform_tags

from zigbuild_backend.core.base import host
from zigbuild_backend.core.base.host import find_host_target
from zigbuild_backend.core.base.targets import TARGETS


def test_the_target_is_the_first_that_packaging_accepts() -> None:
    accepted = set(platform_tags())
    expected = next(target for target in TARGETS if target.platform_tag in accepted and not target.slices)
    assert find_host_target() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="there is no glibc")
@pytest.mark.parametrize("version", ["glibc 2.16", "glibc", "musl 1.2", "glibc two"])
def test_packaging_is_asked_where_glibc_is_older_or_missing(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: version)
    assert host._find_common_target() is None


@pytest.mark.skipif(sys.platform != "linux", reason="there is no glibc")
def test_packaging_is_asked_where_a_distribution_has_its_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: ModuleSpec(name, None))
    assert host._find_common_target() is None
