"""However a run in the sandbox ends, nothing of it goes on: no process, no group, no open file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from confined import User
from zigbuild_backend.rebuild.sandbox.bubblewrap import Bubblewrap, find_sandbox
from zigbuild_backend.rebuild.sandbox.command import Command, Sandbox
from zigbuild_backend.rebuild.sandbox.limits import LimitError, Limits
from zigbuild_backend.rebuild.sandbox.processes import list_processes
from zigbuild_backend.rebuild.sandbox.unconfined import Unconfined

pytestmark = pytest.mark.full


def groups(process: int) -> list[Path]:
    """Return the control groups that this process has made."""
    return list(Path("/sys/fs/cgroup").glob(f"**/zigbuild-{process}-*"))


def test_how_programs_end(user: User) -> None:
    assert user.run("print('said'); raise SystemExit(3)").returncode == 3
    assert user.run("import os; os.abort()").returncode == 128 + 6
    assert user.run("import os; os.kill(os.getpid(), 9)").returncode == 128 + 9
    done = user.run("import sys; print('out'); print('err', file=sys.stderr)")
    assert (done.returncode, done.stdout, done.stderr, done.reason) == (0, "out\n", "err\n", "")
    assert "nosuch: No such file or directory" in user.run_command(["nosuch"]).reason


def test_what_stays_behind_is_ended(user: User) -> None:
    out = user.make_folder("survivor")
    done = user.run(
        """
        import os, signal, sys, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, b"x")
                while True:
                    open("alive", "a").write("x")
                    time.sleep(0.01)
            os._exit(0)
        os.read(read, 1)
        """,
        writable=[out],
    )
    assert done.returncode == 0, done
    size = (out / "alive").stat().st_size if (out / "alive").exists() else 0
    time.sleep(0.1)
    assert ((out / "alive").stat().st_size if size else 0) == size


def test_everything_ends_with_the_caller(user: User) -> None:
    out = user.make_folder("orphan")
    program = "import time\nwhile True: open('alive', 'a').write('x'); time.sleep(0.01)"
    with user.start(user.command(program), writable=[out]) as child:
        while not (out / "alive").exists():
            time.sleep(0.01)
        child.kill()
    time.sleep(0.2)
    size = (out / "alive").stat().st_size
    time.sleep(0.1)
    assert (out / "alive").stat().st_size == size


@pytest.fixture(params=["bubblewrap", "unconfined"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return find_sandbox(os.environ) if request.param == "bubblewrap" else Unconfined()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interruption_ends_it_all(error: type[BaseException], sandbox: Sandbox, own_user: User) -> None:
    def interrupt() -> None:
        raise error

    program = "import os, time; os.fork(); os.fork(); time.sleep(3600.25)"
    began = time.monotonic()
    with pytest.raises(error):
        sandbox.run(Command(own_user.command(program), Path("/"), readable=[own_user.prefix]), interrupt)
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


def test_ticks(sandbox: Sandbox, own_user: User) -> None:
    ticks: list[float] = []
    command = Command(own_user.command("import time; time.sleep(1)"), Path("/"), readable=[own_user.prefix])
    sandbox.run(command, lambda: ticks.append(time.monotonic()))
    assert 2 <= len(ticks) <= 6


def test_nothing_is_left_open(sandbox: Sandbox, own_user: User) -> None:
    def run() -> None:
        sandbox.run(Command(own_user.command(""), Path("/"), readable=[own_user.prefix]))

    run()
    before = set(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        run()
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert not groups(os.getpid())


def test_groups_of_the_dead_are_removed(user: User) -> None:
    """A caller that is killed leaves its group behind, soon empty; the next one takes it away."""
    with user.start(user.command("import time; time.sleep(60)")) as child:
        time.sleep(0.5)
        child.kill()
    if not groups(child.pid):
        pytest.skip("no control group can be made here")
    until = time.monotonic() + 10
    while groups(child.pid) and time.monotonic() < until:
        user.run("")
    assert not groups(child.pid)


def test_many_at_once(own_user: User) -> None:
    """Runs from several threads, as a server has them, neither mix nor wait for each other."""
    from concurrent.futures import ThreadPoolExecutor

    sandbox = find_sandbox(os.environ)
    assert isinstance(sandbox, Bubblewrap)

    def run(number: int) -> bytes:
        program = f"import os; print({number}, os.listdir('/tmp')); open('/tmp/x', 'w')"
        return sandbox.run(Command(own_user.command(program), Path("/"), readable=[own_user.prefix])).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(16))) == [f"{number} []\n".encode() for number in range(16)]


@pytest.mark.usefixtures("own_user")
def test_limit_names_what_was_run() -> None:
    sandbox = find_sandbox(os.environ, Limits(seconds=0.1))
    with pytest.raises(LimitError) as error:
        sandbox.run(Command(["sleep", "60"], Path("/")))
    assert str(error.value) == "sleep: ran for more than 0.1 seconds"
    assert error.value.exit_code == 3
