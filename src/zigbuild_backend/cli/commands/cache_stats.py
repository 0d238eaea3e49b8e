"""``zigbuild cache stats``: shows how many bytes the repository records, holds and saves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from ...core.base.errors import Problem
from ...index.files import DROPPABLE_LEVEL, LEVELS
from ...index.index_statistics import ProjectStats, RepositoryStats, collect_stats
from ..opened_index import opened_repository
from ..session import Session, format_count, format_size

_HEAD = ("project", "files", "recorded", "held", "saved", "whole", "members", "dropped", "unproven", "deletable")


def run(arguments: Namespace, session: Session) -> int:
    with opened_repository(arguments, session) as repository:
        stats = collect_stats(repository)
    if arguments.json:
        session.result_json(_to_document(stats))
    else:
        rows = [_HEAD, *(_to_row(project) for project in stats.projects), ("all", *_to_row(stats.total)[1:])]
        for line in _align(rows):
            session.result(line)
        session.say(f"the ledger takes {format_size(stats.ledger)}")
    if stats.altered:
        session.notice(
            Problem(
                f"the ledger has {format_count(stats.altered, 'row')} that somebody else altered; they are not counted",
                hint="add these files again with 'zigbuild cache add', or restore the ledger from a backup",
            )
        )
    return 0


def _to_row(stats: ProjectStats) -> tuple[str, ...]:
    deletable = sum(count for level, count in stats.levels.items() if level >= DROPPABLE_LEVEL)
    return (
        stats.project,
        str(stats.files),
        *map(format_size, (stats.recorded, stats.held, max(stats.saved, 0))),
        *(str(stats.presences.get(presence, 0)) for presence in ("whole", "members", "dropped")),
        str(sum(stats.levels.values()) - deletable),
        str(deletable),
    )


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines, the first column aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _to_document(stats: RepositoryStats) -> dict[str, object]:
    return {
        "projects": [{"project": project.project, **_describe(project)} for project in stats.projects],
        "total": _describe(stats.total),
        "ledger_bytes": stats.ledger,
        "altered": stats.altered,
    }


def _describe(stats: ProjectStats) -> dict[str, object]:
    return {
        "files": stats.files,
        "recorded_bytes": stats.recorded,
        "held_bytes": stats.held,
        "saved_bytes": stats.saved,
        "whole_bytes": stats.whole,
        "member_bytes": stats.members,
        "presence": {presence: stats.presences.get(presence, 0) for presence in ("whole", "members", "dropped")},
        "wheels_by_level": {str(level): stats.levels.get(level, 0) for level in LEVELS},
    }
