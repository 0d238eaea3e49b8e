"""What ``importlib.resources`` finds in a package of an editable install."""

from __future__ import annotations

import pathlib
from importlib.readers import FileReader

TYPE_CHECKING = False  # what sets it to True does not run this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Folder(type(pathlib.Path())):  # type: ignore[misc]  # that class can be extended, Path only since Python 3.12
    """A folder of the sources. What the overlay has besides is found in it, too."""

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
    """The reader for a package with that *loader*, whose folder in the overlay is *overlay*."""
    reader: Any = FileReader(loader)
    reader.path = Folder(reader.path)
    reader.path.overlay = pathlib.Path(overlay)
    return reader
