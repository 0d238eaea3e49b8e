"""``zigbuild cache evict``: drops the bytes of wheels that can be recreated."""

from __future__ import annotations

from argparse import Namespace

from ...core.base.errors import ConfigurationError
from ...index.eviction import EvictionReport, evict
from ...index.file_selection import select_wheels
from ..opened_index import opened_repository, report_wheel_problems
from ..session import Session, format_count, format_size, to_json


def run(arguments: Namespace, session: Session) -> int:
    with opened_repository(arguments, session) as repository:
        files = select_wheels(repository.ledger, arguments.selection)
        report = evict(repository, files, wanted=arguments.bytes, is_purge=arguments.purge, is_dry=arguments.dry_run)
    if arguments.json:
        session.result_json(_to_document(report))
    else:
        _print(report, session, is_dry=arguments.dry_run)
    report_wheel_problems([(problem.where, problem) for problem in report.refused], session)
    is_short = arguments.bytes is not None and report.freed < arguments.bytes
    return ConfigurationError.exit_code if report.refused and (arguments.bytes is None or is_short) else 0


def _print(report: EvictionReport, session: Session, *, is_dry: bool) -> None:
    for eviction in report.dropped:
        session.result(f"{eviction.file.name}: {format_size(max(eviction.freed, 0))}")
    wheels = format_count(len(report.dropped), "wheel")
    session.result(
        f"{wheels} {'would be ' if is_dry else ''}dropped; {format_size(report.before)} held before, "
        f"{format_size(report.after)} after"
    )


def _to_document(report: EvictionReport) -> dict[str, object]:
    return {
        "before": report.before,
        "after": report.after,
        "freed": report.freed,
        "dropped": [
            {"file": eviction.file.name, "sha256": eviction.file.sha256, "freed": eviction.freed}
            for eviction in report.dropped
        ],
        "refused": to_json(report.refused),
    }
