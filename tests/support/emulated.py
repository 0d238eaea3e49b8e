"""A Linux of another processor on this machine: Debian's programs, run by qemu, which can start one another.

zig starts itself again for every file that it compiles, so it is not enough to hand one program to qemu: the kernel
must know what runs such programs. It is told so in a namespace of its own (since Linux 6.7), and nothing of the system
changes.
"""

from __future__ import annotations

import contextlib
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from debian import find_package
from foreign import DEBIAN_PACKAGES, find_program

PACKAGES = (*DEBIAN_PACKAGES, "libssl3", "coreutils")
"""Beside Python: what its ``ssl`` needs, and ``/usr/bin/env``, by which zig sees which C library a Linux has."""

_RULE = ":{name}:M::{magic}:{mask}:{emulator}:F"
_MAGIC = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xb7\0"
"""The start of an executable of a little-endian aarch64, up to the machine: EM_AARCH64 is 183."""

_MASK = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
"""The bits of it that count: any system's ABI matches, and position-independent executables, too."""

_ENTER = """
set -eu
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf %s "$0" > /proc/sys/fs/binfmt_misc/register
root=$1; shift
mount -t proc none "$root/proc"
while [ "$1" != -- ]; do mount --rbind "$1" "$root$2"; shift 2; done
shift
exec chroot "$root" "$@"
"""
"""Run by sh with the rule, the root, pairs of folders (here, there), ``--``, and the command."""


@dataclass(frozen=True)
class Emulated:
    """A Linux in the folder *root*, whose programs are run after *rule*."""

    root: Path
    rule: str

    def run(
        self,
        *command: str | Path,
        shared: Mapping[Path, Path] | None = None,
        environ: Mapping[str, str] | None = None,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of it, as root, with no environment but *environ*; there is no network, and no other process.

        *shared* says at which path there a folder of this machine is, and which.
        """
        folders = {Path("/dev"): Path("/dev"), **(shared or {})}
        for there in (Path("/proc"), *folders):
            self.root.joinpath(*there.parts[1:]).mkdir(parents=True, exist_ok=True)
        pairs = [path for there, here in folders.items() for path in (here, there)]
        alone = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        line: list[str | Path] = [*alone, "sh", "-c", _ENTER, self.rule, self.root, *pairs, "--", *command]
        return subprocess.run(
            line,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **(environ or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@contextlib.contextmanager
def emulated_aarch64() -> Iterator[Emulated]:
    """Debian bookworm for aarch64, with python3.11; skips the test where this machine cannot run it."""
    if platform.machine() == "aarch64":
        pytest.skip("this machine is of that processor")
    emulator = find_program("qemu-aarch64-static", "qemu-aarch64")
    find_program("unshare")
    magic, mask = ("".join(f"\\x{byte:02x}" for byte in part) for part in (_MAGIC, _MASK))
    packages = [find_package("bookworm", "arm64", package) for package in PACKAGES]
    with tempfile.TemporaryDirectory(prefix="aarch64-") as root:
        for package in packages:
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True, timeout=300)
        Path(root, "tmp").mkdir()
        linux = Emulated(Path(root), _RULE.format(name="aarch64", magic=magic, mask=mask, emulator=emulator))
        done = linux.run("/usr/bin/python3.11", "-c", "import os; print(os.uname().machine)")
        if done.returncode:
            pytest.skip(f"no private binfmt_misc here: {done.stderr.strip()}")
        assert done.stdout.strip() == "aarch64"
        yield linux
