"""Renames a library that an ELF file needs, where no linker can be told the name: it is brought in as another string.

The string table cannot grow without moving other bytes. So the linker is given the new name as a part of the SONAME or
the RUNPATH, and the dynamic table is rewritten to refer to that string.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from .binary import MalformedBinary
from .elf import DT_NEEDED, DT_RUNPATH, DT_SONAME, DT_STRTAB, PT_DYNAMIC, ElfHeader, parse_dynamic, parse_header


def rename_needed_by_soname(data: bytes, old: str) -> bytes:
    """Return the ELF file *data*, which then needs the library named behind the first dot of its SONAME instead of
    *old*.

    The SONAME is removed.

    :raises MalformedBinary: if it is damaged, or has no SONAME of that form.
    """
    header = parse_header(data)
    dynamic = parse_dynamic(header)
    strings = header.locate(dynamic[DT_STRTAB][0])
    (soname,) = dynamic[DT_SONAME]
    prefix, dot, _ = header.view.text(strings + soname).partition(".")
    if not dot:
        raise MalformedBinary("its SONAME does not hold the name of a library")
    new = soname + len(prefix) + 1

    def change(tag: int, value: int) -> tuple[int, int] | None:
        if tag == DT_NEEDED and header.view.text(strings + value) == old:
            return tag, new
        return None if tag == DT_SONAME else (tag, value)

    return _rewrite_dynamic(data, header, change)


def rename_needed_by_runpath(data: bytes, old: str, new: str) -> bytes:
    """Return the ELF file *data*, which then needs the library *new*, the last folder of its RUNPATH, instead of *old*.

    That folder is removed from the RUNPATH.

    :raises MalformedBinary: if it is damaged, or has no RUNPATH of that form.
    """
    header = parse_header(data)
    dynamic = parse_dynamic(header)
    strings = header.locate(dynamic[DT_STRTAB][0])
    start = next(iter(dynamic[DT_RUNPATH]), 0)
    paths = header.view.string(strings + start)
    rest, _, last = paths.rpartition(b":")
    if last != new.encode():
        raise MalformedBinary(f"its RUNPATH does not end with {new}")
    place = start + len(paths) - len(last)

    def change(tag: int, value: int) -> tuple[int, int] | None:
        if tag == DT_NEEDED and header.view.text(strings + value) == old:
            return tag, place
        return None if tag == DT_RUNPATH and not rest else (tag, value)

    changed = bytearray(_rewrite_dynamic(data, header, change))
    if rest:
        changed[strings + place - 1] = 0  # the colon before it
    return bytes(changed)


def _rewrite_dynamic(data: bytes, header: ElfHeader, change: Callable[[int, int], tuple[int, int] | None]) -> bytes:
    """Return *data* with each entry of its dynamic table replaced by the result of *change*; None removes it."""
    (segment,) = [segment for segment in header.segments if segment.type == PT_DYNAMIC]
    layout = f"{header.view.order}{'qQ' if header.bits == 64 else 'iI'}"
    entries = struct.iter_unpack(layout, header.view.take(segment.offset, segment.size))
    kept = [entry for entry in (change(*entry) for entry in entries) if entry]
    table = b"".join(struct.pack(layout, *entry) for entry in kept).ljust(segment.size, b"\0")
    return data[: segment.offset] + table + data[segment.offset + segment.size :]
