"""The sandbox: bubblewrap puts a program into namespaces of its own, where only its inputs exist."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from ...core.base.errors import ConfigurationError, NotFoundError, ToolchainError
from .command import Command, CompletedCommand
from .control_groups import ControlGroup, control_group
from .limits import DEFAULT_LIMITS, LimitError, Limits
from .processes import Process, list_processes, read_process, set_limits
from .seccomp import render_filter
from .watch import Watch, supervise

_PAUSE = 0.05
"""Seconds between two checks of the processes."""

_PROC = Path("/proc")

_INSTALL = "install bubblewrap 0.8 or later: apt-get install bubblewrap, dnf install bubblewrap"
_ALLOW = (
    "let users make namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone,"
    " kernel.apparmor_restrict_unprivileged_userns, or the options of the container"
)
_WITHOUT = "or, for sources that you trust, use --no-isolation"

_APART = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--new-session", "--die-with-parent",
    "--hostname", "sandbox", "--uid", "1000", "--gid", "1000",
)  # fmt: skip
_SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path", "/etc/alternatives")
"""Files by which programs of the system are found and linked. They say nothing of this machine's users."""

_VISIBLE = ("/usr", *_SYSTEM_FOLDERS)


@dataclass(frozen=True)
class Bubblewrap:
    """A sandbox by the bubblewrap *program*.

    A command in it has no network, no capability, no terminal, no process but its own, a /tmp in memory and only the
    environment that it is given. It sees the system's programs and libraries, and its readable and writable paths, each
    at its own place.
    """

    program: Path
    limits: Limits = DEFAULT_LIMITS

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        """Run *command*, see :meth:`.Sandbox.run`.

        :raises ConfigurationError: if a writable path is not a folder, or is a link to one.
        :raises NotFoundError: if a readable path does not exist.
        """
        folders = tuple(map(_check_folder, command.writable))
        watch = Watch(self.limits, folders)
        arguments = [
            *_APART, *_system_mounts(), *_private_mounts(self.limits), *_mounts(tuple(command.readable), folders),
            "--remount-ro", "/", "--chdir", str(command.cwd), *_variables(command.environ),
        ]  # fmt: skip
        with (
            control_group(self.limits) as group,
            _started(self.program, arguments, command) as (child, status, release),
        ):
            try:
                init = _read_status(status).get("child-pid")
                first = read_process(_PROC, init) if init else None
                if first:
                    group.add(first.number)
                    set_limits(first.number, self.limits, is_apart=True)
                    with contextlib.suppress(BrokenPipeError):
                        os.write(release, b"x")
                else:
                    child.kill()
            except BaseException:
                child.kill()
                child.communicate()
                raise
            try:
                check = partial(_check, watch, group, first)
                completed = supervise(child, self.limits, check, partial(_end, child, first), on_tick, _PAUSE)
                group.check()
                watch.check_disk(is_suspect=completed.returncode != 0)
            except LimitError as error:
                raise LimitError(error.problems[0].message, where=str(command.arguments[0])) from None
            if "exit-code" not in _read_status(status):
                reason = completed.stderr.decode(errors="replace").strip() or "it was ended from outside"
                raise ToolchainError(f"cannot make a sandbox: {reason}", where=str(self.program))
            return completed


def find_sandbox(environ: Mapping[str, str], limits: Limits = DEFAULT_LIMITS) -> Bubblewrap:
    """Return the sandbox of this machine, after a trial run.

    :raises NotFoundError: if bubblewrap is not installed, or the system does not let it make namespaces.
    """
    program = shutil.which("bwrap", path=environ.get("PATH", os.defpath))
    if not program:
        raise NotFoundError("bubblewrap is not installed", where="bwrap", hint=f"{_INSTALL}\n{_WITHOUT}")
    sandbox = Bubblewrap(Path(program).absolute(), limits)
    try:
        sandbox.run(Command(["true"], Path("/")))
    except ToolchainError as error:
        hints = f"{_ALLOW}\n{_INSTALL}\n{_WITHOUT}"
        raise NotFoundError(error.problems[0].message, where=program, hint=hints) from error
    return sandbox


def end_orphaned_sandboxes(folder: Path) -> None:
    """Kill the sandboxes that work below *folder*, where the process that started them was killed.

    A sandbox that was being set up then would wait forever for the first process of bubblewrap, which is gone.
    """
    for number in list_processes(_PROC):
        with contextlib.suppress(OSError):
            program, *arguments = os.fsdecode((_PROC / str(number) / "cmdline").read_bytes()).split("\0")
            cwd = arguments[arguments.index("--chdir") + 1] if "--chdir" in arguments else "/"
            if Path(program).name == "bwrap" and Path(cwd).is_relative_to(folder):
                os.kill(number, signal.SIGKILL)


