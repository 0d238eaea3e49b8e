"""The parts that the three binary formats share: the parsed value, and bounds-checked access to hostile bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from ..base.errors import MismatchError
from ..base.frozen import dataclass

ELF_MAGIC = b"\x7fELF"
MACHO_MAGIC = b"\xcf\xfa\xed\xfe"
FAT_MAGIC = b"\xca\xfe\xba\xbe"
PE_MAGIC = b"MZ"

_MOST_TEXT = 64
"""The size of all texts is at most this multiple of the file's size: many names in one place could fill the memory."""


class MalformedBinary(MismatchError):  # noqa: N818 (named by the state of the bytes)
    """The bytes are not the ELF, Mach-O or PE file that is expected, or end too early."""


class Import(NamedTuple):
    """A symbol that a binary imports, spelt as in C.

    ``library`` and ``version`` are empty where the format has none: an ELF symbol has both or neither, a Mach-O or PE
    symbol has no version, and a Mach-O symbol that is looked up at run time has no library.
    """

    name: str
    library: str = ""
    version: str = ""
    is_weak: bool = False


@dataclass(frozen=True)
class Binary:
    """One linked file, or one slice of a fat file, as far as audits need it.

    ``arch`` is spelt as in :class:`.Target`, or ``machine 0x…`` if no wheel tag names it. ``is_library`` tells shared
    libraries from executables and object files. ``name`` is the SONAME, install name or name of the DLL, empty if there
    is none. ``exports`` is sorted; ``libraries`` are those that the loader must find, in its order; ``rpaths`` are the
    folders that it searches for them.
    """

    format: ClassVar[str]

    arch: str
    is_library: bool
    name: str
    exports: tuple[str, ...]
    imports: tuple[Import, ...]
    libraries: tuple[str, ...]
    rpaths: tuple[str, ...]


class View:
    """Bytes in one byte order (``<`` or ``>``), read by absolute offset.

    Every method raises :class:`MalformedBinary` for a place outside the bytes.
    """

    def __init__(self, data: bytes, order: str = "<") -> None:
        self._data = data
        self.order = order
        self._text_left = _MOST_TEXT * len(data)

    def __len__(self) -> int:
        return len(self._data)

    def take(self, offset: int, size: int) -> bytes:
        """Return the *size* bytes at *offset*."""
        if not (offset >= 0 and 0 <= size <= len(self._data) - offset):
            raise MalformedBinary(
                f"{size} bytes at {offset:#x} are outside the file, which has {len(self._data):#x}",
                hint="the file is truncated or damaged",
            )
        return self._data[offset : offset + size]

    def row(self, layout: str, offset: int) -> tuple[Any, ...]:
        """Return the fields at *offset*; *layout* is a :mod:`struct` format without byte order."""
        layout = self.order + layout
        return struct.unpack(layout, self.take(offset, struct.calcsize(layout)))

    def rows(self, layout: str, offset: int, count: int) -> Iterator[tuple[Any, ...]]:
        """Return the fields of *count* consecutive records from *offset*."""
        layout = self.order + layout
        return struct.iter_unpack(layout, self.take(offset, count * struct.calcsize(layout)))

    def string(self, offset: int) -> bytes:
        """Return the bytes from *offset* up to a NUL."""
        end = self._data.find(b"\0", offset) if 0 <= offset < len(self._data) else -1
        if end < 0:
            raise MalformedBinary(f"no text ends after {offset:#x}", hint="the file is truncated or damaged")
        self._text_left -= end - offset
        if self._text_left < 0:
            raise MalformedBinary("the texts overlap too often to be names")
        return self._data[offset:end]

    def text(self, offset: int) -> str:
        """Return :meth:`string` as text; bytes that are not UTF-8 become ``\\xNN``."""
        return self.string(offset).decode(errors="backslashreplace")

    def uleb(self, offset: int) -> tuple[int, int]:
        """Return the unsigned LEB128 number at *offset* (64 bits at most), and the offset after it."""
        value = 0
        for shift in range(0, 64, 7):
            byte = self.take(offset, 1)[0]
            offset += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, offset
        raise MalformedBinary(f"a number before {offset:#x} does not end")
