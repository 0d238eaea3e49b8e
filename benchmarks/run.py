"""Measures the backend beside its peers and beside the bare compiler, in one run, as ratios.

    python benchmarks/run.py wheel        one wheel of one C file, in a fresh process, the file edited each time
    python benchmarks/run.py hooks        import of the backend, and the metadata hook as a process
    python benchmarks/run.py isolated     `pip wheel` with build isolation, when an earlier build has filled the caches
    python benchmarks/run.py matrix       105 wheels against `zig build` of the same graph
    python benchmarks/run.py matrix-cold  the same from empty caches, once each

Run it on an idle machine, in an environment with `pip install '.[test]' -r benchmarks/requirements.txt`. `--other
PYTHON` names the interpreter of an environment with another version of the backend, which is measured beside this one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from zigbuild_backend.core.base.store import default_store

ARCHS = ("x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x")
ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "c"
SOURCE = (EXAMPLE / "src" / "example_c" / "_distance.c").read_text()
TARGETS = [
    *(f"manylinux_2_17_{arch}" for arch in ARCHS),
    *("manylinux_2_31_riscv64", "manylinux_2_36_loongarch64"),
    *(f"musllinux_1_2_{arch}" for arch in (*ARCHS, "riscv64", "loongarch64")),
    *("macosx_10_13_x86_64", "macosx_11_0_arm64", "win32", "win_amd64", "win_arm64"),
]
PYTHONS = [f"cp3{minor}" for minor in range(9, 14)]

PEERS = {
    "setuptools": {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "example-c"\nversion = "1.0.0"\n'
        '[tool.setuptools]\npackage-dir = {"" = "src"}\npackages = ["example_c"]\n'
        'ext-modules = [{ name = "example_c._distance", sources = ["src/example_c/_distance.c"] }]\n',
    },
    "scikit-build-core": {
        "pyproject.toml": '[build-system]\nrequires = ["scikit-build-core"]\n'
        'build-backend = "scikit_build_core.build"\n[project]\nname = "example-c"\nversion = "1.0.0"\n'
        '[tool.scikit-build]\nbuild-dir = "build/{wheel_tag}"\n',
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.15...3.30)\nproject(example_c C)\n"
        "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
        "python_add_library(_distance MODULE src/example_c/_distance.c WITH_SOABI)\n"
        "install(TARGETS _distance DESTINATION example_c)\n",
    },
    "meson-python": {
        "pyproject.toml": '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n'
        '[project]\nname = "example-c"\nversion = "1.0.0"\n',
        "meson.build": "project('example-c', 'c', version: '1.0.0')\n"
        "py = import('python').find_installation(pure: false)\n"
        "py.install_sources('src/example_c/__init__.py', subdir: 'example_c')\n"
        "py.extension_module('_distance', 'src/example_c/_distance.c', install: true, subdir: 'example_c')\n",
    },
}
BACKENDS = {
    "zigbuild-backend": "zigbuild_backend",
    "setuptools": "setuptools.build_meta",
    "scikit-build-core": "scikit_build_core.build",
    "meson-python": "mesonpy",
}
salts = itertools.count(int(time.time()))


def make_project(folder: Path, name: str) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("dist"))
    for path, text in PEERS.get(name, {}).items():
        (folder / path).write_text(text)
    return folder


def edit(project: Path) -> None:
    (project / "src" / "example_c" / "_distance.c").write_text(
        f"{SOURCE}\nint salt(void) {{ return {next(salts)}; }}\n"
    )


def seconds(command: list[str | Path], cwd: Path | None = None, env: dict[str, str] | None = None) -> float:
    env = env or {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    start = time.perf_counter()
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True)
    spent = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return spent


def race(entries: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Times every entry once a round, in turn, after one round that is not counted."""
    for time_it in entries.values():
        time_it()
    times: dict[str, list[float]] = {name: [] for name in entries}
    for _ in range(rounds):
        for name, time_it in entries.items():
            times[name].append(time_it())
    return times


