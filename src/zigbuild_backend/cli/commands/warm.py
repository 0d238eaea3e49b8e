"""``zigbuild warm``: builds the runtimes of targets ahead of the first build that needs them."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from ...core.base.errors import ZigbuildError
from ...core.base.host import find_host_target
from ...core.base.targets import select_targets
from ...core.graph.runtimes import find_runtimes, warm
from ...core.zig.ziglang import obtain_zig
from ..session import Session, format_count, format_seconds
from ..wheel_selection import NATIVE


def run(arguments: Namespace, session: Session) -> int:
    names = arguments.targets or ["all"]
    targets = select_targets(find_host_target().platform_tag if name == NATIVE else name for name in names)
    zig = obtain_zig(arguments.zig, session.machine)
    if session.is_verbose:
        zig = replace(zig, talk=session.say)
    width = max(len(str(target)) for target in targets)
    code, start = 0, time.monotonic()
    for number, target in enumerate(targets, 1):
        label = f"[{number:{len(str(len(targets)))}}/{len(targets)}] {target!s:{width}}"
        if all(runtime.is_warm for runtime in find_runtimes(target, zig, is_cxx=arguments.cxx)):
            session.say(f"{label}  is warm already")
            continue
        begin = time.monotonic()
        try:
            with _spinner(f"{label}  building", session):
                warm(target, zig, is_cxx=arguments.cxx)
        except ZigbuildError as error:  # go on with the other targets
            for problem in error.problems:
                session.fail(problem)
            code = error.exit_code
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"the runtimes of {format_count(number - 1, 'target')} are kept") from None
        else:
            session.say(f"{label}  {format_seconds(time.monotonic() - begin)}")
    if not code:
        took = format_seconds(time.monotonic() - start)
        session.result(f"the runtimes of {format_count(len(targets), 'target')} are warm, {took}")
    return code


def _spinner(text: str, session: Session) -> AbstractContextManager[object]:
    """Return a context that shows a spinner on a terminal."""
    if session.is_quiet or session.is_verbose or not session.is_terminal(sys.stderr):
        return nullcontext()
    from rich.markup import escape

    from ..wheel_grid import open_console

    return open_console(sys.stderr).status(escape(text))
