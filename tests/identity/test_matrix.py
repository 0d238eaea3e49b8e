"""The law: a wheel's bytes follow from its specification. The whole matrix, twice, with all else turned over."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from caches import lend_objects, share_runtimes
from machines import EXAMPLE, PYTHONS, Venv, assert_auditwheel_agrees, make_venv
from zigbuild_backend.core.base.host import find_host_python
from zigbuild_backend.core.base.store import default_store

MATRIX = ("cp39", "cp310", "cp311", "cp312", "cp313", "cp313t")
TARGETS = 22
QUICK = ("manylinux_2_17_s390x", "musllinux_1_2_aarch64", "macosx_11_0_arm64")
"""Platforms whose runtimes take seconds."""

ZIG = "ziglang==0.16.0"
STRANGER = 65534
"""The user ``nobody``: what reads where only root may."""


@pytest.fixture(scope="session")
def matrix(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheels of the example, made from its tree by the running Python in the user's own environment."""
    folder = tmp_path_factory.mktemp("matrix")
    venv = make_venv(sys.executable, folder / "venv", f"{backend}[cli]", ZIG)
    build(venv, shutil.copytree(EXAMPLE, folder / "c"), folder / "wheels", "-j2")
    return folder / "wheels"


def build(venv: Venv, project: Path, out: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
    done = venv.run(
        *(venv.folder / "bin" / "zigbuild", "wheels", project, "--out", out, "--json", *options),
        env={"PATH": f"{venv.folder / 'bin'}:{os.environ['PATH']}", **(env or {})},
        timeout=2400,
    )
    assert json.loads(done.stdout)


def read(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.whl"))}


def differing_members(one: Path, other: Path) -> list[str]:
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        mine, others = ({name: archive.read(name) for name in archive.namelist()} for archive in (first, second))
    return sorted(name for name in mine.keys() | others.keys() if mine.get(name) != others.get(name))


def test_matrix_is_complete(matrix: Path) -> None:
    names = read(matrix)
    pythons = {name.split("-")[3] for name in names}
    assert len(names) == TARGETS * len(pythons)
    if os.environ.get("CI"):
        assert pythons == set(MATRIX)


@dataclass(frozen=True)
class Elsewhere:
    """Another place: a folder, an environment of the oldest Python with zlib-ng for zlib, and the project in it."""

    folder: Path
    venv: Venv
    project: Path

    def make(self, out: Path, cache: Path, *options: str, by: tuple[str, ...] = ()) -> None:
        """Make the project's wheels with a store in *cache*; *by* is the command that becomes who does it."""
        zigbuild = [self.venv.folder / "bin" / "zigbuild", "wheels", self.project, "--out", out, "-j1", "-q", *options]
        environ = {
            "HOME": str(self.folder / "heim"),
            "LC_ALL": "C",
            "TZ": "Asia/Kathmandu",
            "PYTHONHASHSEED": "4711",
            "TMPDIR": str(self.folder),
            "ZIGBUILD_CACHE_DIR": str(cache),
            "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")),
            "PATH": f"{self.venv.folder / 'bin'}:{os.environ['PATH']}",
        }
        line = [*by, "sh", "-c", 'umask 077; exec "$@"', "sh", *zigbuild]
        subprocess.run(line, env=environ, check=True, timeout=2400)


@pytest.fixture(scope="module")
def elsewhere(backend: Path) -> Iterator[Elsewhere]:
    """Yield a place that a stranger can reach, as pytest's own is not; the files of its project are of all times."""
    folder = Path(tempfile.mkdtemp(prefix="ein ganz, anderer Ort é ", dir="/var/tmp"))
    folder.chmod(0o755)
    venv = make_venv(next(iter(PYTHONS.values())), folder / "venv", f"{backend}[cli]", "zlib-ng", ZIG)
    (site,) = venv.folder.glob("lib/python3.*/site-packages")
    (site / "zz.pth").write_text("import sys; from zlib_ng import zlib_ng; sys.modules['zlib'] = zlib_ng\n")
    assert "zlib_ng" in venv.run(venv.python, "-c", "import zlib; print(zlib.__name__, zlib.__doc__)").stdout

    make = "import zigbuild_backend, sys; zigbuild_backend.build_sdist(sys.argv[1])"
    venv.run(venv.python, "-c", make, folder, cwd=EXAMPLE)
    subprocess.run(["tar", "xzf", folder / "example_c-1.0.0.tar.gz", "-C", folder], check=True)
    project = (folder / "example_c-1.0.0").rename(folder / "Quelle")
    for number, path in enumerate(sorted(project.rglob("*"))):
        os.utime(path, (number * 1e8, number * 1e8))
    yield Elsewhere(folder, venv, project)
    shutil.rmtree(folder)