def show(title: str, times: dict[str, list[float]], base: str) -> None:
    print(f"\n{title}\n\n| | ms (median) | min – max | ÷ {base} |\n|---|---|---|---|")
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times[base], strict=True))
        low, high = min(values) * 1e3, max(values) * 1e3
        print(f"| {name} | {statistics.median(values) * 1e3:.0f} | {low:.0f} – {high:.0f} | {ratio:.2f} |")


def hook(backend: str, call: str, out: Path, python: str = sys.executable) -> list[str | Path]:
    return [python, "-c", f"import {backend} as b, sys; b.{call}(sys.argv[1])", out]


def list_backends(other: str) -> Iterator[tuple[str, str, str, str]]:
    """A name to show, the kind of project, the module and the interpreter of each backend that is measured."""
    yield from ((name, name, backend, sys.executable) for name, backend in BACKENDS.items())
    if other:
        yield f"zigbuild-backend of {other}", "zigbuild-backend", "zigbuild_backend", other


def bench_wheel(folder: Path, rounds: int, other: str) -> None:
    entries: dict[str, Callable[[], float]] = {}
    for number, (name, kind, backend, python) in enumerate(list_backends(other)):
        project = make_project(folder / str(number), kind)
        call = hook(backend, "build_wheel", folder / "out", python)

        def build(project: Path = project, call: list[str | Path] = call) -> float:
            edit(project)
            return seconds(call, cwd=project)

        entries[name] = build

    def fresh_copy() -> float:
        project = make_project(folder / f"fresh{next(salts)}", "zigbuild-backend")
        edit(project)
        return seconds(hook("zigbuild_backend", "build_wheel", folder / "out"), cwd=project)

    entries["zigbuild-backend, a fresh copy in a new folder"] = fresh_copy
    zig, workspace = find_zig(), make_graph(folder)

    def bare_zig() -> float:
        edit(workspace)
        return seconds([*zig, "-Dwheel=cp313-manylinux_2_17_x86_64"], cwd=workspace)

    entries["zig build alone"] = bare_zig
    project = make_project(folder / "gcc", "gcc")
    include = subprocess.check_output(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('include'))"], text=True
    ).strip()

    def bare_gcc() -> float:
        edit(project)
        source = project / "src" / "example_c" / "_distance.c"
        return seconds(["gcc", "-O2", "-fPIC", "-shared", f"-I{include}", source, "-o", folder / "x.so"])

    entries["gcc alone"] = bare_gcc
    show("One wheel of one C file, edited, fresh process, warm", race(entries, rounds), "setuptools")


def find_zig() -> list[str | Path]:
    import ziglang

    zig = Path(ziglang.__file__).with_name("zig")
    store = default_store(os.environ)
    caches = ["--global-cache-dir", store.folder("zig"), "--cache-dir", store.folder("bench-cache")]
    return [zig, "build", "--release=fast", "--summary", "none", *caches, "--prefix", store.folder("bench")]


def make_graph(folder: Path) -> Path:
    """A build root as the backend stages it, to be built without it."""
    project = make_project(folder / "graph", "zigbuild-backend")
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "eject", project], check=True, capture_output=True)
    return project


def bench_hooks(folder: Path, rounds: int, other: str) -> None:
    def run_python() -> float:
        return seconds([sys.executable, "-c", "pass"])

    entries: dict[str, Callable[[], float]] = {"python": run_python}
    for name, _, backend, python in list_backends(other):
        entries[f"import {name}"] = lambda backend=backend, python=python: seconds([python, "-c", f"import {backend}"])
    show("Import of the backend", race(entries, rounds), "python")
    entries = {"python": run_python}
    for number, (name, kind, backend, python) in enumerate(list_backends(other)):
        project = make_project(folder / str(number), kind)
        call = hook(backend, "prepare_metadata_for_build_wheel", folder / "metadata", python)

        def prepare(call: list[str | Path] = call, project: Path = project) -> float:
            shutil.rmtree(folder / "metadata", ignore_errors=True)
            (folder / "metadata").mkdir()
            return seconds(call, cwd=project)

        entries[name] = prepare
    del entries["meson-python"]  # configures the whole project there
    show("The metadata hook, as a process", race(entries, rounds), "setuptools")


