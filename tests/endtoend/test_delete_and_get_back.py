"""The whole promise with real clients: releases are built and published, all bytes of their wheels are deleted, and
pip and uv install the same bytes again, from nothing but sdists and the ledger, where no network is.

By default each project is built for one Python; two of the recipes, which take minutes for all platforms, for one of
each C library, the others for all. With ``ZIGBUILD_WHOLE_MATRIX`` set, each is built for all platforms and all Pythons.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from caches import share_runtimes
from machines import ROOT, make_venv
from networks import without_network
from repositories import zigbuild_well
from servers import Running, serving
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.base.targets import TARGETS
from zigbuild_backend.index.files import parse_file_name

ZIGBUILD = (sys.executable, "-m", "zigbuild_backend")
RECIPES = ("markupsafe", "wrapt", "msgpack")
EXAMPLES = ("c", "stable-abi")
LARGE = ("wrapt", "msgpack")
LIBRARIES = (str(find_host_target()), "musllinux_1_2_aarch64", "macosx_11_0_arm64", "win_amd64")
IMPORTS = (
    "import markupsafe._speedups, wrapt._wrappers, msgpack._cmsgpack, example_c._distance, example_stable_abi._pattern"
)


@dataclass(frozen=True)
class Published:
    """Releases in a repository: its folder, and the sha256 of every wheel by its name."""

    data: Path
    wheels: Mapping[str, str]

    def write_requirements(self, platform: str, path: Path) -> Path:
        """Write which releases have a wheel for *platform*, with the hashes of all their wheels."""
        by_pin: dict[str, dict[str, str]] = {}
        for name, sha256 in sorted(self.wheels.items()):
            by_pin.setdefault("==".join(parse_file_name(name)), {})[name] = f"--hash=sha256:{sha256}"
        path.write_text(
            "".join(
                f"{pin} {' '.join(hashes.values())}\n"
                for pin, hashes in by_pin.items()
                if any(name.endswith(f"-{platform}.whl") for name in hashes)
            )
        )
        return path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Wheels of three recipes and two examples, built, proven and added; nothing is in memory of the build."""
    folder = tmp_path_factory.mktemp("releases")
    dist, data = folder / "dist", folder / "data"
    for project in (*(ROOT / "recipes" / name for name in RECIPES), *(ROOT / "examples" / name for name in EXAMPLES)):
        chosen = [] if os.environ.get("ZIGBUILD_WHOLE_MATRIX") else ["--python", str(find_host_python())]
        if chosen and project.name in LARGE:
            chosen += [part for platform in LIBRARIES for part in ("--target", platform)]
        done = subprocess.run([*ZIGBUILD, "wheels", project, *chosen, "--out", dist, "-q"], timeout=7200)
        assert done.returncode == 0
    for name in EXAMPLES:
        zigbuild_well("sdist", ROOT / "examples" / name, "--out", dist)
    share_runtimes(data / "cache")
    recipes = [part for name in RECIPES for part in ("--recipe", str(ROOT / "recipes" / name))]
    # with the network, for the last time: what rebuilds need is gathered now
    assert (
        subprocess.run([*ZIGBUILD, "cache", "add", dist, *recipes, "--data", data, "-q"], timeout=900).returncode == 0
    )
    wheels = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.glob("*.whl")}
    shutil.rmtree(dist)
    return Published(data, wheels)


@pytest.fixture(scope="module")
def dropped(published: Published) -> Published:
    """Return the same, with every wheel proven, dropped and purged, and without anything that a build left."""
    installed = published.data.parent
    with serving(published.data) as server:
        _install_with_pip(server, published, installed / "pip-before")
        _install_with_uv(server, published, installed / "uv-before")
    assert subprocess.run([*ZIGBUILD, "cache", "prove", "--data", published.data, "-q"], timeout=7200).returncode == 0
    zigbuild_well("cache", "evict", "--purge", "--data", published.data)
    for name in ("work", "zig-local"):
        shutil.rmtree(published.data / "cache" / name, ignore_errors=True)
    return published


