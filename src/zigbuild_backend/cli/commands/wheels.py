"""``zigbuild wheels``: builds the wheels of a project, all of them or those that are asked for."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...core.base.epoch import read_epoch
from ...core.base.errors import NotFoundError, Problem
from ...core.base.targets import Target
from ...core.cpython.header_sets import list_minors_at_hand
from ...core.graph.object_counts import ObjectCounts
from ...core.graph.runtimes import Runtime, find_runtimes
from ...core.project.planned_wheels import PlannedWheel
from ...core.project.project import Checkout, Project
from ...core.project.recipes import open_project
from ...core.wheel.wheel_maker import Outcome, make_wheels
from ...core.wheel.workshop import Workshop
from ...core.zig.macos_sdk import find_sdk
from ...core.zig.toolchain import Zig
from ...core.zig.ziglang import obtain_zig
from ..progress import Progress, make_progress
from ..session import (
    Session,
    choose_exit_code,
    format_count,
    format_seconds,
    format_size,
    group_places,
    join_shortened,
    to_json,
)
from ..wheel_selection import Candidate, find_tool_folders, notice_obstacles, read_choice, read_overrides, select_wheels


def run(arguments: Namespace, session: Session) -> int:
    start = time.monotonic()
    choice = read_choice(arguments)
    epoch = read_epoch(session.environ)
    overrides = read_overrides(arguments, session)
    checkout = open_project(arguments.project, session.machine, session.cwd, overrides)
    project = checkout.project
    has_headers = list_minors_at_hand(session.machine, arguments.headers, choice.minors)
    candidates = select_wheels(project, choice, has_headers, bool(find_sdk(session.environ)))
    skipped = [candidate for candidate in candidates if candidate.is_skipped]
    notice_obstacles(skipped, session)
    wheels = [candidate.wheel for candidate in candidates if not candidate.is_skipped]
    if not wheels:
        raise NotFoundError(
            "none of the wheels can be built", where=project.metadata.name, hint="'zigbuild plan' says why for each"
        )

    zig = obtain_zig(project.settings.zig, session.machine)
    tools = arguments.tools or find_tool_folders(project, session)
    if session.is_verbose:
        zig = replace(zig, talk=session.say)
    runtimes = _find_runtimes(project, wheels, zig)
    cold = [target for target, parts in runtimes.items() if not all(runtime.is_warm for runtime in parts)]
    progress = make_progress(wheels, cold, session)
    counts: list[ObjectCounts] = []
    dropped: list[Problem] = []
    workshop = Workshop(
        zig,
        arguments.headers,
        arguments.jobs,
        progress.report,
        warn=dropped.append,
        sdk=find_sdk(session.environ),
        tools=tools,
        count=counts.append,
    )
    if cold:
        session.say(
            f"first build for {join_shortened(map(str, cold))}: building the C runtimes takes from seconds to some "
            "minutes each; they are kept for every later build"
        )
    outcomes = _make_wheels(checkout, progress, workshop, arguments.out, epoch)
    for outcome in outcomes:
        if outcome.path and outcome.wheel.target:
            for runtime in runtimes[outcome.wheel.target]:
                runtime.note_warm()

    if arguments.json:
        session.result_json(_to_document(arguments.out, outcomes, skipped, counts, time.monotonic() - start))
    _print_dropped(dropped, session)
    _print_failures([outcome for outcome in outcomes if outcome.error], session)
    if not arguments.json:
        _print_summary(outcomes, counts, arguments.out, time.monotonic() - start, session)
    return choose_exit_code(outcome.error for outcome in outcomes if outcome.error)


def _make_wheels(checkout: Checkout, progress: Progress, workshop: Workshop, out: Path, epoch: int) -> list[Outcome]:
    """Make the wheels of *progress*, and show it meanwhile."""
    outcomes: list[Outcome] = []
    try:
        with progress.shown():
            for outcome in make_wheels(checkout, progress.wheels, out, workshop, epoch=epoch):
                outcomes.append(outcome)
                progress.finish(outcome)
    except KeyboardInterrupt:
        made = sum(outcome.path is not None for outcome in outcomes)
        kept = f"{format_count(made, 'wheel')} in {out} and what was compiled are" if made else "what was compiled is"
        raise KeyboardInterrupt(f"{kept} kept") from None
    return outcomes


def _find_runtimes(project: Project, wheels: Sequence[PlannedWheel], zig: Zig) -> dict[Target, tuple[Runtime, ...]]:
    """Return the runtimes that *wheels* are linked with."""
    is_cxx = any(product.is_cxx for product in project.products.all)
    targets = dict.fromkeys(wheel.target for wheel in wheels if wheel.target and not wheel.obstacle)
    return {target: find_runtimes(target, zig, optimize=project.settings.optimize, is_cxx=is_cxx) for target in targets}


def _print_dropped(dropped: Sequence[Problem], session: Session) -> None:
    """Print each reason why optional modules are missing once, with the wheels that lack them."""
    for (message, hint), places in group_places(dropped).items():
        session.notice(Problem(message, join_shortened(dict.fromkeys(places)), hint))


def _print_failures(failed: Sequence[Outcome], session: Session) -> None:
    """Print each distinct error once, with the wheels that it prevents."""
    groups: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in failed:
        groups.setdefault(tuple(problem.message for problem in _problems(outcome)), []).append(outcome)
    for group in groups.values():
        identifiers = [outcome.wheel.identifier for outcome in group]
        for problem in _problems(group[0]):
            where = identifiers[0] if len(group) == 1 else f"{len(group)} wheels"
            is_place_known = problem.where in ("", identifiers[0], str(group[0].wheel.python))
            session.fail(replace(problem, where=where if is_place_known else f"{where}: {problem.where}"))
        if len(group) > 1:
            session.announce(f"  wheels: {join_shortened(identifiers)}")
    if failed:
        session.announce(f"zigbuild: {format_count(len(failed), 'wheel')} failed")


def _print_summary(
    outcomes: Sequence[Outcome], counts: Sequence[ObjectCounts], out: Path, seconds: float, session: Session
) -> None:
    # If all modules are optional and none could be compiled, several wheels of the plan are one file.
    made = list({outcome.path: outcome for outcome in outcomes if outcome.path}.values())
    if made:
        size = format_size(sum(outcome.size for outcome in made))
        counted = (count for count in counts if count.built or count.reused)
        objects = "".join(f"; {format_count(count.built, 'object')} built, {count.reused} reused" for count in counted)
        session.result(f"{format_count(len(made), 'wheel')} in {out}, {size}, {format_seconds(seconds)}{objects}")


def _problems(outcome: Outcome) -> tuple[Problem, ...]:
    return outcome.error.problems if outcome.error else ()


def _to_document(
    out: Path, outcomes: Sequence[Outcome], skipped: Sequence[Candidate], counts: Sequence[ObjectCounts], seconds: float
) -> dict[str, object]:
    return {
        "out": str(out),
        "seconds": round(seconds, 3),
        "objects": {
            "built": sum(count.built for count in counts),
            "reused": sum(count.reused for count in counts),
        },
        "wheels": [
            {
                "identifier": outcome.wheel.identifier,
                "file": outcome.path.name,
                "size": outcome.size,
                "sha256": outcome.sha256,
            }
            for outcome in outcomes
            if outcome.path
        ],
        "failed": [
            {
                "identifier": outcome.wheel.identifier,
                "exit_code": outcome.error.exit_code,
                "problems": to_json(outcome.error.problems),
            }
            for outcome in outcomes
            if outcome.error
        ],
        "skipped": [
            {"identifier": candidate.wheel.identifier, "problems": to_json(candidate.problems)} for candidate in skipped
        ],
    }
