"""The build frontend of these tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from frontends import Frontend
from zigbuild_backend.core.zig.toolchain import Zig


@pytest.fixture
def frontend(zig: Zig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frontend:
    """Return a frontend without settings in the environment."""
    for name in (name for name in os.environ if name.startswith("ZIGBUILD_") and name != "ZIGBUILD_CACHE_DIR"):
        monkeypatch.delenv(name)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert zig.version
    return Frontend(tmp_path, monkeypatch)
