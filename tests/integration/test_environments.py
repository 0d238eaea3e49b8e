"""Environments: the very parts that a wheel names and nothing else, whole or not at all; and what runs in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from machines import EXAMPLE, PYTHONS
from specs import COMPILED
from zigbuild_backend.core.base.backend_digest import digest_backend, read_backend
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG, NAME
from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.store import Store, default_store
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.cpython.header_sets import list_minors_at_hand, obtain_header_set
from zigbuild_backend.core.project.project import Checkout
from zigbuild_backend.core.project.project_folder import read_project
from zigbuild_backend.core.project.written_by import written_by
from zigbuild_backend.core.wheel.sdist_maker import make_sdist
from zigbuild_backend.core.wheel.spec import PythonInput, WheelSpec
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.rebuild.build_variations import contrasting_variations
from zigbuild_backend.rebuild.environments.environment import compile_bytecode, obtain_environment
from zigbuild_backend.rebuild.environments.interpreters import find_interpreter, list_interpreters, read_interpreter
from zigbuild_backend.rebuild.sandbox.command import Command, CompletedCommand
from zigbuild_backend.rebuild.sandbox.unconfined import Unconfined
from zigbuild_backend.rebuild.source_finder import SourcePlaces, WheelSource, find_source
from zigbuild_backend.rebuild.wheel_rebuild import RebuildSetup, rebuild

SPEC = replace(COMPILED, backend=read_backend(), requirements=written_by(), zig=DEFAULT_ZIG)
OFFLINE = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
OBTAIN = f"""
import os, sys
from pathlib import Path
from zigbuild_backend.rebuild.environments.environment import obtain_environment
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.wheel.spec import WheelSpec
from zigbuild_backend.core.base.store import Store
spec = WheelSpec("spam", "1", "py3-none-any", "", {SPEC.backend!r}, {SPEC.requirements!r}, "deflate-1", 0, {SPEC.zig!r})
obtain_environment(spec, Machine(Store(Path(sys.argv[1])), os.environ, print))
"""


@pytest.fixture(scope="module")
def store(zig: Zig, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with the environment of the running backend."""
    assert zig
    store = Store(tmp_path_factory.mktemp("environments") / "store")
    obtain_environment(SPEC, Machine(store, OFFLINE, pytest.fail))
    return store


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below *folder* without bytecode: path → content."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_it_is_what_runs_here(store: Store) -> None:
    program, zig, *_ = obtain_environment(SPEC, Machine(store, {}, pytest.fail)).folders
    assert f"{NAME} {digest_backend(program / 'zigbuild_backend')}" == " ".join(read_backend().split()[::2])
    assert {path.split("/")[0] for path in content(program)} >= {"zigbuild_backend", "packaging", "pyproject_metadata"}
    assert not (program / "zigbuild_backend" / "server").exists()
    assert sorted(path.name for path in zig.iterdir()) == ["ziglang", f"ziglang-{DEFAULT_ZIG}.dist-info"]


@pytest.mark.parametrize("version", PYTHONS)
def test_it_is_all_that_is_needed(version: str, store: Store) -> None:
    """An interpreter that looks nowhere else runs the program, from bytecode that was compiled before."""
    environment = obtain_environment(SPEC, Machine(store, {}, pytest.fail))
    interpreter = read_interpreter(Path(PYTHONS[version]))
    if not environment.admits(interpreter):
        pytest.skip("no reader of TOML is to be had")
    compile_bytecode(environment, interpreter, store)
    code = f"import sys; sys.path[:0] = {list(map(str, environment.folders))}; sys.argv[1:] = ['--version']\n"
    code += "from zigbuild_backend.__main__ import main; import zigbuild_backend.core.wheel.wheel_maker\n"
    code += "print(zigbuild_backend.__cached__); main()"
    done = subprocess.run(
        [interpreter.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, env={}, check=True
    )
    cached, program = done.stdout.splitlines()
    assert program.startswith(f"{NAME} ")
    assert interpreter.cache_tag in cached and Path(cached).is_file()


def test_killed_at_any_time(store: Store, tmp_path: Path) -> None:
    """An environment that exists is whole, whenever the process that made it was killed."""
    fresh = Store(tmp_path / "store")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "ziglang").symlink_to(store.root / "ziglang")
    environ = {**OFFLINE, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", OBTAIN, fresh.root]
    whole = content(obtain_environment(SPEC, Machine(store, {}, pytest.fail)).folders[0])
    for number in range(12):
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.1 + number * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for folder in (*fresh.root.glob("environments/[0-9a-f]*"), *fresh.root.glob("backends/[0-9a-f]*")):
            assert content(folder) == (whole if folder.parent.name == "environments" else only_backend(whole))
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=60)
    assert content(obtain_environment(SPEC, Machine(fresh, {}, pytest.fail)).folders[0]) == whole