def bench_isolated(folder: Path, rounds: int, other: str) -> None:
    """Measures what pip does for a user: an environment for each build, with all that the backend asks for."""
    wheels = folder / "wheels"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "wheel",
        "--no-deps",
    ]
    seconds([*pip, "--no-build-isolation", "-w", wheels, ROOT])
    entries: dict[str, Callable[[], float]] = {}
    for name in BACKENDS:
        project = make_project(folder / name, name)
        if name == "zigbuild-backend":
            text = (project / "pyproject.toml").read_text()
            (version,) = (path.name.split("-")[1] for path in wheels.glob("zigbuild_backend-*.whl"))
            (project / "pyproject.toml").write_text(
                text.replace('"zigbuild-backend"', f'"zigbuild-backend=={version}"')
            )

        def build(project: Path = project, **environ: str) -> float:
            edit(project)
            command = [*pip, "--find-links", wheels, "-w", folder / "out", project]
            return seconds(command, env=os.environ | environ)

        entries[name] = build
        if name == "zigbuild-backend":
            entries[f"{name}, zig installed each time"] = lambda build=build: build(ZIGBUILD_KEEP_ZIG="0")
    del other
    show("pip wheel, isolated, the C file edited", race(entries, rounds), "scikit-build-core")


def bench_matrix(folder: Path, rounds: int, other: str) -> None:
    del other
    project, graph = make_project(folder / "c", "zigbuild-backend"), make_graph(folder)
    chosen = [f"-Dwheel={python}-{target}" for python in PYTHONS for target in TARGETS]
    options = [f"--only={wheel.removeprefix('-Dwheel=')}" for wheel in chosen]
    store = default_store(os.environ)

    def ours(*, fresh: bool) -> float:
        edit(project)
        if fresh:
            shutil.rmtree(store.folder("work", "example_c", "cache"))
        return seconds([sys.executable, "-m", "zigbuild_backend", "wheels", project, "--out", folder / "out", *options])

    def bare(*, fresh: bool) -> float:
        edit(graph)
        if fresh:
            shutil.rmtree(store.folder("bench-cache"))
        shutil.rmtree(store.folder("bench"))
        return seconds(
            [*find_zig(), "--zig-lib-dir", next(store.folder("ziglang").glob("*/ziglang/lib")), *chosen], cwd=graph
        )

    edited = {"zigbuild wheels": lambda: ours(fresh=False), "zig build alone": lambda: bare(fresh=False)}
    show("105 wheels, the C file edited", race(edited, rounds), "zig build alone")
    fresh = {"zigbuild wheels": lambda: ours(fresh=True), "zig build alone": lambda: bare(fresh=True)}
    show("105 wheels, runtimes warm, nothing compiled before", race(fresh, rounds), "zig build alone")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nLargest process of all: {peak:.0f} MB (zig's own included)")


def bench_cold(folder: Path, rounds: int, other: str) -> None:
    del rounds, other
    project, graph = make_project(folder / "c", "zigbuild-backend"), make_graph(folder)
    chosen = [f"{python}-{target}" for python in PYTHONS for target in TARGETS]
    times = {}
    env = os.environ | {"ZIGBUILD_CACHE_DIR": str(folder / "ours")}
    only = [f"--only={wheel}" for wheel in chosen]
    times["zigbuild wheels"] = [
        seconds([sys.executable, "-m", "zigbuild_backend", "wheels", project, "--out", folder / "out", *only], env=env)
    ]
    os.environ["ZIGBUILD_CACHE_DIR"] = str(folder / "bare")
    times["zig build alone"] = [seconds([*find_zig(), *(f"-Dwheel={wheel}" for wheel in chosen)], cwd=graph)]
    show("105 wheels, everything cold", times, "zig build alone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    benches = {
        "wheel": bench_wheel,
        "hooks": bench_hooks,
        "isolated": bench_isolated,
        "matrix": bench_matrix,
        "matrix-cold": bench_cold,
    }
    parser.add_argument("bench", choices=benches)
    parser.add_argument("-n", "--rounds", type=int, default=9)
    parser.add_argument("--other", metavar="PYTHON", default="", help="an interpreter with another version to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        benches[arguments.bench](Path(folder), arguments.rounds, arguments.other)


if __name__ == "__main__":
    main()
