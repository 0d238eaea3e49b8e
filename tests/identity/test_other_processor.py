"""The law on another processor: an aarch64 Python and the aarch64 zig make wheels again that were made here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from caches import lend_objects
from debian import find_cache
from emulated import Emulated, emulated_aarch64
from machines import EXAMPLE
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.base.store import Store, default_store
from zigbuild_backend.core.cpython.header_sets import obtain_header_set

ZIGLANG = "e27d409812b11e0fb89ed0200cf2e55b6464d43f9461553104e4a4f9a94a1fd5"
"""The sha256 of the wheel of ``ziglang`` for aarch64 Linux."""

MINOR = 13
ELF, MACH_O, PE = "manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"


@pytest.fixture(scope="module")
def linux() -> Iterator[Emulated]:
    with emulated_aarch64() as linux:
        yield linux


@pytest.fixture(scope="module")
def store() -> Store:
    """Return the caches of the other processor, which outlive the tests, with its zig in them."""
    store = Store(find_cache() / "aarch64")
    options = ["--only-binary=:all:", "--platform=manylinux_2_17_aarch64", "--no-deps", "--require-hashes"]

    def install(folder: Path) -> None:
        requirements = folder.with_suffix(".txt")
        requirements.write_text(f"ziglang=={DEFAULT_ZIG} --hash=sha256:{ZIGLANG}\n")
        command = [sys.executable, "-m", "pip", "install", "-q", *options, "--target", folder, "-r", requirements]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.skip(f"the zig for aarch64 cannot be had: {done.stderr.strip()}")

    store.keep(("ziglang", DEFAULT_ZIG), install)
    store.folder("zig", "h")
    return store


@pytest.fixture(scope="module")
def site(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for ``sys.path`` of both processors: the backend and its libraries, which are Python alone."""
    folder = tmp_path_factory.mktemp("site")
    libraries = [f"{name}=={importlib.metadata.version(name)}" for name in ("packaging", "pyproject-metadata")]
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, backend, *libraries]
    subprocess.run(command, check=True, timeout=600)
    return folder


@pytest.fixture(scope="module")
def release(site: Path, headers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an sdist and the wheels that this processor makes of it.

    The source has a line that no cache has seen: whatever is kept, it is compiled in this run.
    """
    folder = tmp_path_factory.mktemp("release")
    project = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("project") / "c")
    with (project / "src" / "example_c" / "_distance.c").open("a") as source:
        source.write(f"/* {uuid.uuid4()} */\n")
    chosen = [part for tag in (ELF, MACH_O, PE) for part in ("--only", f"cp3{MINOR}-{tag}")]
    for command in (["sdist", project], ["wheels", project, *chosen, "--headers", headers]):
        subprocess.run(
            [sys.executable, "-m", "zigbuild_backend", *command, "--out", folder],
            env=os.environ | {"PYTHONPATH": str(site)},
            check=True,
            timeout=600,
        )
    return folder


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        folder = obtain_header_set(MINOR, this_machine(os.environ)).folder
    except NotFoundError as error:
        pytest.skip(str(error))
    return shutil.copytree(folder, tmp_path_factory.mktemp("headers") / f"3.{MINOR}")


@pytest.fixture
def verify(linux: Emulated, store: Store, site: Path, release: Path, headers: Path) -> Callable[..., None]:
    """Make the wheels of some platforms again on the other processor, and assert that they are the same.

    The caches are where this processor has its own: their paths are part of what zig knows them by.
    """
    home = default_store(os.environ).root.resolve()

    def verify_wheels(*tags: str) -> None:
        wheels = [wheel for tag in tags for wheel in release.glob(f"*-{tag}.whl")]
        command = ("/usr/bin/python3.11", "-m", "zigbuild_backend", "verify", "--no-isolation", "--json")
        done = linux.run(
            *(*command, "--headers", headers, *wheels),
            shared={home: store.root, **{path: path for path in (site, release, headers)}},
            environ={"PYTHONPATH": str(site), "ZIGBUILD_CACHE_DIR": str(home)},
            timeout=3600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        verdicts = json.loads(done.stdout)["wheels"]
        assert len(verdicts) == len(tags)
        for verdict in verdicts:
            (attempt,) = verdict["attempts"]
            assert verdict["verdict"] == "same"
            assert attempt["circumstance"]["machine"] == "aarch64"
            assert attempt["sha256"] == hashlib.sha256((release / verdict["file"]).read_bytes()).hexdigest()

    return verify_wheels


def test_elf_and_mach_o(verify: Callable[..., None]) -> None:
    verify(ELF, MACH_O)


def test_pe(verify: Callable[..., None], store: Store, release: Path) -> None:
    assert release  # our zig has made its runtime for the wheel in it
    lend_objects(default_store(os.environ).root / "zig", store.root / "zig")
    verify(PE)