def only_backend(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.startswith("zigbuild_backend/")}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"backend": f"{NAME} 0.0.1 {'ab' * 32}"}, NotFoundError, "zigbuild-backend==0.0.1: cannot be installed"),
        ({"backend": f"{NAME} --help {'ab' * 32}"}, MismatchError, "which is not a version of zigbuild-backend"),
        ({"backend": f"{NAME} 0.1.0 ../../x"}, MismatchError, "which is not a version of zigbuild-backend"),
        ({"backend": f"evil 1 {'ab' * 32}"}, MismatchError, "which is not a version of zigbuild-backend"),
        ({"requirements": ("packaging==0.0.1",)}, NotFoundError, "packaging==0.0.1: cannot be installed"),
        ({"requirements": ("packaging==../x",)}, MismatchError, "which is not of the form 'name==version'"),
        ({"requirements": ("--index-url=x",)}, MismatchError, "which is not of the form 'name==version'"),
        ({"zig": "9.9.9"}, NotFoundError, "ziglang==9.9.9: cannot be installed"),
        ({"zig": "../.."}, MismatchError, "compiled the wheel"),
    ],
)
def test_what_cannot_be_had(changes: dict[str, Any], error: type[Exception], message: str, store: Store) -> None:
    before = sorted(path.name for path in store.root.glob("*/*"))
    with pytest.raises(error, match=message):
        obtain_environment(replace(SPEC, **changes), Machine(store, OFFLINE, lambda text: None))
    assert sorted(path.name for path in store.root.glob("*/*")) == before


def test_interpreters() -> None:
    found = {f"3.{interpreter.version[1]}": interpreter for interpreter in list_interpreters(os.environ)}
    assert found.keys() >= PYTHONS.keys()
    running = found[f"3.{sys.version_info[1]}"]
    assert (running.version, running.cache_tag) == (sys.version_info[:2], sys.implementation.cache_tag)
    assert any(running.executable.is_relative_to(prefix) for prefix in running.prefixes)
    assert find_interpreter(9, os.environ) is None
    with pytest.raises(NotFoundError, match="does not run as a Python"):
        read_interpreter(Path("/nowhere/python"))


def test_variations_differ_in_all_that_can() -> None:
    one, other = (variation.to_json() for variation in contrasting_variations(os.environ))
    assert one.keys() == other.keys()
    same = {key for key in one if one[key] == other[key]}
    assert same == ({"machine"} if len(PYTHONS) > 1 else {"machine", "python"})


@dataclass
class Recorder:
    """A sandbox that confines nothing and remembers what it was asked for."""

    runs: list[Command] = field(default_factory=list)

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        self.runs.append(command)
        return Unconfined().run(command, on_tick)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> WheelSource:
    return WheelSource(
        make_sdist(Checkout(read_project(EXAMPLE), EXAMPLE), tmp_path_factory.mktemp("source"), epoch=315532800)
    )


@pytest.fixture(scope="module")
def release() -> WheelSpec:
    """Return the common part of the specifications of all wheels of the example."""
    tree = read_project(EXAMPLE).tree.digest
    return replace(SPEC, name="example_c", version="1.0.0", source=tree)


def test_runs_see_nothing_of_this_machine(release: WheelSpec, source: WheelSource, tmp_path: Path) -> None:
    """One run makes all wheels of a release; each of its variations is as it is told, and the rest is not ours."""
    store = default_store(os.environ)
    specs = [
        spec_of(release, minor, store) for minor in (12, 13) if minor in list_minors_at_hand(Machine(store, os.environ))
    ]
    for variation in contrasting_variations(os.environ):
        recorder = Recorder()
        setup = RebuildSetup(Machine(store, os.environ), recorder, variation)
        results = list(rebuild(specs, source, tmp_path / "out", setup))
        assert [str(result.error) for result in results if result.error] == []
        assert {path.name for path in (tmp_path / "out").iterdir()} == {spec.file_name for spec in specs}
        run = recorder.runs[-1]
        assert run.environ == {
            "PATH": os.defpath,
            "LC_ALL": variation.locale,
            "TZ": variation.timezone,
            "SOURCE_DATE_EPOCH": str(SPEC.epoch),
            "ZIGBUILD_CACHE_DIR": str(store.root),
        }
        assert run.umask == variation.umask
        assert run.cwd.name == variation.folder
        assert run.arguments.count("--only") == len(specs)
        assert {path.relative_to(store.root).parts[0] for path in run.writable if store.root in path.parents} == {
            *("zig", "zig-local", "work")
        }
        assert Path.home() not in run.readable


def spec_of(release: WheelSpec, minor: int, store: Store) -> WheelSpec:
    headers = obtain_header_set(minor, Machine(store, os.environ))
    target = find_target("manylinux_2_17_x86_64")
    python = PythonInput(Python(minor), headers.version, headers.digest)
    return replace(release, tag=f"cp3{minor}-cp3{minor}-{target}", target=target, python=python)


def test_sdists_come_from_the_index(release: WheelSpec, source: WheelSource, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    shutil.copy(source.sdist, index)
    fresh = Store(tmp_path / "store")
    with pytest.raises(NotFoundError, match=r"example_c 1\.0\.0: its sdist cannot be found: no index has a file of"):
        find_source(release, Machine(fresh, OFFLINE), SourcePlaces(tmp_path))
    found = find_source(release, Machine(fresh, {**OFFLINE, "PIP_FIND_LINKS": str(index)}), SourcePlaces(tmp_path))
    assert found.sdist.read_bytes() == source.sdist.read_bytes()
    assert find_source(release, Machine(fresh, OFFLINE), SourcePlaces(tmp_path)) == found  # it is kept
    with pytest.raises(MismatchError, match=f"the wheel was built from {'ab' * 32}"):
        find_source(replace(release, source="ab" * 32), Machine(fresh, OFFLINE), SourcePlaces(tmp_path))
