"""``zigbuild check``: checks that the tags and claims of wheels are true."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...core.audit.wheel_audit import WheelReport, check_wheel
from ...core.base.errors import MismatchError, NotFoundError, Problem
from ...core.cpython.windows_exports import read_stable_abi
from ..session import Session, format_count, format_size, to_json


def run(arguments: Namespace, session: Session) -> int:
    reports: list[WheelReport] = []
    missing: list[Problem] = []
    for path in _find_wheels(arguments.wheels, missing):
        try:
            report = check_wheel(path, stable_abi=lambda python: read_stable_abi(python.minor))
        except NotFoundError as error:
            missing += error.problems
            continue
        reports.append(report)
        if not arguments.json:
            _print(report, session)
    lying = [report for report in reports if report.problems]
    if arguments.json:
        session.result_json({"wheels": [_to_document(report) for report in reports]})
    for problem in missing:
        session.fail(problem)
    if reports:
        checked = format_count(len(reports), "wheel")
        session.say(f"{checked} checked, {len(lying) or 'none'} with problems")
    if lying:
        return MismatchError.exit_code
    return NotFoundError.exit_code if missing else 0


def _find_wheels(paths: Iterable[Path], missing: list[Problem]) -> Iterator[Path]:
    """Yield the wheels that *paths* name; append to *missing* for a folder without one."""
    for path in paths:
        if not path.is_dir():
            yield path
        elif found := sorted(path.glob("*.whl")):
            yield from found
        else:
            missing.append(Problem("there is no wheel in this folder", str(path)))


def _print(report: WheelReport, session: Session) -> None:
    if not report.problems:
        session.result(f"{report.path}: ok, {format_size(report.size)}")
        return
    session.result(f"{report.path}: {format_count(len(report.problems), 'problem')}")
    for problem in report.problems:
        where = problem.where.removeprefix(report.path.name).lstrip("/")
        session.result("  " + f"{where}: {problem.message}".removeprefix(": ").replace("\n", "\n  "))
        if problem.hint:
            session.result("    hint: " + problem.hint.replace("\n", "\n    "))


def _to_document(report: WheelReport) -> dict[str, object]:
    return {
        "file": str(report.path),
        "ok": not report.problems,
        "tags": list(report.tags),
        "size": report.size,
        "installed_size": report.installed_size,
        "problems": to_json(report.problems),
    }
