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
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from machines import EXAMPLE, PYTHONS, Venv, assert_auditwheel_agrees, make_venv

MATRIX = ("cp39", "cp310", "cp311", "cp312", "cp313", "cp313t")
TARGETS = 22
STRANGER = 65534
"""The user ``nobody``: what reads where only root may."""


@pytest.fixture(scope="session")
def matrix(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the example, made from its tree by the running Python in the user's own circumstances."""
    folder = tmp_path_factory.mktemp("matrix")
    venv = make_venv(sys.executable, folder / "venv", f"{backend}[cli]", "ziglang==0.16.0")
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


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that a stranger can reach: pytest's own is closed to all but one user."""
    folder = Path(tempfile.mkdtemp(prefix="ein ganz, anderer Ort é ", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_other_circumstances_give_the_same_bytes(matrix: Path, backend: Path, elsewhere: Path) -> None:
    """From the sdist, by the oldest Python, with zlib-ng for zlib, empty caches, one core, as another user."""
    if os.name != "posix" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root on Linux can become somebody else")
    folder = elsewhere
    venv = make_venv(PYTHONS[min(PYTHONS, key=lambda v: int(v[2:]))], folder / "venv", f"{backend}[cli]", "zlib-ng")
    venv.run(venv.python, "-m", "pip", "install", "-q", "ziglang==0.16.0")
    (site,) = venv.folder.glob("lib/python3.*/site-packages")
    (site / "zz.pth").write_text("import sys; from zlib_ng import zlib_ng; sys.modules['zlib'] = zlib_ng\n")
    assert "zlib_ng" in venv.run(venv.python, "-c", "import zlib; print(zlib.__name__, zlib.__doc__)").stdout

    make = "import zigbuild_backend, sys; zigbuild_backend.build_sdist(sys.argv[1])"
    venv.run(venv.python, "-c", make, folder, cwd=EXAMPLE)
    subprocess.run(["tar", "xzf", folder / "example_c-1.0.0.tar.gz", "-C", folder], check=True)
    project = (folder / "example_c-1.0.0").rename(folder / "Quelle")
    for number, path in enumerate(sorted(project.rglob("*"))):
        os.utime(path, (number * 1e8, number * 1e8))
    for path in (folder, *folder.rglob("*")):
        if venv.folder not in path.parents:
            os.chown(path, STRANGER, STRANGER, follow_symlinks=False)

    environ = {
        "HOME": str(folder / "heim"),
        "LC_ALL": "C",
        "TZ": "Asia/Kathmandu",
        "PYTHONHASHSEED": "4711",
        "TMPDIR": str(folder),
        "ZIGBUILD_CACHE_DIR": str(folder / "cache"),
        "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")),
        "PATH": f"{venv.folder / 'bin'}:{os.environ['PATH']}",
    }
    capability = "-all,+dac_read_search"  # the interpreters may lie in a home that is closed to strangers
    subprocess.run(
        [
            *("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"),
            *(f"--inh-caps={capability}", f"--ambient-caps={capability}"),
            *("sh", "-c", 'umask 077; exec "$@"', "sh"),
            *(venv.folder / "bin" / "zigbuild", "wheels", project, "--out", folder / "wheels", "-j1"),
        ],
        env=environ,
        check=True,
        timeout=2400,
    )
    one, other = read(matrix), read(folder / "wheels")
    assert one.keys() == other.keys()
    differing = {
        name: differing_members(matrix / name, folder / "wheels" / name) for name in one if one[name] != other[name]
    }
    assert not differing


def test_alone_is_as_in_company(matrix: Path, tmp_path: Path, backend: Path) -> None:
    """One wheel by the build hook, with no command-line extra installed, is the wheel of the matrix."""
    version, python = next(iter(PYTHONS.items()))
    venv = make_venv(python, tmp_path / "venv", backend, "ziglang==0.16.0")
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
    for wheel in wheels:
        if "linux" in wheel.name:
            assert_auditwheel_agrees(wheel)


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
