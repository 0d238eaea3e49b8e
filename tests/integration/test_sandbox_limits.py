"""Programs that want too much are ended, for a reason that names the limit, and the machine goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from confined import User, make_user
from zigbuild_backend.sandbox import Bubblewrap, LimitError, Limits, Sandbox, Unconfined, find_sandbox
from zigbuild_backend.sandbox.processes import list_processes, read_available_memory

FORK = """
    import os
    while True:
        os.fork()
"""
FORK_APART = """
    import os
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            pass
"""
THREADS = """
    import threading, time
    while True:
        try:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            time.sleep(60)
"""
MEMORY = """
    kept = []
    while True:
        kept.append(b"x" * 1_000_000)
"""
MEMORY_OF_CHILDREN = """
    import os, time
    for _ in range(30):
        if os.fork() == 0:
            kept = b"x" * 10_000_000
            time.sleep(60)
    time.sleep(60)
"""
MEMORY_IN_FILES = """
    import time
    while True:
        for number in range(20):
            try:
                open(f"/tmp/{number}", "ab").write(b"x" * 1_000_000)
                open(f"/dev/shm/{number}", "ab").write(b"x" * 1_000_000)
            except OSError:
                kept = b"x" * 150_000_000
                time.sleep(60)
"""
ONE_FILE = """
    with open("large", "wb") as file:
        while True:
            file.write(b"x" * 1_000_000)
"""
MANY_FILES = """
    import itertools
    for number in itertools.count():
        open(str(number), "wb").write(b"x" * 2000)
"""
HIDDEN_FILES = """
    import os
    os.mkdir("hidden")
    open("hidden/x", "wb").write(b"x" * 6_000_000)
    os.chmod("hidden", 0)
    open("shown", "wb").write(b"x" * 6_000_000)
    raise SystemExit(1)
"""
PRINT = """
    while True:
        print("x" * 1000)
