"""Networks of their own for tests: nothing is in them but the loopback addresses."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_NETWORK = 0x40000000
"""CLONE_NEWNET"""


@contextlib.contextmanager
def without_network() -> Iterator[None]:
    """While the context lasts, this thread and what it starts are in a network without a way out of this machine.

    It takes root and bubblewrap; without them the test is skipped.
    """
    bwrap = shutil.which("bwrap")
    if not bwrap or sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux, with bubblewrap, can make a network for several programs")
    reader, writer = os.pipe()
    # bubblewrap brings the loopback addresses up
    options = ("--dev-bind", "/", "/", "--unshare-net", "--die-with-parent", "--info-fd", str(writer))
    holder = subprocess.Popen([bwrap, *options, "sleep", "infinity"], pass_fds=[writer])
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            pid = json.load(told)["child-pid"]
        with Path("/proc/thread-self/ns/net").open("rb") as own, Path(f"/proc/{pid}/ns/net").open("rb") as other:
            _enter(other.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())
    finally:
        holder.kill()
        holder.wait()


def _enter(namespace: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(namespace, _NETWORK):
        raise OSError(ctypes.get_errno(), "cannot enter the network")
