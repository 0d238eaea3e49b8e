"""A build frontend for tests: it calls the hooks in a project that is given as files, and reads what they made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.tags import sys_tags

import zigbuild_backend
from machines import Venv
from projects import Files, write_files
from zigbuild_backend.core.wheel.buildinfo import FILE_NAME as BUILDINFO
from zigbuild_backend.core.wheel.sbom import FILE_NAME as SBOM

Config = Mapping[str, str]

OWN = ("METADATA", "RECORD", "WHEEL", BUILDINFO, f"sboms/{SBOM}")
"""The files that every wheel has in its ``.dist-info``."""


@dataclass(frozen=True)
class Wheel:
    """A wheel: its members in order of their paths."""

    path: Path
    members: tuple[zipfile.ZipInfo, ...]

    @property
    def info(self) -> str:
        """The folder of its metadata."""
        return "-".join(self.path.name.split("-")[:2]) + ".dist-info"

    @property
    def tag(self) -> str:
        return self.path.stem.split("-", 2)[2]

    @property
    def is_for_this_python(self) -> bool:
        """Return whether the running Python takes its tag, and the tag names its ABI."""
        tags = {str(tag) for tag in sys_tags()}
        return self.tag in tags and self.tag.startswith(str(next(sys_tags())).rsplit("-", 1)[0])

    @property
    def extension_suffix(self) -> str:
        """The suffix of its modules, if it is for the running Python."""
        return sysconfig.get_config_var("EXT_SUFFIX")

    @property
    def names(self) -> set[str]:
        """The paths of its members, but for those that every wheel has."""
        return {member.filename for member in self.members} - {f"{self.info}/{name}" for name in OWN}

    def read(self, name: str) -> str:
        """Return a member as text; one of ``.dist-info`` by its name there."""
        names = {member.filename for member in self.members}
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name if name in names else f"{self.info}/{name}").decode()

    def run(self, code: str, folder: Path) -> str:
        """Return what Python code prints that can import the wheel's modules, which are unpacked into *folder*."""
        with zipfile.ZipFile(self.path) as archive:
            archive.extractall(folder)
        command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass(frozen=True)
class Frontend:
    """Calls the hooks in the folder of a project; what one makes is put beside it, in a folder of its name."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def write(self, files: Files, name: str = "project") -> Path:
        """Return the folder of a project that has these *files*."""
        return write_files(self.folder / name, files)

    def wheel(self, project: Path, config: Config | None = None) -> Wheel:
        """Return the wheel of *project*, with the settings of *config*."""
        return self._read(self._call("build_wheel", project, config))

    def editable(self, project: Path, config: Config | None = None) -> Wheel:
        return self._read(self._call("build_editable", project, config))

    def sdist(self, project: Path, config: Config | None = None) -> dict[str, tarfile.TarInfo]:
        """Return the members of the sdist of *project*, by their paths below its one folder."""
        path = self._call("build_sdist", project, config)
        top = path.name.removesuffix(".tar.gz")
        with tarfile.open(path) as archive:
            members = archive.getmembers()
        assert {member.name.split("/")[0] for member in members} == {top}
        return {member.name.removeprefix(f"{top}/"): member for member in members}

    def read_sdist(self, name: str) -> str:
        """Return a member of the sdist that was made last."""
        path = max(self.folder.glob("build_sdist/*.tar.gz"), key=lambda path: path.stat().st_mtime_ns)
        with tarfile.open(path) as archive:
            file = archive.extractfile(f"{path.name.removesuffix('.tar.gz')}/{name}")
            assert file
            return file.read().decode()

    def install(self, wheel: Wheel, venv: Venv) -> None:
        uv = Path(sys.executable).with_name("uv")
        command = [uv, "pip", "install", "-q", "--offline", "--no-deps", "--python", venv.python, wheel.path]
        subprocess.run(command, check=True, timeout=60)

    def venv(self) -> Venv:
        """Return a new environment with nothing in it."""
        folder = self.folder / "venv"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
        return Venv(folder)

    def _call(self, hook: str, project: Path, config: Config | None = None) -> Path:
        out = self.folder / hook
        self.monkeypatch.chdir(project)
        return out / getattr(zigbuild_backend, hook)(os.fspath(out), config)

    def _read(self, path: Path) -> Wheel:
        with zipfile.ZipFile(path) as archive:
            return Wheel(path, tuple(sorted(archive.infolist(), key=lambda member: member.filename)))


def commit(project: Path, *, tag: str = "") -> None:
    """Make the folder a git repository in which all is committed, and tagged."""
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    commands: list[tuple[str, ...]] = [("init", "-q"), ("add", "."), ("commit", "-q", "-m", "all")]
    for command in [*commands, *([("tag", tag)] if tag else [])]:
        subprocess.run([*git, *command], cwd=project, check=True)
