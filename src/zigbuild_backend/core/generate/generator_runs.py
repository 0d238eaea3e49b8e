"""Runs generators, each in a folder that holds its inputs and tools alone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..base.errors import MismatchError, NotFoundError, ToolchainError
from ..base.frozen import dataclass
from ..base.store import Store
from ..project.generations import Generation
from .facts import fill_template
from .installed_tools import Tools, list_files, read_file

TOOLS = "zigbuild/tools"
"""The folder of tools below the folder that generators run in: paths of tools get into their outputs."""

_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""Variables of this process without which Python may not start."""

_PROGRAMS = Path(__file__).with_name("programs")
_HEADERS = ("{}.h", "{}_api.h")
"""Headers that Cython writes beside its output if a module has public declarations, by the stem of its source."""


@dataclass(frozen=True)
class GeneratorEnvironment:
    """The means of running generators: their tools, and the environment variables of this process.

    ``store`` keeps what they write, ``epoch`` is their SOURCE_DATE_EPOCH in seconds, and ``talk`` is called with each
    command and its output.
    """

    tools: Tools
    environ: Mapping[str, str]
    store: Store
    epoch: int
    talk: Callable[[str], None] | None = None


def run_generation(
    generation: Generation,
    inputs: Mapping[str, bytes],
    facts: Mapping[str, str],
    environment: GeneratorEnvironment,
    scratch: Path,
) -> dict[str, bytes]:
    """Return the outputs (path → content) of *generation* for *inputs* (path → content), made in the folder *scratch*.

    :raises ToolchainError: with what the generator said if it fails, or makes less than it should.
    :raises MismatchError: if it writes paths of this machine.
    """
    settings = generation.settings
    if settings.with_ == "template":
        (source,), (output,) = generation.sources, generation.outputs
        text = fill_template(inputs[source].decode("utf-8", "surrogateescape"), settings.values, facts, source)
        return {output: text.encode("utf-8", "surrogateescape")}
    scratch = scratch.resolve()
    root = scratch / "project"
    for path, data in inputs.items():
        _write(root / path, data)
    for output in generation.outputs:
        (root / output).parent.mkdir(parents=True, exist_ok=True)
    _link_tools(environment.tools, root / TOOLS)
    (scratch / "temporary").mkdir()
    command, job = _find_command(generation, environment.tools)
    environ = {
        **{name: environment.environ[name] for name in _KEPT if name in environment.environ},
        **facts,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(root / TOOLS),
        "TMPDIR": str(scratch / "temporary"),
    }
    where = generation.sources[0] if generation.sources else generation.where
    _run(command, job, root, environ, where, environment.talk)
    made = {path: _read(root, path, where) for path in generation.outputs}
    if settings.with_ == "cython":
        stem = generation.outputs[0].rpartition(".")[0]
        headers = [pattern.format(stem) for pattern in _HEADERS]
        made |= {path: (root / path).read_bytes() for path in headers if (root / path).is_file()}
    for path, data in made.items():
        if os.fsencode(scratch) in data:
            raise MismatchError(
                f"{path} holds the path of a folder of this machine", where=where, hint="write relative paths into it"
            )
    return made


def _find_command(generation: Generation, tools: Tools) -> tuple[list[str], bytes]:
    """Return the command of a generator, and its standard input."""
    settings = generation.settings
    python = [sys.executable, "-S", "-B"]
    if settings.with_ == "command":
        program, *arguments = settings.command
        if program in ("python", "python3"):
            return [*python, *arguments], b""
        module, attribute = _find_entry_point(program, tools, generation.where)
        return [*python, str(_PROGRAMS / "run_entry_point.py"), module, attribute, program, *arguments], b""
    job = {
        "tools": TOOLS,
        "source": generation.sources[0],
        "output": generation.outputs[0],
        "module": generation.module,
        "cxx": not generation.outputs[0].endswith(".c"),
        "include-dirs": settings.include_dirs,
        "directives": settings.directives,
        "ffi": settings.ffi,
    }
    return [*python, str(_PROGRAMS / f"run_{settings.with_}.py")], json.dumps(job).encode()


def _find_entry_point(program: str, tools: Tools, where: str) -> tuple[str, str]:
    """Return the module and the attribute of a console script of *tools*."""
    known = {
        entry.name: entry
        for distribution in tools.distributions.values()
        for entry in distribution.entry_points
        if entry.group == "console_scripts"
    }
    if program not in known:
        names = ", ".join(["python", *sorted(known)])
        raise NotFoundError(
            f"{program!r} is no command of the build requirements that it names",
            where=f"{where}.command",
            hint=f"name in 'requires' the package that has it; known are {names}",
        )
    return known[program].module, known[program].attr


def _run(
    command: Sequence[str],
    job: bytes,
    root: Path,
    environ: Mapping[str, str],
    where: str,
    talk: Callable[[str], None] | None,
) -> None:
    done = subprocess.run(
        command, input=job, cwd=root, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    said = done.stdout.decode(errors="replace").replace(f"{root}{os.sep}", "").strip()
    if talk:
        talk(f"{shlex.join(command)}\n{said}".rstrip())
    if done.returncode:
        hint = "it sees what 'sources' and 'inputs' name and the packages of 'requires', nothing else of this machine"
        raise ToolchainError(said or f"ended with exit code {done.returncode}", where=where, hint=hint)


def _read(root: Path, path: str, where: str) -> bytes:
    try:
        return (root / path).read_bytes()
    except OSError:
        raise ToolchainError(
            f"{path} was not made", where=where, hint="'outputs' are relative to the folder of pyproject.toml"
        ) from None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _link_tools(tools: Tools, folder: Path) -> None:
    """Link *tools* into *folder*, so that no other installed package can be imported from it.

    :raises MismatchError: if one of them is not what was installed.
    """
    folder.mkdir(parents=True)
    for distribution in tools.distributions.values():
        for file in list_files(distribution):
            read_file(distribution, file)
        root = Path(str(distribution.locate_file("")))
        files = distribution.files
        names = (
            {file.parts[0] for file in files if file.parts[0] != ".."}
            if files
            else {path.name for path in root.iterdir()}
        )
        for name in sorted(names):
            if not (folder / name).exists() and (root / name).exists():
                _link(root / name, folder / name)


def _link(source: Path, path: Path) -> None:
    try:
        path.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    except OSError:
        if source.is_dir():
            shutil.copytree(source, path)
        else:
            shutil.copyfile(source, path)
