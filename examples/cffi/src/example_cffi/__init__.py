"""The Adler-32 checksum."""

from ._adler import ffi, lib

__all__ = ["adler32"]


def adler32(data: bytes, checksum: int = 1) -> int:
    """The checksum of *data*, going on from the *checksum* of what comes before it."""
    return int(lib.adler32(checksum, ffi.from_buffer(data), len(data)))
