"""Runs one command of the command line, and turns every error into a message and an exit code."""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ..core.base.errors import ConfigurationError, NotFoundError, Problem, ZigbuildError
from ..core.base.pins import NAME, VERSION
from .command_line import make_parser
from .session import Session

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
PIPE_CLOSED = 141
"""128 + SIGPIPE, which Windows does not have."""

EXTRA = f"{NAME}[cli]"
_EXTRAS = frozenset({"abi3info", "auditwheel", "rich", "unearth", "wheel"})
"""The packages that the extra installs, by the names that are imported."""


def run(argv: Sequence[str]) -> int:
    """Run the command in *argv*, and return the exit code.

    :raises SystemExit: from argparse, for ``--help``, ``--version`` and wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may be unable to show a name
    arguments = make_parser().parse_args(argv)
    session = Session(os.environ, Path.cwd(), verbosity=-1 if arguments.quiet else int(arguments.verbose))
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = importlib.import_module(f".commands.{arguments.command}", __package__).run(arguments, session)
        sys.stdout.flush()
        return code
    except ZigbuildError as error:
        for problem in error.problems:
            session.fail(problem)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        kept = str(interrupt) or "what was done is kept"
        session.announce(f"zigbuild: interrupted; {kept}, and the next run goes on from there")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the results is gone: the interpreter must not write to the pipe again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        session.fail(_explain(error, session))
        return NotFoundError.exit_code if isinstance(error, FileNotFoundError) else ConfigurationError.exit_code
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _EXTRAS:
            hint = f"pip install '{EXTRA}'"
            session.fail(Problem(f"this command needs the package {package}, which is not installed", hint=hint))
            return NotFoundError.exit_code
        return _report_bug(error, session)
    except Exception as error:
        return _report_bug(error, session)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Exit by an exception, so that zig is ended and the cursor is shown again."""
    sys.exit(TERMINATED)


def _explain(error: OSError, session: Session) -> Problem:
    """Return the problem of an error of the system, with its path."""
    path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    hint = ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        hint = f"free some space: the caches are in {session.store.root}; ZIGBUILD_CACHE_DIR moves them"
    elif isinstance(error, FileExistsError | NotADirectoryError):
        hint = "a folder is needed there"
    elif isinstance(error, PermissionError):
        hint = "check the permissions of the file and of its folder"
    return Problem(error.strerror or str(error), path, hint)


def _report_bug(error: Exception, session: Session) -> int:
    is_debugging = session.is_verbose or bool(session.environ.get("ZIGBUILD_DEBUG"))
    import traceback

    if is_debugging:
        traceback.print_exception(error)
    summary = "".join(traceback.format_exception_only(error)).strip().replace("\n", " ")
    where = "above" if is_debugging else "that it prints with ZIGBUILD_DEBUG=1"
    session.announce(
        f"zigbuild: this is a bug in {NAME} {VERSION}, not in your project: {summary}; "
        f"please report it to the project, with the traceback {where}"
    )
    return ZigbuildError.exit_code
