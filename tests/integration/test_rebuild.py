"""Deleted wheels come back: ``rebuild``, ``verify`` and ``manifest`` as a user runs them, on real wheels."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from machines import EXAMPLE, PYTHONS, ROOT, Venv, make_venv
from tampering import BUILDINFO, Alteration, alter, edit_buildinfo, hashes, zigbuild
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.host import find_host_python
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.pins import VERSION
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.core.project.recipes import open_project

TARGETS = ("manylinux_2_17_x86_64", "win_amd64", "macosx_11_0_arm64")


@pytest.fixture(scope="module")
def newest(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """Return an environment of the running Python with the backend, what it requires, and pip."""
    return make_venv(sys.executable, tmp_path_factory.mktemp("newest") / "venv", backend, "pip")


@pytest.fixture(scope="module")
def oldest(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return make_venv(PYTHONS[next(iter(PYTHONS))], tmp_path_factory.mktemp("oldest") / "venv", backend, "pip")


@pytest.fixture(scope="module")
def release(newest: Venv, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with wheels of the example, one of each object format, and its sdist. Nobody writes into it."""
    out = tmp_path_factory.mktemp("release")
    only = [part for target in TARGETS for part in ("--only", f"{find_host_python()}-{target}")]
    for line in (("wheels", EXAMPLE, *only, "--out", out, "-q"), ("sdist", EXAMPLE, "--out", out)):
        done = zigbuild(newest, *line, cwd=out, env={"PIP_NO_INDEX": "", "UV_NO_INDEX": ""})
        assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def wheel(release: Path, tmp_path: Path) -> Path:
    """Return a copy of the release's Linux wheel, with its sdist beside it."""
    (original,) = release.glob("*manylinux*.whl")
    shutil.copy(release / "example_c-1.0.0.tar.gz", tmp_path)
    return Path(shutil.copy(original, tmp_path))


