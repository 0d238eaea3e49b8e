from typing import final

@final
class Pattern:
    """Bytes to look for, with a table of how far a search may move on (Horspool, 1980). It never changes."""

    def __new__(cls, needle: bytes, /) -> Pattern:
        """The pattern of *needle*, which must not be empty (``ValueError``)."""
    @property
    def needle(self) -> bytes:
        """What is looked for."""
    def find(self, data: bytes, start: int = 0, /) -> int:
        """Where the needle first begins in *data*, at *start* or later; -1 if nowhere."""
    def count(self, data: bytes, /) -> int:
        """How often the needle is in *data*, without overlaps."""
