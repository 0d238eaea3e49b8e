"""Programs in the sandbox, for its tests: run by this user and, where this one is root, by an ordinary one too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

import zigbuild_backend
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.sandbox.limits import Limits

NOBODY = 65534

_RUN = """
import dataclasses, json, os, sys
from pathlib import Path
from zigbuild_backend.core.base.errors import ZigbuildError
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.sandbox.command import Command
from zigbuild_backend.rebuild.sandbox.limits import Limits
from zigbuild_backend.rebuild.sandbox.unconfined import Unconfined

asked = json.load(sys.stdin)
limits = Limits(**asked["limits"])
sandbox = find_sandbox(os.environ, limits) if asked["is_confined"] else Unconfined(limits)
paths = {key: [Path(path) for path in asked[key]] for key in ("readable", "writable")}
command = Command(
    asked["command"], Path(asked["cwd"]), **paths, environ=asked["environ"], umask=asked["umask"]
)
try:
    done = sandbox.run(command)
    answer = [done.returncode, done.stdout.decode(), done.stderr.decode(), "", done.seconds]
except ZigbuildError as error:
    answer = [-1, "", "", str(error), 0]
print(json.dumps(answer))
"""


@dataclass(frozen=True)
class Outcome:
    """The end of a program: by itself, or for the *reason* that the sandbox gives."""

    returncode: int
    stdout: str
    stderr: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class User:
    """Somebody who runs programs, with a folder of theirs and a Python that they may execute."""

    number: int
    folder: Path
    python: Path
    prefix: Path
    is_confined: bool = True

    def command(self, program: str) -> list[str]:
        return [str(self.python), "-I", "-S", "-c", textwrap.dedent(program)]

    def start(
        self,
        command: list[str],
        *,
        limits: Limits = Limits(seconds=60),  # noqa: B008
        readable: Iterable[Path] = (),
        writable: Iterable[Path] = (),
        environ: Mapping[str, str] | None = None,
        umask: int = 0o022,
    ) -> subprocess.Popen[str]:
        """Return a process of this user that runs *command* in the sandbox."""
        asked = {
            "limits": asdict(limits),
            "is_confined": self.is_confined,
            "command": command,
            "readable": [str(self.prefix), *map(str, readable)],
            "writable": list(map(str, writable)),
            "environ": environ or {},
            "cwd": next((str(folder) for folder in writable), "/"),
            "umask": umask,
        }
        child = subprocess.Popen(
            [self.python, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(self.folder / 'src')!r})\n{_RUN}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "SECRET": "of the caller"},
            user=self.number if self.number != os.getuid() else None,
            extra_groups=[] if self.number != os.getuid() else None,
        )
        assert child.stdin
        child.stdin.write(json.dumps(asked))
        child.stdin.close()
        child.stdin = None
        return child

    def run(self, program: str, **options: object) -> Outcome:
        """Run a Python *program* in the sandbox, with what :meth:`start` takes."""
        return self.run_command(self.command(program), **options)

    def run_command(self, command: list[str], **options: object) -> Outcome:
        with self.start(command, **options) as child:  # type: ignore[arg-type]
            stdout, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        return Outcome(*json.loads(stdout.splitlines()[-1]))

    def make_folder(self, name: str, **files: str) -> Path:
        """Return a folder that belongs to the user, with files in it."""
        folder = self.folder / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text)
        for path in (folder, *folder.iterdir()):
            os.chown(path, self.number, -1)
        return folder

    def unconfined(self) -> User:
        return replace(self, is_confined=False)


def make_user(name: str, folder: Path) -> User:
    """Return the user of that kind (root or ordinary); skip the test without the sandbox or the right to be it."""
    try:
        find_sandbox(os.environ)
    except NotFoundError as error:
        pytest.skip(str(error))
    is_root = os.getuid() == 0
    if name == "root" and not is_root:
        pytest.skip("root's limits are other ones; this is not root")
    if name == "root" or not is_root:
        python, number = Path(getattr(sys, "_base_executable", sys.executable)).resolve(), os.getuid()
    else:
        found = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        if not found:
            pytest.skip("there is no Python that an ordinary user could run")
        python, number = Path(found).resolve(), NOBODY
    prefix = subprocess.run([python, "-I", "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True)
    os.chown(folder, number, -1)
    folder.chmod(0o755)
    package = Path(zigbuild_backend.__file__).parent
    shutil.copytree(package, folder / "src" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return User(number, folder, python, Path(prefix.stdout.strip()))
