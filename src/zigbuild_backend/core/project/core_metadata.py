"""Core metadata of a release, and the entry points that installers read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base.frozen import dataclass


@dataclass(frozen=True)
class Metadata:
    """The metadata of a release, for METADATA, ``entry_points.txt`` and file names.

    ``name`` is as the author writes it, ``version`` normalised by PEP 440, ``text`` the content of METADATA,
    ``license_files`` and ``readme`` POSIX paths in the tree, ``entry_points`` groups of (name, object reference).
    """

    name: str
    version: str
    text: str
    requires_python: str = ""
    license_files: tuple[str, ...] = ()
    entry_points: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    readme: str = ""

    @property
    def file_name(self) -> str:
        """The ``{name}-{version}`` at the start of the file names of wheels and sdists, normalised with ``_``."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}"


def render_entry_points(groups: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> bytes:
    """Return the text of ``entry_points.txt``, with groups and names sorted."""
    sections = []
    for group, points in sorted(groups):
        sections.append("".join([f"[{group}]\n", *(f"{name} = {target}\n" for name, target in sorted(points))]))
    return "\n".join(sections).encode()
