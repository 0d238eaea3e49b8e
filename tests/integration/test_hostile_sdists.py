"""Sources that mean ill, made again as the server does it: refused or ended, with the reason, and nothing suffers."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from confined import User
from machines import EXAMPLE
from repositories import zigbuild_well
from zigbuild_backend.core.base.errors import ZigbuildError
from zigbuild_backend.core.base.host import find_host_python
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.core.wheel.spec import WheelSpec
from zigbuild_backend.rebuild.build_variations import default_variation
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.sandbox.command import Sandbox
from zigbuild_backend.rebuild.sandbox.limits import Limits
from zigbuild_backend.rebuild.source_finder import WheelSource, digest_source
from zigbuild_backend.rebuild.wheel_rebuild import RebuildSetup, Rebuilt, rebuild
from zigbuild_backend.rebuild.wheel_specs import read_spec

pytestmark = pytest.mark.full

MODULE = "src/example_c/_distance.c"
PREFIX = "example_c-1.0.0/"
Alter = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]


@pytest.fixture(scope="module", autouse=True)
def has_sandbox(own_user: User) -> User:
    """Without the sandbox these tests are skipped."""
    return own_user


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an honest sdist and its wheel for this machine."""
    folder = tmp_path_factory.mktemp("honest")
    zigbuild_well("wheels", EXAMPLE, "--only", f"{find_host_python()}-manylinux_2_17_x86_64", "--out", folder, "-q")
    zigbuild_well("sdist", EXAMPLE, "--out", folder)
    return folder


def alter(release: Path, folder: Path, change: Alter) -> Path:
    """Return an sdist that says that it is the honest one, with its members as *change* gives them."""
    (original,) = release.glob("*.tar.gz")
    with tarfile.open(original) as archive:
        members = {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]
    with tarfile.open(folder / original.name, "w:gz") as archive:
        for name, data in change({name[len(PREFIX) :]: data for name, data in members.items()}).items():
            member = tarfile.TarInfo(PREFIX + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return folder / original.name


def make(release: Path, folder: Path, change: Alter, sandbox: Sandbox) -> Rebuilt:
    """Rebuild a wheel whose sources were altered, and its buildinfo with them."""
    sdist = alter(release, folder, change)
    store = default_store(os.environ)
    (wheel,) = release.glob("*.whl")
    spec: WheelSpec = replace(read_spec(wheel), source=digest_source(sdist, store))
    setup = RebuildSetup(Machine(store, os.environ, print), sandbox, default_variation())
    (made,) = rebuild([spec], WheelSource(sdist), folder / "out", setup)
    return made


def add_line(line: str) -> Alter:
    return lambda files: {**files, MODULE: files[MODULE] + f"\n{line}\n".encode()}


def set_key(old: str, new: str) -> Alter:
    return lambda files: {**files, "pyproject.toml": files["pyproject.toml"].replace(old.encode(), new.encode())}


def test_honest_sources_are_made_again(release: Path, tmp_path: Path) -> None:
    made = make(release, tmp_path, dict, find_sandbox(os.environ))
    assert made.error is None
    assert made.path
    assert made.path.read_bytes() == next(release.glob("*.whl")).read_bytes()


@pytest.mark.parametrize(
    "line",
    ['#include "{}"', 'char stolen[] = {{\n#embed "{}"\n}};', '__asm__(".incbin \\"{}\\"");'],
    ids=["include", "embed", "incbin"],
)
def test_file_of_the_host(line: str, release: Path, tmp_path: Path) -> None:
    """The attacker's own machine had that file: what was published holds it. Here the sandbox does not."""
    secret = tmp_path / "secret.h"
    secret.write_text("4711\n")
    (tmp_path / "sdist").mkdir()
    made = make(release, tmp_path / "sdist", add_line(line.format(secret)), find_sandbox(os.environ))
    assert str(secret) in str(made.error)
    assert "not found" in str(made.error) or "Could not find" in str(made.error)
    assert made.path is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('#include "/dev/zero"', "ran for more than 3 seconds"),
        ('__asm__(".incbin \\"/dev/zero\\"");', "used more than 700 MiB of memory"),
    ],
    ids=["time", "memory"],
)
def test_sources_without_end(line: str, reason: str, release: Path, tmp_path: Path) -> None:
    limits = Limits(seconds=3) if "ran" in reason else Limits(memory=700 << 20, seconds=60)
    made = make(release, tmp_path, add_line(line), find_sandbox(os.environ, limits))
    assert reason in str(made.error)
    assert make(release, tmp_path, dict, find_sandbox(os.environ)).error is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_key('"src/example_c/*.c"', '"../../../../../etc/*.c"'), "sources"),
        (set_key('"src/example_c/*.c"', '"/etc/passwd"'), "sources"),
        (set_key('license-files = ["LICENSE"]', 'license-files = ["/etc/passwd"]'), "license-files"),
        (set_key('readme = "README.md"', 'readme = "../../etc/passwd"'), "readme"),
        (lambda files: {**files, "../../escaped": b"x"}, "escaped"),
    ],
    ids=["sources-above", "sources-of-the-host", "license", "readme", "member"],
)
def test_sources_that_climb_out(change: Alter, reason: str, release: Path, tmp_path: Path) -> None:
    with pytest.raises(ZigbuildError) as raised:
        error = make(release, tmp_path, change, find_sandbox(os.environ)).error
        assert error
        raise error
    assert reason in str(raised.value)
    assert "root:" not in str(raised.value)


def test_code_of_an_sdist_is_not_run(release: Path, tmp_path: Path) -> None:
    """Neither its setup.py nor a build backend of its own, nor modules that are called like those of the build."""
    code = b"import os\nos.abort()\n"
    added = dict.fromkeys(
        ["setup.py", "zigbuild_backend/__init__.py", "packaging.py", "sitecustomize.py", "json.py"], code
    )
    backend = set_key('build-backend = "zigbuild_backend"', 'build-backend = "packaging"\nbackend-path = ["."]')
    made = make(release, tmp_path, lambda files: {**backend(files), **added}, find_sandbox(os.environ))
    assert made.error is None
