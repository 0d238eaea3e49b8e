"""Runs zig, with nothing of the host in its environment."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..base import store_folders
from ..base.errors import ToolchainError
from ..base.frozen import dataclass
from ..base.machine import Machine
from ..base.store import Store

_TICK_SECONDS = 0.2

_LOST = "error: BrokenPipe"
"""What is left of the words of a compiler that ended before zig's build had told it all. Another run brings them."""

_TRIES = 3
_PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_INHERITED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class ZigEnvironment:
    """The environment of one run of zig.

    ``epoch`` is SOURCE_DATE_EPOCH in seconds, ``library`` the path that zig takes for its own library instead of where
    that lies; a run that ``has_network`` sees the variables that name proxies.
    """

    epoch: int | None = None
    library: Path | None = None
    has_network: bool = False


_PLAIN = ZigEnvironment()


@dataclass(frozen=True)
class ZigBuild:
    """One run of ``zig build`` in *folder*.

    Artifacts are installed below ``prefix``; ``cache`` is the local cache, which holds what is compiled; ``library`` is
    as in :class:`ZigEnvironment`.
    """

    arguments: Sequence[str]
    folder: Path
    prefix: Path
    cache: Path
    optimize: str
    epoch: int
    jobs: int | None = None
    library: Path | None = None


@dataclass(frozen=True)
class Zig:
    """A zig on this machine, with the store in which its caches live and the environment that it is started from."""

    executable: Path
    version: str
    machine: Machine
    talk: Callable[[str], None] | None = None
    """Told each command and what it said, where somebody wants to know."""
    on_build: Callable[[Sequence[str], Sequence[str], Mapping[str, str]], None] | None = None
    """Told how a graph is built: the command, what of the environment it inherits, and what is set besides."""

    @property
    def store(self) -> Store:
        """Return the store of its machine, in which its caches are."""
        return self.machine.store

    @property
    def library(self) -> Path:
        """Return the folder of the headers and sources that come with it."""
        return self.executable.with_name("lib")

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | None = None,
        stdin: bytes = b"",
        world: ZigEnvironment = _PLAIN,
        on_tick: Callable[[], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> bytes:
        """Run ``zig ARGUMENTS`` and return its standard output.

        ``meanwhile`` is called as soon as zig has started, ``on_tick`` some times a second while it runs.

        :raises CompileError: if zig exits with a failure; the error holds what zig said.
        :raises ToolchainError: if it cannot be started.
        """
        command = [str(self.executable), *arguments]
        try:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=self._environment(world),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolchainError(
                f"cannot be started: {error.strerror}",
                where=str(self.executable),
                hint=f"reinstall it: pip install --force-reinstall ziglang=={self.version}",
            ) from error
        try:
            if meanwhile:
                meanwhile()
            stdout, stderr = _wait(child, stdin, on_tick)
        except BaseException:
            _end(child)
            raise
        if self.talk:
            self.talk(f"{shlex.join(command)}\n{stderr.decode(errors='replace')}".rstrip())
        if child.returncode:
            raise CompileError(stderr.decode(errors="replace"), command)
        return stdout

    def build(
        self,
        build: ZigBuild,
        on_tick: Callable[[], None] | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Run ``zig build``; ``on_tick`` and ``meanwhile`` are as for :meth:`run`.

        :raises CompileError: if a step fails. zig has finished every other step by then.
        """
        arguments = ["build", "--prefix", str(build.prefix), "--cache-dir", str(build.cache)]
        arguments += ["--summary", "none", "--color", "off", *build.arguments]
        arguments += [] if build.optimize == "debug" else [f"--release={build.optimize}"]
        arguments += [f"-j{build.jobs}"] * bool(build.jobs)
        world = ZigEnvironment(build.epoch, build.library)
        if self.on_build:
            self.on_build([str(self.executable), *arguments], _INHERITED, self._set_variables(world))
        arguments += ["--verbose"] * bool(self.talk)
        for left in reversed(range(_TRIES)):
            try:
                self.run(arguments, cwd=build.folder, world=world, on_tick=on_tick, meanwhile=meanwhile)
                return
            except CompileError as error:
                if not left or _LOST not in error.output:
                    raise

    def fetch(self, root: Path) -> None:
        """Fetch the packages that the build.zig.zon in *root* leads to and the cache lacks.

        :raises CompileError: if one cannot be had, or is not what its hash says.
        """
        self.run(["build", "--fetch", "--color", "off"], cwd=root, world=ZigEnvironment(has_network=True))

    def _environment(self, world: ZigEnvironment) -> dict[str, str]:
        """Return the environment variables of zig: no locale, no time zone, no flags, no HOME."""
        names = _INHERITED + (_PROXIES if world.has_network else ())
        inherited = {key: self.machine.environ[key] for key in names if key in self.machine.environ}
        return inherited | self._set_variables(world)

    def _set_variables(self, world: ZigEnvironment) -> dict[str, str]:
        environment = {
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            "ZIG_GLOBAL_CACHE_DIR": str(self.store.folder(store_folders.ZIG)),
            "ZIG_LOCAL_CACHE_DIR": str(self.store.folder(store_folders.ZIG_LOCAL)),
        }
        if world.epoch is not None:
            environment["SOURCE_DATE_EPOCH"] = str(world.epoch)
        if world.library:
            environment["ZIG_LIB_DIR"] = str(world.library)
        return environment


class CompileError(ToolchainError):
    """zig or clang refused; ``output`` is what it printed."""

    def __init__(self, output: str, command: Sequence[str]) -> None:
        self.output = output
        self.command = tuple(command)
        super().__init__(output.strip() or "zig failed without a word", where="zig")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End zig and all that it started: its build runner would continue alone."""
    if sys.platform == "win32":
        child.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
    child.wait()


def _wait(child: subprocess.Popen[bytes], stdin: bytes, on_tick: Callable[[], None] | None) -> tuple[bytes, bytes]:
    while on_tick:
        try:
            return child.communicate(stdin, timeout=_TICK_SECONDS)
        except subprocess.TimeoutExpired:
            on_tick()
    return child.communicate(stdin)