@contextlib.contextmanager
def _started(
    program: Path, options: Sequence[str], command: Command
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], int]]:
    """Start bubblewrap; yield it with its status pipe, and with the pipe on which the *command* waits for a byte."""
    with contextlib.ExitStack() as ours:
        with contextlib.ExitStack() as theirs:
            told, telling = _open_pipe(ours, theirs)
            release, waiting = reversed(_open_pipe(theirs, ours))
            descriptors = ["--json-status-fd", str(telling), "--block-fd", str(waiting)]
            inherited = [telling, waiting]
            if rules := render_filter(platform.machine()):
                with contextlib.ExitStack() as written:
                    filtering, feed = _open_pipe(theirs, written)
                    os.write(feed, rules)
                descriptors += ["--seccomp", str(filtering)]
                inherited.append(filtering)
            try:
                child = subprocess.Popen(
                    [program, *options, *descriptors, "--", *command.arguments],
                    cwd="/",
                    env={},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=inherited,
                    start_new_session=True,
                    umask=command.umask,
                )
            except OSError as error:
                raise ToolchainError(f"cannot be started: {error.strerror}", where=str(program)) from error
        yield child, ours.enter_context(open(told, "rb", closefd=False)), release


def _open_pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> tuple[int, int]:
    """Return both ends of a new pipe, each of which is closed with its stack."""
    read, write = os.pipe()
    reading.callback(os.close, read)
    writing.callback(os.close, write)
    return read, write


def _read_status(status: IO[bytes]) -> dict[str, int]:
    """Return the next JSON object of bubblewrap's status; empty if it ended without one."""
    line = status.readline()
    return cast(dict[str, int], json.loads(line)) if line.endswith(b"\n") else {}


def _check(watch: Watch, group: ControlGroup, first: Process | None) -> None:
    group.check()
    if first:
        root = Path(f"/proc/{first.number}/root")
        # Until bubblewrap has changed its root, this shows all processes of the machine.
        if (seen := read_process(root / "proc", 1)) and seen.started == first.started:
            watch.check_processes(list_processes(root / "proc"), root / "proc", (root / "tmp", root / "dev/shm"))
    watch.check_disk()


def _end(child: subprocess.Popen[bytes], first: Process | None) -> None:
    """Kill the *first* process of the sandbox; the system then kills all others in it."""
    if first:
        while first.is_running(_PROC):
            with contextlib.suppress(ProcessLookupError):
                os.kill(first.number, signal.SIGKILL)
            time.sleep(0.001)
        # This process must reap it if bubblewrap ended before it and this is the first process, as in a container.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(first.number, os.WNOHANG)
    else:
        child.kill()
    child.wait()


def _check_folder(folder: Path) -> Path:
    if folder.is_symlink() or not folder.is_dir():
        raise ConfigurationError("is not a folder that a sandbox can write to", where=str(folder))
    return folder.absolute()


def _system_mounts() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for folder in map(Path, _SYSTEM_FOLDERS):
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.is_dir():
            yield from ("--ro-bind", str(folder), str(folder))
    for path in _SYSTEM_FILES:
        yield from ("--ro-bind-try", path, path)


def _private_mounts(limits: Limits) -> Iterator[str]:
    size = str(limits.memory // 4)
    # Root without capabilities may still write to files: those in /proc/sys are the kernel's settings.
    yield from ("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev")
    yield from ("--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev")
    yield from ("--size", size, "--perms", "1777", "--tmpfs", "/tmp")


def _mounts(readable: Sequence[Path], writable: Sequence[Path]) -> Iterator[str]:
    """Yield options that mount the paths at their real places, and make the links by which the caller names them."""
    try:
        binds = dict.fromkeys((path.resolve(strict=True) for path in readable), "--ro-bind")
    except OSError as error:
        raise NotFoundError("does not exist, but a sandbox must read it", where=str(error.filename)) from error
    binds.update(dict.fromkeys((folder.resolve() for folder in writable), "--bind"))
    for path, option in sorted(binds.items()):
        yield from (option, str(path), str(path))
    links = {link: target for path in (*readable, *writable) for link, target in _links_along(path.absolute())}
    visible = (*binds, *map(Path, _VISIBLE))
    for link, target in links.items():
        if not any(link.is_relative_to(folder) for folder in visible):
            yield from ("--symlink", str(target), str(link))


def _links_along(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the links that the system follows on the way to *path*, each with its target."""
    place, rest = Path("/"), list(reversed(path.parts[1:]))
    while rest:
        step = place / rest.pop()
        if step.name == "..":
            place = place.parent
        elif step.is_symlink():
            target = step.readlink()
            yield step, target
            if target.is_absolute():
                place = Path("/")
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        else:
            place = step


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        yield from ("--setenv", name, value)
