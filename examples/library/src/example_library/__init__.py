"""Checksums of bytes."""

from ._adler import adler
from ._crc import crc

__all__ = ["adler", "crc"]
