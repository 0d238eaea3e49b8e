"""zig is kept in the store by the first isolated build that installs it, so that later ones need not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import packaging
import pyproject_metadata
import pytest

import zigbuild_backend
from caches import share_runtimes
from machines import ROOT
from zigbuild_backend.core.base.errors import MismatchError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.core.zig.ziglang import keep_asked, obtain_ziglang

ASKED = f"ziglang=={DEFAULT_ZIG}"
INFORMATION = f"ziglang-{DEFAULT_ZIG}.dist-info"


class Isolated:
    """Runs hooks in processes that see the backend and its libraries, and ziglang if *has_zig*."""

    def __init__(self, folder: Path, zig: Zig) -> None:
        package = zig.executable.parent
        self.ziglang = (package, package.with_name(INFORMATION))
        self.site, self.cache, self.project = folder / "site", folder / "cache", folder / "project"
        self.site.mkdir(parents=True)
        for package in (zigbuild_backend, packaging, pyproject_metadata):
            path = Path(str(package.__file__)).parent
            (self.site / path.name).symlink_to(path)
        share_runtimes(self.cache, ["zig"])
        shutil.copytree(ROOT / "examples" / "c", self.project, ignore=shutil.ignore_patterns("dist"))

    def call(self, hook: str, *, has_zig: bool, **environ: str) -> tuple[str, str]:
        """Return the result of a hook, as text, and its standard error."""
        if has_zig:
            for path in self.ziglang:
                (self.site / path.name).symlink_to(path)
        code = f"import sys, zigbuild_backend as b; print(b.{hook}, file=sys.__stdout__)"
        variables = {"PYTHONPATH": str(self.site), "ZIGBUILD_CACHE_DIR": str(self.cache)} | environ
        done = subprocess.run(
            [sys.executable, "-S", "-c", code],
            cwd=self.project,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        for path in self.ziglang:
            (self.site / path.name).unlink(missing_ok=True)
        return done.stdout.strip().rpartition("\n")[2], done.stderr


@pytest.fixture
def isolated(tmp_path: Path, zig: Zig) -> Isolated:
    assert zig.version == DEFAULT_ZIG
    return Isolated(tmp_path, zig)


def test_the_second_build_asks_for_no_zig(isolated: Isolated, tmp_path: Path) -> None:
    assert isolated.call("get_requires_for_build_wheel()", has_zig=False) == (f"['{ASKED}']", "")
    build = f"build_wheel({str(tmp_path / 'out')!r})"
    name, said = isolated.call(build, has_zig=True)
    assert (name.endswith(".whl"), said) == (True, "")
    assert isolated.call("get_requires_for_build_wheel()", has_zig=False) == ("[]", "")
    assert isolated.call("get_requires_for_build_editable()", has_zig=False) == ("[]", "")
    assert isolated.call(build, has_zig=False) == (name, "")


def test_it_is_said_and_can_be_prevented(isolated: Isolated) -> None:
    obtain_ziglang(DEFAULT_ZIG, Machine(Store(isolated.cache)))
    ask = "get_requires_for_build_wheel({'verbose': '1'})"
    assert isolated.call(ask, has_zig=False) == (
        "[]",
        f"zigbuild: zig {DEFAULT_ZIG} is kept in the cache (ZIGBUILD_KEEP_ZIG=0 installs it)\n",
    )
    assert isolated.call(ask, has_zig=False, ZIGBUILD_KEEP_ZIG="0") == (f"['{ASKED}']", "")


def test_nothing_is_kept_that_nobody_asked_for(isolated: Isolated, tmp_path: Path) -> None:
    """A build in an environment of the user's own leaves the cache without a copy."""
    isolated.call("get_requires_for_build_wheel()", has_zig=False, ZIGBUILD_KEEP_ZIG="0")
    name, _ = isolated.call(f"build_wheel({str(tmp_path / 'out')!r})", has_zig=True)
    assert name.endswith(".whl")
    assert not (isolated.cache / "ziglang" / DEFAULT_ZIG).exists()


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_damaged_zig_is_not_kept(zig: Zig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    package = zig.executable.parent
    information = package.with_name(INFORMATION)
    site = tmp_path / "site"
    shutil.copytree(information, site / INFORMATION)
    rows = (information / "RECORD").read_text().splitlines()
    chosen = [row for row in rows if row.startswith(("ziglang/lib/c.zig,", "ziglang/zig", "ziglang/__init__"))]
    (site / INFORMATION / "RECORD").write_text("".join(f"{row}\n" for row in chosen))
    for row in chosen:
        path = row.partition(",")[0]
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package.parent / path, site / path)
    damaged = site / "ziglang" / "lib" / "c.zig"
    damaged.write_text("") if damage == "altered" else damaged.unlink()
    monkeypatch.setattr(sys, "path", [str(site)])
    machine = Machine(Store(tmp_path / "cache"))
    executable = site / "ziglang" / zig.executable.name
    (machine.store.folder("ziglang") / f"{DEFAULT_ZIG}.asked").touch()
    with pytest.raises(MismatchError, match=r"ziglang/lib/c\.zig: is not the file that its RECORD names"):
        keep_asked(Zig(executable, DEFAULT_ZIG, machine))
    assert not (machine.store.root / "ziglang" / DEFAULT_ZIG).exists()
