"""Lets ``importlib.resources`` find the files of a package in its source folder and in the overlay."""

from __future__ import annotations

import pathlib
from importlib.readers import FileReader

TYPE_CHECKING = False  # importing typing would cost time; type checkers take it for True
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Folder(type(pathlib.Path())):  # type: ignore[misc]  # Path itself can be extended only since Python 3.12
    """A source folder that also has the files of its folder in the overlay."""

    overlay: pathlib.Path | None = None

    def joinpath(self, *parts: Any) -> pathlib.Path:
        path = Folder(pathlib.Path(self, *parts))
        if self.overlay:
            path.overlay = self.overlay.joinpath(*parts)
            if not path.exists() and path.overlay.exists():
                return path.overlay
        return path

    def __truediv__(self, part: Any) -> pathlib.Path:
        return self.joinpath(part)

    def iterdir(self) -> Iterator[pathlib.Path]:
        folders = [folder for folder in (pathlib.Path(self), self.overlay) if folder and folder.is_dir()]
        names = {path.name for folder in folders for path in folder.iterdir()}
        return (self / name for name in sorted(names))


def read_resources(loader: Any, overlay: str) -> Any:
    """Return the resource reader of a package with that *loader*, whose folder in the overlay is *overlay*."""
    reader: Any = FileReader(loader)
    reader.path = Folder(reader.path)
    reader.path.overlay = pathlib.Path(overlay)
    return reader