def assert_same(matrix: Path, again: Path, names: Collection[str]) -> None:
    """Assert that *again* holds the wheels *names* of the matrix, and no others."""
    one, other = read(matrix), read(again)
    assert other.keys() == set(names)
    differing = {name: differing_members(matrix / name, again / name) for name in other if one[name] != other[name]}
    assert not differing


def test_other_environments_give_the_same_bytes(matrix: Path, elsewhere: Elsewhere) -> None:
    """From the sdist, by the oldest Python, with zlib-ng for zlib, on one core, and nothing kept but zig's runtimes."""
    cache, out = elsewhere.folder / "cache", elsewhere.folder / "wheels"
    share_runtimes(cache)
    elsewhere.make(out, cache)
    assert_same(matrix, out, read(matrix))


def find_wheels(matrix: Path, *tags: str) -> dict[str, str]:
    """Identifier → file name of the matrix's wheels for the running Python and the platforms *tags*."""
    identifiers = [f"{find_host_python()}-{tag}" for tag in tags]
    names = read(matrix)
    return {one: next(name for name in names if name.endswith(f"-{one}.whl")) for one in identifiers}


def test_strangers_with_empty_caches_make_the_same_bytes(matrix: Path, elsewhere: Elsewhere) -> None:
    """Another user without any cache makes a wheel for each C library whose runtime is compiled quickly.

    With ``ZIGBUILD_WHOLE_MATRIX`` set it is every wheel, in 6 minutes.
    """
    if os.name != "posix" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root on Linux can become somebody else")
    cache, out = elsewhere.folder / "leer", elsewhere.folder / "fremd"
    wanted = {} if os.environ.get("ZIGBUILD_WHOLE_MATRIX") else find_wheels(matrix, *QUICK)
    out.mkdir()
    for path in (elsewhere.folder, *elsewhere.folder.rglob("*")):
        if elsewhere.venv.folder not in path.parents:
            os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    capability = "-all,+dac_read_search"  # the interpreters may lie in a home that is closed to strangers
    identity = ("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups")
    by = (*identity, f"--inh-caps={capability}", f"--ambient-caps={capability}")
    elsewhere.make(out, cache, *(part for one in wanted for part in ("--only", one)), by=by)
    assert_same(matrix, out, wanted.values() or read(matrix))


def test_runtime_of_windows_is_compiled_to_the_same_bytes(matrix: Path, elsewhere: Elsewhere) -> None:
    """Compiles the files that get into modules; all 400 would take minutes, so the others are lent."""
    cache, out = elsewhere.folder / "geliehen", elsewhere.folder / "fenster"
    share_runtimes(cache, ("ziglang", "deflate"))
    lend_objects(default_store(os.environ).root / "zig", cache / "zig")
    ((identifier, name),) = find_wheels(matrix, "win_amd64").items()
    elsewhere.make(out, cache, "--only", identifier)
    assert_same(matrix, out, [name])


def test_alone_is_as_in_company(matrix: Path, tmp_path: Path, backend: Path) -> None:
    """One wheel by the build hook, with no command-line extra installed, is the wheel of the matrix."""
    version, python = next(iter(PYTHONS.items()))
    venv = make_venv(python, tmp_path / "venv", backend, ZIG)
    ask = {"target": "win_amd64", "python": f"cp3{version[2:]}"}
    make = f"import zigbuild_backend, sys; print(zigbuild_backend.build_wheel(sys.argv[1], {ask}))"
    name = venv.run(venv.python, "-c", make, tmp_path, cwd=EXAMPLE).stdout.strip()
    assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == read(matrix)[name]


def test_judges_agree(matrix: Path) -> None:
    """zigbuild itself, auditwheel, twine and check-wheel-contents find every wheel of the matrix sound."""
    wheels = sorted(matrix.glob("*.whl"))
    run = [sys.executable, "-m"]
    subprocess.run([*run, "zigbuild_backend", "check", *wheels], check=True, capture_output=True)
    subprocess.run([*run, "twine", "check", "--strict", *wheels], check=True, capture_output=True)
    subprocess.run([*run, "check_wheel_contents", *wheels], check=True, capture_output=True)
    assert_auditwheel_agrees(*(wheel for wheel in wheels if "linux" in wheel.name))


def test_own_sdist_gives_the_same_wheel(backend: Path, tmp_path: Path) -> None:
    """The backend's own wheel, built from its sdist by what that sdist holds."""
    root = Path(__file__).parents[2]
    make = "import zigbuild_backend, sys; zigbuild_backend.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", make, tmp_path], cwd=root, check=True, env=os.environ | {"PYTHONPATH": "src"})
    (sdist,) = tmp_path.glob("*.tar.gz")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, sdist],
        check=True,
    )
    assert (tmp_path / backend.name).read_bytes() == backend.read_bytes()
