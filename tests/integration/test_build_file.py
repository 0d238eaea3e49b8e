"""Projects with a build.zig of their own: an ejected one gives the same bytes, any other one is told what to build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lanes import EACH_ZIG
from machines import ROOT
from projects import render_module
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.base.pins import SUPPORTED_ZIGS
from zigbuild_backend.core.base.store import default_store

HOST = f"{find_host_python()}-{find_host_target()}"
WHEELS = (HOST, "cp312-win_amd64", "cp312-macosx_10_13_universal2", "cp312-musllinux_1_2_x86_64")
RUN = [sys.executable, "-m", "zigbuild_backend"]
EXAMPLE = ROOT / "examples" / "build-file"


def zigbuild(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *map(str, arguments)], capture_output=True, text=True, timeout=900)


def only(*identifiers: str) -> list[str]:
    return [option for identifier in identifiers for option in ("--only", identifier)]


def read_modules(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


@pytest.mark.parametrize("version", EACH_ZIG)
def test_ordinary_build_file(version: str, tmp_path: Path) -> None:
    project = Path(shutil.copytree(EXAMPLE, tmp_path / "project"))
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("[tool.zigbuild]\n", f'[tool.zigbuild]\nzig = "{version}"\n'))
    done = zigbuild(
        "wheels", project, "--out", tmp_path, *only(*(WHEELS if version == SUPPORTED_ZIGS[1] else WHEELS[:1]))
    )
    assert done.returncode == 0, done.stderr
    wheels = sorted(tmp_path.glob("*.whl"))
    assert zigbuild("check", *wheels).returncode == 0
    (wheel,) = tmp_path.glob(f"*{find_host_target()}.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    code = "import example_build_file; print(example_build_file.divisor(48, 36))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "unpacked", capture_output=True, text=True)
    assert done.stdout == "12\n", done.stderr


@pytest.mark.parametrize(
    ("old", "new", "exit_code", "said"),
    [
        ("b.standardTargetOptions(.{})", "b.graph.host", 3, "cannot be told which target to build for"),
        ("const strip =", "const strip = nonsense;", 3, "build.zig:6:"),
        ('.name = "_divisor"', '.name = "another"', 3, "lib/lib_divisor.so; it installs lib/libanother.so"),
    ],
)
def test_build_files_that_do_not_fit(old: str, new: str, exit_code: int, said: str, tmp_path: Path) -> None:
    project = Path(shutil.copytree(EXAMPLE, tmp_path / "project"))
    text = (project / "build.zig").read_text()
    (project / "build.zig").write_text(text.replace(old, new))
    done = zigbuild("wheels", project, "--out", tmp_path, *only(f"{find_host_python()}-manylinux_2_17_x86_64"))
    assert done.returncode == exit_code
    assert said in done.stderr


def test_build_file_that_is_not_there(tmp_path: Path) -> None:
    project = Path(shutil.copytree(EXAMPLE, tmp_path / "project"))
    (project / "build.zig").unlink()
    done = zigbuild("wheels", project, "--out", tmp_path, *only(HOST))
    assert done.returncode != 0
    assert "tool.zigbuild.build-file: " in done.stderr and "build.zig" in done.stderr


MODULE = """
[[tool.zigbuild.extension]]
name = "example_data._spam"
sources = ["src/spam.c"]
when = { os = "linux" }
"""


@pytest.mark.parametrize("module", ["", MODULE], ids=["programs", "both"])
def test_zig_alone_makes_ejected_programs(module: str, tmp_path: Path) -> None:
    project = Path(shutil.copytree(ROOT / "examples" / "data", tmp_path / "project"))
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + module)
    (project / "src" / "spam.c").write_text(render_module("_spam"))
    python = str(find_host_python()) if module else "py3"
    # None for Windows, for which zig would make the runtimes again: it knows them by the path of its own library.
    identifiers = [f"{python}-{find_host_target()}", "py3-macosx_11_0_arm64"]
    done = zigbuild("wheels", project, "--out", tmp_path / "wheels", *only(*identifiers))
    assert done.returncode == 0, done.stderr
    done = zigbuild("eject", project)
    assert done.returncode == 0, done.stderr
    assert re.search(rf" build --release=fast {'cp3[0-9]+t?' if module else 'py3'}-{find_host_target()}\n", done.stderr)
    assert (project / "zigbuild" / "include").is_dir() == bool(module)
    options = [f"-Dwheel={identifier}" for identifier in identifiers]
    environ = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(default_store(os.environ).folder("zig"))}
    command = [sys.executable, "-m", "ziglang", "build", "--release=fast", *options]
    subprocess.run(command, cwd=project, env=environ, check=True, timeout=900)
    made = {path.read_bytes() for path in (project / "zig-out").rglob("*") if path.is_file()}
    held = {
        data
        for wheel in (tmp_path / "wheels").iterdir()
        for name, data in read_modules(wheel).items()
        if name.endswith(("/example-roll", ".so"))
    }
    assert made == held
    assert len(held) == (3 if module else 2)


def test_ejected_build_file_gives_the_same_bytes(tmp_path: Path) -> None:
    identifiers = only(HOST, f"{find_host_python()}-win_amd64", f"{find_host_python()}-macosx_11_0_arm64")
    project = Path(shutil.copytree(ROOT / "examples" / "library", tmp_path / "project"))
    assert zigbuild("wheels", project, "--out", tmp_path / "generated", *identifiers).returncode == 0
    done = zigbuild("eject", project)
    assert done.returncode == 0, done.stderr
    pyproject = project / "pyproject.toml"
    pyproject.write_text(
        pyproject.read_text().replace("[tool.zigbuild]\n", '[tool.zigbuild]\nbuild-file = "build.zig"\n')
    )
    done = zigbuild("wheels", project, "--out", tmp_path / "ejected", *identifiers)
    assert done.returncode == 0, done.stderr
    generated = {path.name: read_modules(path) for path in (tmp_path / "generated").iterdir()}
    assert len(generated) == 3
    assert {path.name: read_modules(path) for path in (tmp_path / "ejected").iterdir()} == generated
    done = zigbuild("wheels", project, "--out", tmp_path, *only(f"{find_host_python()}-manylinux_2_40_x86_64"))
    assert done.returncode == 3 and "does not make all modules of this wheel" in done.stderr
