"""Interrupted, killed, crowded, read-only, homeless, full: each works or ends in a clear message, and loses nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from machines import EXAMPLE

pytestmark = pytest.mark.full

SOME = ("--target", "manylinux", "--target", "musllinux", "--python", "native")
FEW = ("--target", "musllinux", "--python", "native")
needs_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can mount a file system")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "Projekt, é"))


def zigbuild(*arguments: str | Path, env: Mapping[str, str] | None = None, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "zigbuild_backend", *map(str, arguments)],
        env=os.environ if env is None else env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    child = zigbuild(*arguments, env=env)
    stdout, stderr = child.communicate(timeout=900)
    return subprocess.CompletedProcess(child.args, child.returncode, stdout, stderr)


def assert_whole(out: Path) -> int:
    """Assert that a folder holds wheels that are complete, and nothing else; return their number."""
    files = sorted(out.iterdir()) if out.exists() else []
    for file in files:
        assert file.suffix == ".whl", f"left behind: {file.name}"
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
    return len(files)


def edit(project: Path, salt: object) -> None:
    """Make sure that there is something to compile."""
    source = project / "src" / "example_c" / "_distance.c"
    source.write_text(f"/* {salt} {time.time_ns()} */\n{source.read_text()}")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_killed_at_any_moment_the_next_run_goes_on(kind: signal.Signals, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("wheels", project, "--out", out, *FEW).returncode == 0
    expected = {path.name: path.read_bytes() for path in out.iterdir()}
    shutil.rmtree(out)
    for number in range(6):
        edit(project, number) if number < 5 else None
        child = zigbuild("wheels", project, "--out", out, *FEW)
        time.sleep(random.Random(number).uniform(0.05, 1.2))
        child.send_signal(kind)
        _, stderr = child.communicate(timeout=60)
        assert "Traceback" not in stderr
        if kind is signal.SIGKILL and out.exists():
            shutil.rmtree(out / "left", ignore_errors=True)
        assert all(
            path.suffix == ".whl" or path.name.startswith(".new-") for path in (out.iterdir() if out.exists() else ())
        )
    shutil.copytree(EXAMPLE, project, dirs_exist_ok=True)
    assert run("wheels", project, "--out", out, *FEW).returncode == 0
    assert {path.name: path.read_bytes() for path in out.glob("*.whl")} == expected


def test_two_runs_at_once_do_not_disturb_each_other(project: Path, tmp_path: Path) -> None:
    edit(project, "two")
    children = [zigbuild("wheels", project, "--out", tmp_path / f"out{n}", *SOME) for n in range(2)]
    for child in children:
        _, stderr = child.communicate(timeout=900)
        assert child.returncode == 0, stderr
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / f"out{n}").iterdir()} for n in range(2))
    assert first == second and first


def test_one_failure_does_not_stop_the_others(project: Path, tmp_path: Path) -> None:
    source = project / "src" / "example_c" / "_distance.c"
    source.write_text("#ifdef __s390x__\n#error not here\n#endif\n" + source.read_text())
    done = run("wheels", project, "--out", tmp_path / "out", *SOME)
    assert done.returncode == 3
    assert assert_whole(tmp_path / "out") == 14
    assert done.stderr.count("src/example_c/_distance.c:2:2: error: not here") == 1
    assert "Traceback" not in done.stderr


@pytest.fixture
def read_only(project: Path, tmp_path: Path) -> Iterator[Path]:
    """Yield the project where nothing can be written, not even by root."""
    mount = tmp_path / "read-only"
    mount.mkdir()
    subprocess.run(["mount", "--bind", project, mount], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
    yield mount
    subprocess.run(["umount", mount], check=True)


@needs_root
def test_read_only_source_tree(read_only: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Read-only"):
        (read_only / "x").touch()
    done = run("wheels", read_only, "--out", tmp_path / "out", *SOME)
    assert done.returncode == 0, done.stderr
    assert assert_whole(tmp_path / "out") == 16


def test_without_home(project: Path, tmp_path: Path) -> None:
    environ = {
        key: value for key, value in os.environ.items() if key in ("PATH", "SYSTEMROOT", "PYENV_ROOT", "PYTHONPATH")
    }
    environ["TMPDIR"] = str(tmp_path)
    environ["ZIGBUILD_HEADERS"] = os.pathsep.join({sys.base_prefix})
    done = run("wheels", project, "--out", tmp_path / "out", "--target", "native", "--python", "native", env=environ)
    assert done.returncode == 0, done.stderr
    assert assert_whole(tmp_path / "out") == 1
    assert (tmp_path / f"zigbuild-{os.getuid()}").is_dir()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", mount], check=True)
    yield mount
    subprocess.run(["umount", mount], check=True)


@needs_root
def test_full_disk(project: Path, tiny_disk: Path) -> None:
    done = run("wheels", project, "--out", tiny_disk, *SOME)
    assert done.returncode not in (0, 1)
    assert "No space left on device" in done.stderr
    assert str(tiny_disk) in done.stderr
    assert "Traceback" not in done.stderr
    assert_whole(tiny_disk)


@needs_root
def test_full_cache(project: Path, tiny_disk: Path, tmp_path: Path) -> None:
    environ = os.environ | {"ZIGBUILD_CACHE_DIR": str(tiny_disk / "cache")}
    done = run("wheels", project, "--out", tmp_path / "out", "--target", "native", "--python", "native", env=environ)
    assert done.returncode not in (0, 1)
    assert "Traceback" not in done.stderr
    assert_whole(tmp_path / "out")