@pytest.mark.parametrize("machine", ["oldest", "newest"])
def test_made_again_under_another_python(
    machine: str, release: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    venv: Venv = request.getfixturevalue(machine)
    for number, wheel in enumerate(sorted(release.glob("*.whl"))):
        out = tmp_path / str(number)
        done = zigbuild(venv, "rebuild", wheel, "--out", out, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"{out / wheel.name}\n"), done.stderr
        assert (out / wheel.name).read_bytes() == wheel.read_bytes()


def test_a_release_comes_back_from_manifest_and_sdist(newest: Venv, release: Path, tmp_path: Path) -> None:
    dist = Path(shutil.copytree(release, tmp_path / "dist"))
    done = zigbuild(newest, "manifest", dist, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{dist / 'zigbuild-manifest.json'}\n"), done.stderr
    before = hashes(dist)
    kept, *deleted = sorted(dist.glob("*.whl"))
    for path in deleted:
        path.unlink()
    manifest = ("--manifest", dist / "zigbuild-manifest.json")
    done = zigbuild(newest, "rebuild", "all", *manifest, "--out", dist, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert hashes(dist) == before
    rows = json.loads(done.stdout)["wheels"]
    assert {row["file"]: row["sha256"] for row in rows} == {path.name: before[path.name] for path in deleted}
    assert all(row["identical"] and not row["problems"] for row in rows)

    kept.unlink()
    done = zigbuild(newest, "verify", kept, cwd=tmp_path)  # by the manifest beside it
    assert (done.returncode, done.stdout) == (0, f"{kept.name}: same\n"), done.stderr
    assert zigbuild(newest, "rebuild", kept.name, *manifest, "--out", "again", cwd=tmp_path).returncode == 0
    assert hashes(tmp_path / "again") == {kept.name: before[kept.name]}


def test_verified_in_build_environments_that_differ(newest: Venv, release: Path, tmp_path: Path) -> None:
    done = zigbuild(newest, "verify", release, "--contrast", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["wheels"]
    assert {row["file"]: row["sha256"] for row in rows} == hashes(release)
    for row in rows:
        assert (row["verdict"], row["level"], row["differences"]) == ("same", 4, [])
        assert {attempt["sha256"] for attempt in row["attempts"]} == {row["sha256"]}
        one, other = (attempt["circumstance"] for attempt in row["attempts"])
        same = {key for key in one if one[key] == other[key]}
        assert same <= ({"machine"} if len(PYTHONS) > 1 else {"machine", "python"})


def test_of_a_recipe(newest: Venv, tmp_path: Path) -> None:
    try:
        open_project("markupsafe", this_machine(os.environ), ROOT)  # into the store
    except NotFoundError as error:
        pytest.skip(f"the sdist is not to be had: {error}")
    only = f"{find_host_python()}-{TARGETS[0]}"
    built = zigbuild(newest, "wheels", ROOT / "recipes/markupsafe", "--only", only, "--out", tmp_path, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    known = {"ZIGBUILD_RECIPES": str(ROOT / "recipes")}
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env=known)
    assert (done.returncode, done.stdout) == (0, f"{wheel}: same\n"), done.stderr

    done = zigbuild(newest, "verify", wheel, "--sdist", wheel, cwd=tmp_path, env=known)
    assert done.returncode == 4
    assert re.search(r"has the sha256 \w{64}, the recipe names 2e9ad7dd851bf45f", done.stderr)

    done = zigbuild(newest, "verify", wheel, cwd=tmp_path)
    assert done.returncode == 5
    assert "the recipe with the digest " in done.stderr
    recipe = tmp_path / "recipes" / "markupsafe" / "recipe.toml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text((ROOT / "recipes/markupsafe/recipe.toml").read_text() + "# a later version\n")
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path)
    assert done.returncode == 4
    assert re.search(r"was built by a recipe with the digest \w{64}; \S+/markupsafe, of 3.0.4, has \w{64}", done.stderr)


def test_with_other_settings_than_the_project_s(newest: Venv, release: Path, tmp_path: Path) -> None:
    """Of the command line and the environment. A wheel says them when it is made again; the environment does not."""
    shutil.copy(release / "example_c-1.0.0.tar.gz", tmp_path)
    only = ("--only", f"{find_host_python()}-{TARGETS[0]}")
    options = ("--optimize", "small", "--set", "wheel.exclude=src/example_c/py.typed", "--set", "define.A=0")
    environ = {"ZIGBUILD_DEFINE_A": "'1 + 1'", "ZIGBUILD_EDITABLE_REBUILD": "1"}
    built = zigbuild(newest, "wheels", EXAMPLE, *only, *options, "--out", tmp_path, cwd=tmp_path, env=environ)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert hashes(tmp_path)[wheel.name] != hashes(release)[wheel.name]
    with zipfile.ZipFile(wheel) as archive:
        spec = json.loads(archive.read(BUILDINFO))
        assert "example_c/py.typed" not in archive.namelist()
    assert spec["optimize"] == "small"
    assert spec["overrides"] == ["define.A='1 + 1'", 'wheel.exclude=["src/example_c/py.typed"]']
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env={"ZIGBUILD_DEFINE_A": "3", "ZIGBUILD_OPTIMIZE": "fast"})
    assert (done.returncode, done.stdout) == (0, f"{wheel}: same\n"), done.stderr


def test_by_an_older_version_from_the_index(newest: Venv, tmp_path: Path) -> None:
    """Another version, whose core has another file, makes a wheel; ours fetches it to rebuild that."""
    tree = Path(shutil.copytree(ROOT, tmp_path / "tree", ignore=_leave_out))
    for path, line in (("pyproject.toml", "version = "), ("src/zigbuild_backend/core/base/pins.py", "VERSION = ")):
        text = (tree / path).read_text()
        assert f'\n{line}"{VERSION}"\n' in text
        (tree / path).write_text(text.replace(f'\n{line}"{VERSION}"\n', f'\n{line}"0.0.9"\n'))
    with (tree / "src/zigbuild_backend/core/base/targets.py").open("a") as file:
        file.write("\n# as it was\n")
    index = tmp_path / "index"
    command = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", index, tree)
    subprocess.run(command, check=True, timeout=300)
    older = make_venv(sys.executable, tmp_path / "older", "pip", *index.glob("zigbuild_backend-0.0.9-*.whl"))
    dist = tmp_path / "dist"
    for line in (("wheels", EXAMPLE, "--only", f"{find_host_python()}-{TARGETS[0]}"), ("sdist", EXAMPLE)):
        assert zigbuild(older, *line, "--out", dist, cwd=tmp_path).returncode == 0
    (wheel,) = dist.glob("*.whl")

    cache = {"ZIGBUILD_CACHE_DIR": str(_share_zig(tmp_path / "cache"))}
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env=cache)
    assert done.returncode == 5
    assert "zigbuild-backend==0.0.9: cannot be installed" in done.stderr
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env={**cache, "PIP_FIND_LINKS": str(index)})
    assert (done.returncode, done.stdout) == (0, f"{wheel}: same\n"), done.stderr
    assert "installing zigbuild-backend 0.0.9, which built the wheel, into the cache" in done.stderr
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env=cache)  # it is kept, and no index is asked again
    assert (done.returncode, done.stdout) == (0, f"{wheel}: same\n"), done.stderr


