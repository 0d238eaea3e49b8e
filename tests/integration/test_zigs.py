"""Getting the zig that a project is pinned to, from a folder that stands for the index."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.zig.ziglang import obtain_zig

VERSION = "99.1"
EXECUTABLE = "ziglang/zig.exe" if sys.platform == "win32" else "ziglang/zig"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which installers know one version of zig and no network."""
    index = tmp_path / "index"
    index.mkdir()
    info = f"ziglang-{VERSION}.dist-info"
    with zipfile.ZipFile(index / f"ziglang-{VERSION}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(EXECUTABLE, "zig")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: ziglang\nVersion: {VERSION}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"{EXECUTABLE},,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return {
        **os.environ,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(index),
    }


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_installed_once(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, installer: str
) -> None:
    if installer == "uv":
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        if not uv:
            pytest.skip("uv is not installed")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        environ["PATH"] = str(Path(uv).parent)
    said: list[str] = []
    store = Store(tmp_path / "store")
    zig = obtain_zig(VERSION, Machine(store, environ, said.append))
    assert zig.executable.read_text() == "zig"
    assert zig.executable == store.root / "ziglang" / VERSION / EXECUTABLE
    assert said == [f"installing zig {VERSION} into the cache"]
    assert obtain_zig(VERSION, Machine(store, environ, said.append)) == zig
    assert len(said) == 1


def test_what_cannot_be_had(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(NotFoundError, match=r"ziglang==99\.2: cannot be installed:\n.*\n(.*\n)*  hint: "):
        obtain_zig("99.2", Machine(Store(tmp_path / "store"), environ, lambda text: None))
    assert not (tmp_path / "store" / "ziglang" / "99.2").exists()


def test_no_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotFoundError, match="neither pip nor uv"):
        obtain_zig(VERSION, Machine(Store(tmp_path / "store"), {"PATH": ""}, lambda text: None))


def test_damaged(tmp_path: Path, environ: dict[str, str]) -> None:
    store = Store(tmp_path / "store")
    obtain_zig(VERSION, Machine(store, environ, lambda text: None)).executable.unlink()
    with pytest.raises(NotFoundError, match="damaged"):
        obtain_zig(VERSION, Machine(store, environ, lambda text: None))
