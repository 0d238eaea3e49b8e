"""Selects files of the ledger by project names and file name patterns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..core.base.errors import NotFoundError
from .files import File
from .ledger import Ledger

_HINT = "name a project or wheels; sdists are never dropped, and cannot be rebuilt"


def select_files(ledger: Ledger, patterns: Sequence[str]) -> tuple[File, ...]:
    """Return the files that match *patterns*, each a project name or a file name pattern; all files without patterns.

    :raises NotFoundError: if a pattern matches no file.
    """
    from packaging.utils import canonicalize_name

    if not patterns:
        return ledger.all_files()
    chosen: dict[str, File] = {}
    for pattern in patterns:
        project = canonicalize_name(pattern)
        found = [file for file in ledger.all_files() if file.project == project or fnmatchcase(file.name, pattern)]
        if not found:
            raise NotFoundError(
                "matches no project and no file of the repository", where=pattern, hint="zigbuild cache add FILE"
            )
        chosen |= {file.name: file for file in found}
    return tuple(chosen.values())


def select_wheels(ledger: Ledger, patterns: Sequence[str]) -> tuple[File, ...]:
    """Return the wheels among the files that match *patterns*.

    :raises NotFoundError: if there is none.
    """
    wheels = tuple(file for file in select_files(ledger, patterns) if file.is_wheel)
    if not wheels:
        raise NotFoundError("matches no wheel", where=" ".join(patterns), hint=_HINT)
    return wheels
