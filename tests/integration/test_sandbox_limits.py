"""Programs that want too much are ended, for a reason that names the limit, and the machine goes on."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from confined import User
from zigbuild_backend.rebuild.sandbox.limits import Limits
from zigbuild_backend.rebuild.sandbox.processes import read_available_memory

pytestmark = pytest.mark.full

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
def test_outrage_without_isolation_is_ended(name: str, own_user: User) -> None:
    program, reason = OUTRAGES[name]
    done = own_user.unconfined().run(program, limits=LIMITS, writable=[own_user.make_folder(f"{name}-open")])
    assert reason in done.reason, done


def test_time(user: User) -> None:
    for somebody in (user, user.unconfined()):
        began = time.monotonic()
        done = somebody.run(STUBBORN, limits=Limits(seconds=0.5))
        assert "ran for more than 0.5 seconds" in done.reason, done
        assert time.monotonic() - began < 10


def test_limits_of_the_system(user: User) -> None:
    """A limit on processes is set where it is one of the run; elsewhere it would count all that the user runs."""
    program = """
        import resource as r
        print(*(r.getrlimit(kind)[0] for kind in (r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_NPROC)))
        """
    for somebody in (user, user.unconfined()):
        done = somebody.run(program, limits=LIMITS)
        assert done.returncode == 0, done
        *found, processes = done.stdout.split()
        assert found == ["0", str(LIMITS.disk + 65536)]
        assert (processes == str(LIMITS.tasks + 16)) == somebody.is_confined


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