def _leave_out(folder: str, names: list[str]) -> list[str]:
    kept = {"src", "pyproject.toml", "README.md", "LICENSE", ".gitignore"}
    is_top = Path(folder) == ROOT
    return [name for name in names if (is_top and name not in kept) or name == "__pycache__"]


def _share_zig(folder: Path) -> Path:
    """Return a store that is new but for zig, its runtimes and CPython's headers."""
    store = default_store(os.environ)
    folder.mkdir()
    for name in ("ziglang", "zig", "headers"):
        (folder / name).symlink_to(store.folder(name), target_is_directory=True)
    return folder


def edit_stub(members: dict[str, bytes]) -> None:
    members["example_c/_distance.pyi"] += b"# altered\n"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (edit_stub, 4, "example_c/_distance.pyi"),
        (edit_buildinfo(epoch=1700000000), 4, "zigbuild-buildinfo.json"),
        (edit_buildinfo(schema=9), 4, "its schema is 9, this version reads 1"),
        (edit_buildinfo(tag="cp39-cp39-win32"), 4, "was not written by this backend"),
        (edit_buildinfo(source__digest="ab" * 32), 4, f"the wheel was built from {'ab' * 32}"),
        (edit_buildinfo(source__recipe="ab" * 32), 5, f"the recipe with the digest {'ab' * 32} is not on this machine"),
        (edit_buildinfo(python__headers="ab" * 32), 5, "that the wheel was compiled with are not on this machine"),
        (edit_buildinfo(backend__digest="ab" * 32), 5, f"zigbuild-backend=={VERSION}: cannot be installed"),
        (edit_buildinfo(backend__name="evil"), 4, "which is not a version of zigbuild-backend"),
        (edit_buildinfo(zig="9.9.9"), 5, "ziglang==9.9.9: cannot be installed"),
        (edit_buildinfo(zig="../.."), 4, "compiled the wheel"),
        (edit_buildinfo(requirements=["packaging==0.0.1"]), 5, "packaging==0.0.1: cannot be installed"),
        (
            edit_buildinfo(requirements=["evil==1"]),
            4,
            "names the build requirement 'evil==1', which the source of the wheel does not have",
        ),
        (dict.clear, 2, "holds no zigbuild-buildinfo.json"),
    ],
    ids=range(14),
)
def test_altered_wheels(change: Alteration, code: int, message: str, newest: Venv, wheel: Path, tmp_path: Path) -> None:
    alter(wheel, change)
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_altered_wheels_are_not_made(newest: Venv, wheel: Path, tmp_path: Path) -> None:
    alter(wheel, edit_stub)
    altered = wheel.read_bytes()
    done = zigbuild(newest, "rebuild", wheel, "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 4
    assert re.search(r"the rebuilt wheel has the sha256 \w{64}, the original \w{64}; it is not kept", done.stderr)
    assert wheel.read_bytes() == altered
    done = zigbuild(newest, "verify", wheel, "--json", cwd=tmp_path)
    (row,) = json.loads(done.stdout)["wheels"]
    assert (row["verdict"], row["level"]) == ("differs", 0)
    assert any("example_c/_distance.pyi" in difference["place"] for difference in row["differences"])


def test_no_wheel_of_the_manifest(newest: Venv, wheel: Path, tmp_path: Path) -> None:
    assert zigbuild(newest, "manifest", tmp_path, cwd=tmp_path).returncode == 0
    alter(wheel, edit_stub)
    done = zigbuild(newest, "verify", wheel, "--manifest", "zigbuild-manifest.json", cwd=tmp_path)
    assert done.returncode == 4
    assert re.search(r"its sha256 is \w{64}, the manifest says \w{64}", done.stderr)


def test_another_backend_of_that_version(newest: Venv, backend: Path, wheel: Path, tmp_path: Path) -> None:
    alter(wheel, edit_buildinfo(backend__digest="ab" * 32))
    done = zigbuild(newest, "verify", wheel, cwd=tmp_path, env={"PIP_FIND_LINKS": str(backend.parent)})
    assert done.returncode == 4
    assert "the backend that built the wheel has the digest abababababab, the one in the index " in done.stderr


def test_another_sdist(newest: Venv, wheel: Path, tmp_path: Path) -> None:
    sdist = tmp_path / "example_c-1.0.0.tar.gz"
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data") if sys.version_info >= (3, 12) else archive.extractall(tmp_path)
    with (tmp_path / "example_c-1.0.0/README.md").open("a") as file:
        file.write("Another line.\n")
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(tmp_path / "example_c-1.0.0", "example_c-1.0.0")
    done = zigbuild(newest, "verify", wheel, "--sdist", sdist, cwd=tmp_path)
    assert done.returncode == 4
    assert re.search(r"its tree has the digest \w{64}, the wheel was built from \w{64}", done.stderr)
    done = zigbuild(newest, "manifest", sdist, wheel, cwd=tmp_path)
    assert done.returncode == 4
    assert re.search(r"was built from a tree with the digest \w{64}, but the sdist has \w{64}", done.stderr)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("verify missing.whl", 5, "missing.whl: there is no such wheel"),
        ("rebuild missing.whl", 5, "missing.whl: there is no such wheel"),
        ("rebuild all", 2, "name the release's manifest"),
        ("rebuild all --manifest missing.json", 5, "missing.json: cannot be read"),
        ("verify .", 5, ".: there is no wheel in this folder"),
        ("verify damaged.whl", 4, "damaged.whl: is not a sound zip file"),
        ("verify WHEEL --sdist missing.tar.gz", 5, "missing.tar.gz: cannot be read"),
        ("verify WHEEL --sdist .", 2, "make its sdist: zigbuild sdist ."),
        ("verify WHEEL", 5, "its sdist cannot be found"),
        ("verify WHEEL --manifest damaged.whl", 4, "is not a manifest"),
        ("manifest WHEEL", 2, "a manifest needs exactly one sdist, and its wheels"),
        ("manifest missing", 5, "missing: there is no such file"),
    ],
)
def test_mistakes(line: str, code: int, message: str, newest: Venv, release: Path, tmp_path: Path) -> None:
    (tmp_path / "damaged.whl").write_bytes(b"PK\x03\x04 and no more")
    (original,) = release.glob("*manylinux*.whl")
    if "WHEEL" in line:
        (tmp_path / "wheel").mkdir()
        line = line.replace("WHEEL", str(shutil.copy(original, tmp_path / "wheel")))
    cwd = tmp_path / "empty"
    cwd.mkdir()
    arguments = [part.replace("damaged.whl", str(tmp_path / "damaged.whl")) for part in line.split()]
    done = zigbuild(newest, *arguments, cwd=cwd, env={"ZIGBUILD_CACHE_DIR": str(tmp_path / "cache")})
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
