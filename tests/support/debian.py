"""Files of Debian packages of any suite and architecture, for tests that compare with or run what Debian built.

apt verifies what it downloads against the archive's signed hashes. It runs with a configuration and state of its own,
so that the system's apt is left untouched; only the mirror is the system's. Packages are kept in the folder
``ZIGBUILD_TEST_CACHE`` (default ``~/.cache/zigbuild-tests``) and never fetched again.
"""

from __future__ import annotations

import atexit
import functools
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def find_cache() -> Path:
    """Return the folder for what tests download, which outlives them."""
    folder = Path(os.environ.get("ZIGBUILD_TEST_CACHE") or Path.home() / ".cache" / "zigbuild-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_package(suite: str, architecture: str, package: str, below: str) -> Mapping[str, bytes]:
    """Return the regular files of a Debian package in the folder *below* (``usr/include``): full path to content.

    Skips the test where the package isn't cached and cannot be had: without apt, root, or a network.
    """
    command = ["dpkg-deb", "--fsys-tarfile", find_package(suite, architecture, package)]
    with tarfile.open(fileobj=io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout)) as archive:
        files = {member.name.removeprefix("./"): member for member in archive if member.isreg()}
        return {
            name: content.read()
            for name, member in files.items()
            if name.startswith(f"{below}/") and (content := archive.extractfile(member))
        }


def find_package(suite: str, architecture: str, package: str) -> Path:
    """Return the .deb file of a package; skip the test like :func:`read_package`."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb") or not KEYRING.is_file():
        pytest.skip("needs Debian's apt")
    folder = find_cache() / "debian" / f"{suite}-{architecture}"
    kept = folder / f"{package}.deb"
    if not kept.is_file():
        if os.geteuid():
            pytest.skip("needs root, for apt")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            done = _run_apt(_configure(suite, architecture), "download", package, cwd=scratch)
            if done.returncode:
                pytest.skip(f"Debian {suite} has no {package} for {architecture} here: {done.stderr.strip()}")
            (downloaded,) = Path(scratch).glob(f"{package}_*.deb")
            downloaded.rename(kept)
    return kept


@functools.cache
def _configure(suite: str, architecture: str) -> Path:
    """Return the configuration file of an apt that knows one suite and architecture, with its lists up to date."""
    state = Path(tempfile.mkdtemp(prefix="apt-"))
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    for name in ("lists/partial", "archives/partial", "sources", "preferences"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    (state / "sources" / "one.sources").write_text(
        f"Types: deb\nURIs: {_find_mirror()}\nSuites: {suite}\nComponents: main\n"
        f"Architectures: {architecture}\nSigned-By: {KEYRING}\n"
    )
    configuration = state / "apt.conf"
    configuration.write_text(
        f'Dir::State::lists "{state}/lists";\n'
        f'Dir::State::status "{state}/status";\n'
        f'Dir::Cache::archives "{state}/archives";\n'
        'Dir::Cache::pkgcache "";\n'
        'Dir::Cache::srcpkgcache "";\n'
        'Dir::Etc::sourcelist "/dev/null";\n'
        f'Dir::Etc::sourceparts "{state}/sources";\n'
        'Dir::Etc::preferences "/dev/null";\n'
        f'Dir::Etc::preferencesparts "{state}/preferences";\n'
        f'APT::Architecture "{architecture}";\n'
        f'APT::Architectures {{ "{architecture}"; }};\n'
        'APT::Sandbox::User "root";\n'
        'Acquire::Languages "none";\n'
    )
    done = _run_apt(configuration, "update")
    if done.returncode or "Failed to fetch" in done.stderr:
        pytest.skip(f"the lists of Debian {suite} for {architecture} cannot be had: {done.stderr.strip()}")
    return configuration


def _find_mirror() -> str:
    """Return the first Debian archive in the system's own apt configuration."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            for line in file.read_text().splitlines():
                if match := re.match(r"(?:URIs:|deb (?:\[[^]]*\] )?) *(\S+/debian/?)(?:\s|$)", line):
                    return match[1]
    pytest.skip("the system's apt has no Debian archive")


def _run_apt(configuration: Path, *arguments: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C"}
    return subprocess.run(
        ["apt-get", "-qq", *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=600
    )