@pytest.fixture(scope="module")
def server(dropped: Published) -> Iterator[Running]:
    """Yield the index, and its clients, where there is no network."""
    with without_network(), serving(dropped.data, "--patience", "120") as running:
        yield running


def test_nothing_is_left(dropped: Published) -> None:
    stats = json.loads(zigbuild_well("cache", "stats", "--data", dropped.data, "--json"))
    assert stats["total"]["presence"]["dropped"] == len(dropped.wheels)
    left = [path for path in (dropped.data / "blobs").glob("[0-9a-f][0-9a-f]/*") if path.is_file()]
    assert len(left) == len(RECIPES) + len(EXAMPLES), "the sdists stay"
    assert not [path for path in (dropped.data / "members").glob("[0-9a-f][0-9a-f]/*") if path.is_file()]


def test_no_network_is_there(server: Running) -> None:
    assert server.get("/health").status == 200
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 443), 2)


def test_pip_installs_what_was_deleted(server: Running, dropped: Published, tmp_path: Path) -> None:
    _install_with_pip(server, dropped, tmp_path / "venv")


def test_uv_installs_what_was_deleted(server: Running, dropped: Published, tmp_path: Path) -> None:
    _install_with_uv(server, dropped, tmp_path / "venv")


@pytest.mark.parametrize("platform", [target.platform_tag for target in TARGETS])
def test_pip_downloads_for_every_platform(platform: str, server: Running, dropped: Published, tmp_path: Path) -> None:
    pythons = sorted(
        {tuple(name.split("-")[2:4]) for name in dropped.wheels if name.endswith(f"-{platform}.whl")},
        key=lambda tags: tags[1] == "abi3",
    )
    assert pythons
    requirements = dropped.write_requirements(platform, tmp_path / "requirements.txt")
    for python, abi in pythons:
        if abi == "abi3":
            continue  # taken along by every later version
        _run(
            *(sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-cache-dir"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", requirements),
            *("--index-url", f"{server.url}/simple/", "-d", tmp_path / f"{python}-{abi}"),
            *("--platform", platform, "--python-version", f"3.{python[3:]}", "--abi", abi, "--abi", "abi3"),
        )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*/*.whl")}
    assert found == {name: sha256 for name, sha256 in dropped.wheels.items() if name.endswith(f"-{platform}.whl")}


def _install_with_pip(server: Running, published: Published, folder: Path) -> None:
    venv = make_venv(sys.executable, folder, has_pip=True)
    requirements = published.write_requirements(str(find_host_target()), folder / "requirements.txt")
    _run(
        *(
            venv.python,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-cache-dir",
            "--only-binary=:all:",
        ),
        *("--index-url", f"{server.url}/simple/", "--require-hashes", "-r", requirements),
    )
    venv.run(venv.python, "-c", IMPORTS)


def _install_with_uv(server: Running, published: Published, folder: Path) -> None:
    venv = make_venv(sys.executable, folder)
    requirements = published.write_requirements(str(find_host_target()), folder / "requirements.txt")
    _run(
        *(
            Path(sys.executable).with_name("uv"),
            "pip",
            "install",
            "-q",
            "--no-cache",
            "--no-config",
            "--python",
            venv.python,
        ),
        *("--only-binary", ":all:", "--default-index", f"{server.url}/simple/"),
        *("--require-hashes", "-r", requirements),
    )
    venv.run(venv.python, "-c", IMPORTS)


def _run(*command: str | Path) -> None:
    """Run a client that knows no index but the one it is given; fail the test with what it said."""
    foreign = ("PIP_", "UV_")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    environ |= {"PIP_CONFIG_FILE": os.devnull, "UV_HTTP_TIMEOUT": "180"}
    line = [str(part) for part in command]
    done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
