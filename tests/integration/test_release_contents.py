"""A project that says all of what its releases hold: the same wheel from its clone and from its sdist, and it works."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from machines import make_venv
from projects import Files, write_files
from zigbuild_backend.core.zig.toolchain import Zig

FILES: Files = {
    "pyproject.toml": """
[build-system]
requires = ["zigbuild-backend>=0.1"]
build-backend = "zigbuild_backend"

[project]
name = "spam-eggs"
dynamic = ["version", "readme"]
license-files = ["LICENSE"]

[tool.zigbuild]
minimum-version = "build-system.requires"
packages = ["src/spam", "src/spam-stubs"]

[tool.zigbuild.version]
from = "vcs"
write-to = "src/spam/_version.py"

[tool.zigbuild.readme]
content-type = "text/markdown"
fragments = [{ path = "README.md", end-before = "## Development" }, { path = "CHANGES.md" }]

[tool.zigbuild.sdist]
include = ["/src/spam/table.bin"]
exclude = ["/docs", "!/docs/spam.1"]

[tool.zigbuild.wheel]
include = { "schemas" = "spam/schemas", "notice.txt" = "spam/NOTICE" }
exclude = ["schemas/*.bak"]
scripts = ["bin/*"]
headers = ["include"]
data = { "man/spam.1" = "share/man/man1/spam.1" }
""",
    ".gitignore": "*.bin\n",
    "LICENSE": "MIT",
    "notice.txt": "thanks",
    "README.md": "# Spam\n\n## Development\n\nmake\n",
    "CHANGES.md": "## Changes\n\nall\n",
    "src/spam/__init__.py": "from ._version import __version__\n",
    "src/spam/py.typed": "",
    "src/spam/table.bin": b"\x00\x01",
    "src/spam/other.bin": b"\x02",
    "src/spam-stubs/__init__.pyi": "__version__: str\n",
    "schemas/deep/a.json": "{}",
    "schemas/a.bak": "",
    "bin/spam-tool": "#!/usr/bin/env python3\nimport spam\nprint(spam.__version__)\n",
    "bin/spam.sh": "#!/bin/sh\necho shell\n",
    "include/spam/spam.h": "#pragma once\n",
    "man/spam.1": ".TH SPAM 1\n",
    "docs/index.md": "x",
}
IN_SDIST = {*FILES, "src/spam/_version.py", "PKG-INFO"} - {"docs/index.md", "src/spam/other.bin"}


@dataclass(frozen=True)
class Release:
    """A built release: the sdist, and the wheel of the clone."""

    root: Path
    sdist: Path
    wheel: Path


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def zigbuild(*arguments: str | Path, **options: Mapping[str, str]) -> str:
    return run(sys.executable, "-m", "zigbuild_backend", *arguments, env=options.get("env"))


def ask_hook(name: str, root: Path) -> str:
    code = f"import zigbuild_backend as z; print(z.{name}())"
    return run(sys.executable, "-c", code, cwd=root).strip()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, zig: Zig) -> Release:  # noqa: ARG001 (skips without it)
    folder = tmp_path_factory.mktemp("contents")
    root = write_files(folder / "spam", FILES)
    (root / "bin/spam-tool").chmod(0o755)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "v1.5"]):
        run(*git, *arguments, cwd=root)
    zigbuild("sdist", root, "--out", folder / "dist")
    zigbuild("wheels", root, "--out", folder / "dist")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    assert run("git", "status", "--short", cwd=root) == ""  # nothing is written into the source tree
    return Release(root, sdist, wheel)


def test_sdist(release: Release) -> None:
    assert release.sdist.name == "spam_eggs-1.5.tar.gz"
    with tarfile.open(release.sdist) as archive:
        assert {name.removeprefix("spam_eggs-1.5/") for name in archive.getnames()} == IN_SDIST
        pkg_info = archive.extractfile("spam_eggs-1.5/PKG-INFO")
        assert pkg_info
        text = pkg_info.read().decode()
    assert "\nVersion: 1.5\n" in text
    assert text.endswith("\n\n# Spam\n\n## Changes\n\nall\n")
    assert "Dynamic:" not in text


def test_wheel(release: Release) -> None:
    data, info = "spam_eggs-1.5.data", "spam_eggs-1.5.dist-info"
    with zipfile.ZipFile(release.wheel) as archive:
        names = set(archive.namelist())
        assert {name for name in names if not name.startswith(info)} == {
            "spam/__init__.py",
            "spam/_version.py",
            "spam/py.typed",
            "spam/table.bin",
            "spam/NOTICE",
            "spam/schemas/deep/a.json",
            "spam-stubs/__init__.pyi",
            f"{data}/scripts/spam-tool",
            f"{data}/scripts/spam.sh",
            f"{data}/headers/spam/spam.h",
            f"{data}/data/share/man/man1/spam.1",
        }
        assert archive.read(f"{data}/scripts/spam-tool") == b"#!python\nimport spam\nprint(spam.__version__)\n"
        assert archive.read(f"{data}/scripts/spam.sh") == FILES["bin/spam.sh"].encode()  # type: ignore[union-attr]
        modes = {member.filename: member.external_attr >> 16 & 0o777 for member in archive.infolist()}
        assert modes[f"{data}/scripts/spam.sh"] == modes[f"{data}/scripts/spam-tool"] == 0o755
        assert modes[f"{data}/headers/spam/spam.h"] == 0o644


def test_the_sdist_makes_the_same_wheel_without_git(release: Release, tmp_path: Path) -> None:
    hidden = write_files(tmp_path / "hidden", {"vcs_versioning.py": "raise ImportError"})
    env = {"PATH": "", "PYTHONPATH": os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])}
    zigbuild("wheels", release.sdist, "--out", tmp_path / "dist", env=env)
    assert (tmp_path / "dist" / release.wheel.name).read_bytes() == release.wheel.read_bytes()
    with tarfile.open(release.sdist) as archive:
        archive.extractall(tmp_path, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(tmp_path)
    unpacked = tmp_path / "spam_eggs-1.5"
    zigbuild("sdist", unpacked, "--out", tmp_path / "dist", env=env)
    assert (tmp_path / "dist" / release.sdist.name).read_bytes() == release.sdist.read_bytes()
    assert ask_hook("get_requires_for_build_sdist", unpacked) == "[]"
    assert ask_hook("get_requires_for_build_sdist", release.root) == "['vcs-versioning>=2.6,<3']"
    assert "vcs-versioning" in ask_hook("get_requires_for_build_wheel", release.root)
    assert "vcs-versioning" not in ask_hook("get_requires_for_build_wheel", unpacked)


def test_tools_agree(release: Release) -> None:
    zigbuild("check", release.wheel)
    # W009 is about the stubs' folder beside the package's.
    run(sys.executable, "-m", "check_wheel_contents", "--ignore", "W009", release.wheel)
    run(sys.executable, "-m", "twine", "check", "--strict", release.sdist, release.wheel)


def test_everything_is_where_it_belongs(release: Release, tmp_path: Path) -> None:
    venv = make_venv(sys.executable, tmp_path / "venv", "pip", release.wheel)
    assert venv.run(venv.folder / "bin/spam-tool").stdout == "1.5\n"
    assert venv.run(venv.folder / "bin/spam.sh").stdout == "shell\n"
    assert (venv.folder / "share/man/man1/spam.1").read_text() == FILES["man/spam.1"]
    assert list((venv.folder / "include").rglob("spam.h"))
    venv.run(venv.python, "-m", "pip", "uninstall", "-q", "-y", "spam-eggs")
    assert not list((venv.folder / "include").rglob("spam.h"))