"""
STUBBORN = """
    import signal, time
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)
"""
LIMITS = Limits(memory=200 << 20, seconds=30, processes=50, disk=8 << 20, output=1 << 20)
OUTRAGES = {
    "fork": (FORK, "started more than"),
    "fork-apart": (FORK_APART, "started more than"),
    "threads": (THREADS, f"started more than {LIMITS.tasks} processes and threads"),
    "memory": (MEMORY, "used more than 200 MiB of memory"),
    "memory-of-children": (MEMORY_OF_CHILDREN, "used more than 200 MiB of memory"),
    "one-file": (ONE_FILE, "wrote more than 8 MiB"),
    "many-files": (MANY_FILES, "wrote more than 8 MiB"),
    "print": (PRINT, "printed more than 1 MiB"),
}


@pytest.fixture(scope="module", params=["root", "ordinary"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    folder = Path(tempfile.mkdtemp(prefix="sandboxed-"))
    try:
        yield make_user(request.param, folder)
    finally:
        shutil.rmtree(folder)


def groups(process: int) -> list[Path]:
    """The control groups that this process has made."""
    return list(Path("/sys/fs/cgroup").glob(f"**/zigbuild-{process}-*"))


@pytest.mark.parametrize("name", OUTRAGES)
def test_outrage_is_ended(name: str, user: User) -> None:
    program, reason = OUTRAGES[name]
    began = time.monotonic()
    done = user.run(program, limits=LIMITS, writable=[user.make_folder(name)])
    assert reason in done.reason, done
    assert done.reason.startswith(str(user.python))
    assert time.monotonic() - began < 25
    shutil.rmtree(user.folder / name)
    assert user.run("print('still here')").stdout == "still here\n"


@pytest.mark.parametrize("name", ["fork", "memory", "one-file", "print"])
def test_outrage_without_isolation_is_ended(name: str, user: User) -> None:
    if user.number != os.getuid():
        pytest.skip("as for this user")
    program, reason = OUTRAGES[name]
    done = user.unconfined().run(program, limits=LIMITS, writable=[user.make_folder(f"{name}-open")])
    assert reason in done.reason, done


def test_time(user: User) -> None:
    for somebody in (user, user.unconfined()):
        began = time.monotonic()
        done = somebody.run(STUBBORN, limits=Limits(seconds=0.5))
        assert "ran for more than 0.5 seconds" in done.reason, done
        assert time.monotonic() - began < 10


def test_files_in_memory_count_as_memory(user: User) -> None:
    done = user.run(MEMORY_IN_FILES, limits=LIMITS)
    assert "used more than 200 MiB of memory" in done.reason, done
    done = user.run(
        """
        try:
            open("/tmp/x", "wb").write(b"x" * 60_000_000)
        except OSError as error:
            print(error.strerror)
        """,
        limits=Limits(memory=200 << 20),
    )
    assert done.stdout == "No space left on device\n", done


def test_files_that_cannot_be_counted(user: User) -> None:
    out = user.make_folder("hiding")
    done = user.run(HIDDEN_FILES, limits=LIMITS, writable=[out])
    (out / "hidden").chmod(0o755)
    expected = "wrote more than 8 MiB" if user.number == 0 else "made a folder whose files cannot be counted"
    assert expected in done.reason, done


def test_memory_that_no_process_owns(user: User) -> None:
    """Files in memory without a name: a control group counts them; where there is none, the machine runs short."""
    spare = read_available_memory(Path("/proc")) - (400 << 20)
    done = user.run(
        """
        import os
        file = os.memfd_create("x")
        while True:
            os.write(file, b"x" * 10_000_000)
        """,
        limits=Limits(memory=200 << 20, seconds=60, spare_memory=spare),
    )
    assert "200 MiB of memory" in done.reason or "of memory to the machine" in done.reason, done


def test_files_without_a_name_leave_the_machine_its_disk(user: User) -> None:
    out = user.make_folder("unnamed")
    status = os.statvfs(out)
    spare = status.f_bavail * status.f_frsize - (300 << 20)
    done = user.run(
        """
        import os
        file = os.open(".", os.O_TMPFILE | os.O_RDWR)
        while True:
            os.write(file, b"x" * 1_000_000)
        """,
        limits=Limits(seconds=60, spare_disk=spare),
        writable=[out],
    )
    assert "of disk to the machine" in done.reason, done


def test_what_was_there_is_not_counted(user: User) -> None:
    out = user.make_folder("filled", large="x" * (20 << 20))
    time.sleep(0.1)
    done = user.run("open('small', 'w').write('x'); raise SystemExit(1)", limits=LIMITS, writable=[out])
    assert (done.returncode, done.reason) == (1, "")


def test_within_the_limits(user: User) -> None:
    """Memory that many share is counted once, and files with holes for what they take."""
    out = user.make_folder("modest")
    done = user.run(
        """
        import os, time
        kept = b"x" * 50_000_000
        for _ in range(20):
            if os.fork() == 0:
                time.sleep(0.5)
                os._exit(0)
        for name in "abc":
            with open(name, "wb") as file:
                file.truncate(7_000_000)
        print("x" * 1_000_000)
        time.sleep(0.5)
        """,
        limits=LIMITS,
        writable=[out],
    )
    assert (done.returncode, done.reason, len(done.stdout)) == (0, "", 1_000_001), done


@pytest.fixture(params=["bubblewrap", "unconfined"])
def sandbox(request: pytest.FixtureRequest, user: User) -> Sandbox:
    if user.number != os.getuid():
        pytest.skip("as for this user")
    return find_sandbox(os.environ) if request.param == "bubblewrap" else Unconfined()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interruption_ends_it_all(error: type[BaseException], sandbox: Sandbox, user: User) -> None:
    def interrupt() -> None:
        raise error

    program = "import os, time; os.fork(); os.fork(); time.sleep(3600.25)"
    began = time.monotonic()
    with pytest.raises(error):
        sandbox.run(
            user.command(program), readable=[user.prefix], writable=[], environ={}, cwd=Path("/"), on_tick=interrupt
        )
    assert time.monotonic() - began < 5
    assert not groups(os.getpid())
    assert not [number for number in list_processes(Path("/proc")) if b"3600.25" in read_command(number)]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def read_command(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def test_ticks(sandbox: Sandbox, user: User) -> None:
    ticks: list[float] = []
    sandbox.run(
        user.command("import time; time.sleep(1)"),
        readable=[user.prefix],
        writable=[],
        environ={},
        cwd=Path("/"),
        on_tick=lambda: ticks.append(time.monotonic()),
    )
    assert 2 <= len(ticks) <= 6


def test_nothing_is_left_open(sandbox: Sandbox, user: User) -> None:
    def run() -> None:
        sandbox.run(user.command(""), readable=[user.prefix], writable=[], environ={}, cwd=Path("/"))

    run()
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        run()
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert not groups(os.getpid())


def test_groups_of_the_dead_are_removed(user: User) -> None:
    """A caller that is killed leaves its group behind, empty; the next one takes it away."""
    with user.start(user.command(STUBBORN)) as child:
        time.sleep(0.5)
        child.kill()
    if not groups(child.pid):
        pytest.skip("no control group can be made here")
    time.sleep(0.2)
    user.run("")
    assert not groups(child.pid)


def test_many_at_once(user: User) -> None:
    """Runs from several threads, as a server has them, neither mix nor wait for each other."""
    from concurrent.futures import ThreadPoolExecutor

    sandbox = find_sandbox(os.environ) if user.number == os.getuid() else pytest.skip("as for this user")
    assert isinstance(sandbox, Bubblewrap)

    def run(number: int) -> bytes:
        program = f"import os; print({number}, os.listdir('/tmp')); open('/tmp/x', 'w')"
        return sandbox.run(user.command(program), readable=[user.prefix], writable=[], environ={}, cwd=Path("/")).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(16))) == [f"{number} []\n".encode() for number in range(16)]


def test_limit_names_what_was_run(user: User) -> None:
    sandbox = find_sandbox(os.environ, Limits(seconds=0.1)) if user.number == os.getuid() else pytest.skip("as above")
    with pytest.raises(LimitError) as error:
        sandbox.run(["sleep", "60"], readable=[], writable=[], environ={}, cwd=Path("/"))
    assert str(error.value) == "sleep: ran for more than 0.1 seconds"
    assert error.value.exit_code == 3


def test_modules_can_be_imported_where_there_are_no_such_limits() -> None:
    """What only Linux has is asked for when it is used: the other systems run programs without isolation."""
    program = """
import sys
for name in ("resource", "fcntl", "pwd", "grp"):
    sys.modules[name] = None
import zigbuild_backend.sandbox
"""
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
