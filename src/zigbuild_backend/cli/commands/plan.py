"""``zigbuild plan``: lists the wheels of a project, whether each can be built now, and where it can be tested."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence

from ...core.base.targets import Target
from ...core.cpython.header_sets import list_minors_at_hand
from ...core.project.project import Project
from ...core.project.recipes import open_project
from ...core.zig.macos_sdk import find_sdk
from ...testing.runners import Runner, find_runner
from ..session import Session, format_count, to_json
from ..wheel_selection import Candidate, notice_obstacles, read_choice, read_overrides, select_wheels

_NOT_HERE = "not here"


def run(arguments: Namespace, session: Session) -> int:
    choice, overrides = read_choice(arguments), read_overrides(arguments, session)
    project = open_project(arguments.project, session.machine, session.cwd, overrides).project
    has_headers = list_minors_at_hand(session.machine, arguments.headers)
    candidates = select_wheels(project, choice, has_headers, bool(find_sdk(session.environ)))
    targets = dict.fromkeys(candidate.wheel.target for candidate in candidates if candidate.wheel.target)
    runners = {target: find_runner(target, session.environ) for target in targets}
    if arguments.json:
        session.result_json(_to_document(project, candidates, runners))
        return 0
    session.say(f"{project.metadata.name} {project.metadata.version}")
    if targets and session.is_terminal(sys.stdout):
        _print_grid(candidates, runners)
    else:
        _print_lines(candidates, runners, session)
    notice_obstacles(candidates, session)
    session.say(_summarise(candidates, runners))
    return 0


def _test(candidate: Candidate, runners: Mapping[Target, Runner]) -> str:
    """Return where the wheel can be tested; one without modules runs on any machine with a Python."""
    target = candidate.wheel.target
    return (runners[target] if target else "native") or _NOT_HERE


def _to_document(
    project: Project, candidates: Sequence[Candidate], runners: Mapping[Target, Runner]
) -> dict[str, object]:
    return {
        "name": project.metadata.name,
        "version": project.metadata.version,
        "counts": dict(Counter(candidate.verdict for candidate in candidates)),
        "wheels": [
            {
                "identifier": candidate.wheel.identifier,
                "tag": candidate.wheel.tag,
                "python": candidate.wheel.python.name if candidate.wheel.python else None,
                "target": str(candidate.wheel.target) if candidate.wheel.target else None,
                "verdict": candidate.verdict,
                "problems": to_json(candidate.problems),
                "test": _test(candidate, runners),
            }
            for candidate in candidates
        ],
    }


def _print_lines(candidates: Sequence[Candidate], runners: Mapping[Target, Runner], session: Session) -> None:
    width = max((len(candidate.wheel.identifier) for candidate in candidates), default=0)
    verdict_width = max((len(candidate.verdict) for candidate in candidates), default=0)
    for candidate in candidates:
        session.result(
            f"{candidate.wheel.identifier:{width}}  {candidate.verdict:{verdict_width}}  {_test(candidate, runners)}"
        )


def _print_grid(candidates: Sequence[Candidate], runners: Mapping[Target, Runner]) -> None:
    from ..wheel_grid import Mark, open_console, render_grid, render_legend

    marks = {
        "buildable": Mark("✓", "+", "green", "buildable"),
        "headers missing": Mark("h", "h", "yellow", "headers missing"),
        "unsupported": Mark("✗", "x", "red", "unsupported"),
    }
    by_wheel = {candidate.wheel: marks[candidate.verdict] for candidate in candidates}
    notes = {target: f"test: {runner or _NOT_HERE}" for target, runner in runners.items()}
    console = open_console(sys.stdout)
    console.print(render_grid(console, list(by_wheel), by_wheel.__getitem__, notes))
    console.print(render_legend(console, by_wheel.values()))


def _summarise(candidates: Sequence[Candidate], runners: Mapping[Target, Runner]) -> str:
    verdicts = Counter(candidate.verdict for candidate in candidates)
    buildable = [candidate for candidate in candidates if candidate.verdict == "buildable"]
    tests = Counter(test for candidate in buildable if (test := _test(candidate, runners)) != _NOT_HERE)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    tested = ", ".join(f"{number} {test}" for test, number in tests.most_common())
    return f"{format_count(len(candidates), 'wheel')}: {counts}; can be tested here: {tested or 'none'}"
