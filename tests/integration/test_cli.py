"""The program as a user runs it: a process, a project with one C file, and what comes out on both streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import zigbuild_backend
from projects import write_files
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.base.store import default_store

SPAM = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_spam", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__spam(void)
{
    return PyModule_Create(&module);
}
"""
PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "spam"
version = "1.0"

[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/*.c"]
"""
HOST = f"{find_host_python()}-{find_host_target()}"
SOURCE_ROOT = Path(zigbuild_backend.__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """The result of a run of the program."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, list[dict[str, object]]]:
        document: dict[str, list[dict[str, object]]] = json.loads(self.out)
        return document


Run = Callable[..., Done]


def environ_of(**variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "ZIGBUILD_DEBUG")}
    return {**kept, "PYTHONPATH": str(SOURCE_ROOT), **variables}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "zigbuild_backend", *map(str, arguments)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"pyproject.toml": PYPROJECT, "src/spam/__init__.py": "", "src/spam/spam.c": SPAM}
    return write_files(tmp_path / "project", files)


@pytest.fixture
def run(project: Path) -> Run:
    """Run the program in the project's folder."""

    def run(*arguments: str | Path, **variables: str) -> Done:
        done = subprocess.run(
            command(*arguments), cwd=project, env=environ_of(**variables), capture_output=True, text=True, timeout=600
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def run_on_terminal(project: Path) -> Run:
    """Run the program on a terminal of 100 columns; what it shows is all in ``out``."""
    pty = pytest.importorskip("pty")

    def run(*arguments: str | Path, **variables: str) -> Done:
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            command(*arguments),
            cwd=project,
            env=environ_of(**{"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **variables}),
            stdin=follower,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        shown = b""
        while block := _read(leader):
            shown += block
        os.close(leader)
        return Done(process.wait(timeout=60), shown.decode(), "")

    return run


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # on Linux, how a terminal says that nobody writes to it any more
        return b""


def test_plan_lists_every_wheel(run: Run) -> None:
    done = run("plan", "--target", "linux", "--target", "native", "--python", "native")
    assert (done.code, "Traceback" in done.err) == (0, False)
    lines = [line.split() for line in done.out.splitlines()]
    assert [HOST, "buildable", "native"] in lines
    assert len(lines) == 16
    assert done.err.startswith("spam 1.0\n")
    assert "16 wheels: 16 buildable; can be tested here: " in done.err


def test_plan_as_json(run: Run) -> None:
    done = run("plan", "--json")
    assert (done.code, done.err) == (0, "")
    by_identifier = {str(wheel["identifier"]): wheel for wheel in done.document["wheels"]}
    assert by_identifier[HOST]["verdict"] == "buildable"
    assert by_identifier[HOST]["test"] == "native"
    assert by_identifier["cp313-win_arm64"]["tag"] == "cp313-cp313-win_arm64"


def test_plan_builds_nothing(run: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run("plan", ZIGBUILD_CACHE_DIR=str(cache)).code == 0
    assert not cache.exists()


def test_wheels(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("wheels", "--target", "native", "--python", "native", "--out", out)
    assert done.code == 0, done.err
    assert re.search(rf"^\[1/1\] {HOST} packed \d+\.\d kB$", done.err, re.MULTILINE)
    assert re.fullmatch(r"1 wheel in \S+, \d+\.\d kB, [\d.]+ s; \d+ objects? built, \d+ reused\n", done.out)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = "from spam import _spam; print(_spam.answer())"
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "installed", capture_output=True, text=True)
    assert answer.stdout == "42\n"

    again = run("wheels", "--only", HOST, "--out", out, "--json", "-q")
    assert (again.code, again.err) == (0, "")
    (row,) = again.document["wheels"]
    assert (row["identifier"], row["file"], row["size"]) == (HOST, wheel.name, wheel.stat().st_size)

    checked = run("check", out)
    assert (checked.code, checked.out.startswith(f"{wheel}: ok")) == (0, True), checked.out
    renamed = wheel.rename(out / wheel.name.replace("spam-1.0", "spam-2.0"))
    lying = run("check", "--json", renamed, out / "missing.whl")
    assert lying.code == 4
    assert lying.document["wheels"][0]["ok"] is False
    assert "missing.whl: there is no such wheel" in lying.err


def forget_runtimes(cache: Path) -> dict[str, str]:
    """Return the variable of a store whose zig has the user's caches, but no notes that runtimes were built."""
    store = default_store(os.environ)
    (cache / "zig").mkdir(parents=True)
    for entry in (*store.folder("zig").iterdir(), *map(store.folder, ("ziglang", "headers", "deflate"))):
        if entry.name != "warm":
            (cache / entry.relative_to(store.root)).symlink_to(entry)
    return {"ZIGBUILD_CACHE_DIR": str(cache)}


def test_the_first_build_tells_which_runtimes_it_waits_for(run: Run, tmp_path: Path) -> None:
    target = find_host_target()
    environ = forget_runtimes(tmp_path / "cache")
    done = run("wheels", "--only", HOST, "--out", tmp_path / "out", **environ)
    assert done.code == 0, done.err
    lines = done.err.splitlines()
    start = lines.index("compiling 1 wheel")
    assert lines[start - 1] == (
        f"first build for {target}: building the C runtimes takes from seconds to some minutes each; "
        "they are kept for every later build"
    )
    lines = [line for line in lines[start + 1 :] if " runtime left; " not in line]  # where the machine is busy
    assert re.fullmatch(rf"built the runtime for {target}, 1 of 1, after [\d.]+ s", lines[0])
    assert lines[1].startswith(f"[1/1] {HOST} packed")
    assert "runtime" not in run("wheels", "--only", HOST, "--out", tmp_path / "out", **environ).err  # it is noted


def test_wheels_live(run_on_terminal: Run, tmp_path: Path) -> None:
    done = run_on_terminal("wheels", "--only", HOST, "--out", tmp_path / "out", TERM="xterm")
    assert done.code == 0, done.out
    last = done.out[done.out.rindex(str(find_host_target())) :]
    assert "✓" in last
    assert "1 of 1 wheel done" in last
    assert "\x1b[?25h" in last  # the cursor is shown again
    assert "1 wheel in" in last


def test_terminals_differ(run_on_terminal: Run) -> None:
    colourful = run_on_terminal("plan", "--target", "linux")
    assert colourful.code == 0
    assert "\x1b[32m" in colourful.out
    assert "3.13t" in colourful.out
    plain = run_on_terminal("plan", "--target", "linux", NO_COLOR="1")
    assert "\x1b[32m" not in plain.out
    dumb = run_on_terminal("plan", "--target", "linux", TERM="dumb")
    assert "\x1b" not in dumb.out
    assert HOST in dumb.out


def test_a_compiler_error_is_said_once(run: Run, project: Path, tmp_path: Path) -> None:
    source = project / "src/spam/spam.c"
    source.write_text(SPAM.replace("42", "oops"))
    identifiers = {HOST, f"{find_host_python()}-{other_target()}"}
    only = [part for identifier in sorted(identifiers) for part in ("--only", identifier)]
    done = run("wheels", *only, "--out", tmp_path / "out", "--json")
    assert done.code == 3
    assert done.err.count("src/spam/spam.c:8:28: error: use of undeclared identifier 'oops'") == 1
    assert all(identifier in done.err for identifier in identifiers)
    assert str(project) not in done.err
    assert {row["identifier"] for row in done.document["failed"]} == identifiers


def other_target() -> str:
    """Return a target whose runtime is built in seconds, and that is not this machine's."""
    return "musllinux_1_2_x86_64" if find_host_target().group != "musllinux" else "manylinux_2_17_x86_64"


def test_missing_headers_are_skipped_unless_asked_for(run: Run, project: Path, tmp_path: Path) -> None:
    absent = find_absent_python(run)
    file = project / "pyproject.toml"
    file.write_text(f"{PYPROJECT}[tool.zigbuild]\npythons = ['{find_host_python()}', '{absent}']\n")
    skipped = run("wheels", "--target", "native", "--out", tmp_path / "out", "--json")
    assert skipped.code == 0, skipped.err
    assert [row["identifier"] for row in skipped.document["wheels"]] == [HOST]
    assert [row["identifier"] for row in skipped.document["skipped"]] == [f"{absent}-{find_host_target()}"]
    assert f"notice: {absent}: the headers of CPython" in skipped.err
    asked = run("wheels", "--target", "native", "--python", "native", "--python", absent, "--out", tmp_path / "out2")
    assert asked.code == 5
    assert asked.out.startswith("1 wheel in ")
    assert f"{absent}-{find_host_target()}: the headers of CPython" in asked.err


def find_absent_python(run: Run) -> str:
    plan = run("plan", "--python", "all", "--target", "native", "--json").document["wheels"]
    absent = [str(wheel["python"]) for wheel in plan if wheel["verdict"] == "headers missing"]
    if not absent:
        pytest.skip("the headers of every CPython are on this machine")
    return absent[-1]


def test_interrupted(project: Path, tmp_path: Path) -> None:
    # A name that was never built makes zig compile the build configuration, which takes a while.
    file = project / "pyproject.toml"
    file.write_text(
        PYPROJECT.replace('"spam"', f'"spam-{time.time_ns()}"') + '[tool.zigbuild]\npackages = ["src/spam"]\n'
    )
    process = subprocess.Popen(
        command("wheels", "--only", HOST, "--out", tmp_path / "out"),
        cwd=project,
        env=environ_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    while "compiling" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "zigbuild: interrupted; what was compiled is kept, and the next run goes on from there\n"


def test_a_reader_that_leaves(project: Path) -> None:
    process = subprocess.Popen(
        command("plan", "-q"), cwd=project, env=environ_of(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141
    process.stderr.close()


def test_sdist(run: Run, tmp_path: Path) -> None:
    done = run("sdist", "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{tmp_path / 'out' / 'spam-1.0.tar.gz'}\n"
    assert run("plan", tmp_path / "out" / "spam-1.0.tar.gz", "-q").out == run("plan", "-q").out


def test_headers(run: Run, tmp_path: Path) -> None:
    cache = {"ZIGBUILD_CACHE_DIR": str(tmp_path / "cache")}
    known = run("headers", "list", "--json", **cache).document["headers"]
    chosen = next(row for row in known if row["chosen"])
    added = run("headers", "add", str(chosen["origins"][0]), **cache)  # type: ignore[index]
    assert (added.code, added.out) == (0, f"{chosen['version']} sha256:{str(chosen['digest'])[:12]}\n")
    assert f"* {chosen['version']}" in run("headers", "list", **cache).out
    assert run("headers", "add", tmp_path / "nowhere", **cache).code == 5


def test_warm(run: Run) -> None:
    assert run("warm", "--target", "native").code == 0
    again = run("warm", "--target", "native")
    assert again.code == 0
    assert "is warm already" in again.err
    assert again.out.startswith("the runtimes of 1 target are warm")


def test_eject(run: Run, project: Path) -> None:
    done = run("eject")
    assert done.code == 0, done.err
    assert done.out.startswith("wrote build.zig, build.zig.zon, zigbuild/ (")
    identifier = done.err.split("--release=fast ")[1].split()[0]
    subprocess.run(
        [sys.executable, "-m", "ziglang", "build", "--release=fast", HOST],
        cwd=project,
        env=environ_of(ZIG_GLOBAL_CACHE_DIR=str(default_store(os.environ).folder("zig"))),
        check=True,
        timeout=600,
    )
    assert list((project / "zig-out" / HOST).glob("**/_spam.*"))
    assert identifier.endswith(f"-{find_host_target()}")
    (project / "build.zig").write_text("edited")
    assert run("eject").code == 2
    assert run("eject", "--force").code == 0

    # The headers in the tree are the project's own: they are neither used for wheels nor written into the cache.
    (header,) = (project / "zigbuild/include").glob(f"3.{find_host_python().minor}/Python.h")
    header.write_text("#error not this one")
    assert run("wheels", "--only", HOST).code == 0
    assert run("wheels", "--only", HOST).code == 0


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("plan nowhere", 5, "zigbuild: error: nowhere: "),
        ("plan --target windos", 2, "hint: did you mean 'windows'?"),
        ("wheels --only cp313-win_amd65", 2, "hint: did you mean 'cp313-win_amd64' or "),
        ("plan --headers nowhere", 5, "nowhere: there is no such file or folder"),
        ("sdist --out pyproject.toml", 2, "pyproject.toml: File exists"),
        ("check .", 5, ".: there is no wheel in this folder"),
    ],
)
def test_mistakes(run: Run, line: str, code: int, message: str) -> None:
    done = run(*line.split())
    assert done.code == code
    assert done.out == ""
    assert message in done.err
    assert "Traceback" not in done.err
