"""A source tree as a value: the files that belong to a project, and the digest that identifies them.

The files are those of the sdist, so that a wheel from the tree and one from the sdist have one identity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cached_property

from ..base.frozen import dataclass
from .globs import match_globs


@dataclass(frozen=True)
class SourceFile:
    """A file of a tree: its POSIX path in it, the sha256 (hex) of its content, whether it is executable.

    ``content`` is given for a file that is not on disk, but written by the build into sdist and wheel.
    """

    path: str
    sha256: str
    is_executable: bool = False
    content: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class SourceTree:
    """The files of a project, sorted by path; ``excluded`` has the paths that its settings exclude."""

    files: tuple[SourceFile, ...]
    excluded: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @cached_property
    def digest(self) -> str:
        """The identity of the source: sha256 (hex) over path, mode and sha256 of every file."""
        total = hashlib.sha256()
        for file in self.files:
            total.update(f"{file.path}\0{'755' if file.is_executable else '644'}\0{file.sha256}\n".encode())
        return total.hexdigest()

    @cached_property
    def by_path(self) -> Mapping[str, SourceFile]:
        return {file.path: file for file in self.files}

    def match(self, patterns: Iterable[str]) -> list[str]:
        """Return, in order, the paths that any of the globs *patterns* matches."""
        return match_globs(patterns, [file.path for file in self.files])

    def below(self, folder: str) -> list[str]:
        """Return, in order, the paths of the files at any depth in *folder*; ``.`` is the whole tree."""
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        return [file.path for file in self.files if file.path.startswith(prefix)]

    def with_generated(self, path: str, content: bytes) -> SourceTree:
        """Return the tree with a file added, or replaced, that is not on disk."""
        file = SourceFile(path, hashlib.sha256(content).hexdigest(), content=content)
        files = [*(other for other in self.files if other.path != path), file]
        return SourceTree(tuple(sorted(files, key=lambda file: file.path.encode())), self.excluded)
