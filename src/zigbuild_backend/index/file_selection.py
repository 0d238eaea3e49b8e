"""Files of the ledger, chosen by what somebody typed."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..core.base.errors import NotFoundError
from .files import File
from .ledger import Ledger


def select_files(ledger: Ledger, patterns: Sequence[str]) -> tuple[File, ...]:
    """The files that *patterns* name: each is a project, or a pattern of file names; without any, all files.

    :raises NotFoundError: if one names nothing.
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
                "names no project, and no file, of the repository", where=pattern, hint="zigbuild cache add FILE"
            )
        chosen |= {file.name: file for file in found}
    return tuple(chosen.values())
