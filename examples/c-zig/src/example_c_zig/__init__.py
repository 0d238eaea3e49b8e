"""Adler-32 checksums."""

from ._checksum import adler32

__all__ = ["adler32"]
