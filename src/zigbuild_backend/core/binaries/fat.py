"""Renders and splits fat (universal) files: Mach-O files behind one big-endian header, by ``<mach-o/fat.h>``."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from .binary import FAT_MAGIC, MalformedBinary, View
from .macho import parse_cpu

_ALIGNMENTS = {0x01000007: 12, 0x0100000C: 14}
"""CPU type → exponent of the page size of x86_64 and arm64, so that the kernel can map each slice in place."""

_MOST_SLICES = 16
"""A Java class file has the same magic number, and at the place of the number of slices its version, 45 or more."""


def render_fat(slices: Sequence[bytes]) -> bytes:
    """Return the fat file of thin Mach-O files, one for each CPU, in any order.

    They are ordered by rising alignment, as by Apple's lipo, and zeros fill the gaps, so that the bytes depend on the
    set of slices alone.

    :raises MalformedBinary: if one is not a 64-bit Mach-O file for x86_64 or arm64, or two are for the same CPU.
    """
    parts = sorted((parse_cpu(data), data) for data in slices)
    cpus = [cpu for (cpu, _), _ in parts]
    if not set(cpus) <= _ALIGNMENTS.keys() or len(set(cpus)) < len(cpus):
        raise MalformedBinary(
            f"no fat file can be made for CPU types {', '.join(map(hex, cpus))}",
            hint="give one slice for x86_64 and one for arm64",
        )
    header = FAT_MAGIC + struct.pack(">I", len(parts))
    body = b""
    end = len(header) + 20 * len(parts)
    for (cpu, subtype), data in sorted(parts, key=lambda part: _ALIGNMENTS[part[0][0]]):
        alignment = _ALIGNMENTS[cpu]
        start = -(-end >> alignment) << alignment
        header += struct.pack(">IIIII", cpu, subtype, start, len(data), alignment)
        body += bytes(start - end) + data
        end = start + len(data)
    return header + body


def split_fat(data: bytes) -> tuple[bytes, ...]:
    """Return the slices of a fat file, in its order.

    :raises MalformedBinary: if it is no fat file, or a slice lies outside of it.
    """
    view = View(data, ">")
    (count,) = view.row("I", 4)
    if not data.startswith(FAT_MAGIC) or count > _MOST_SLICES:
        raise MalformedBinary("not a fat Mach-O file")
    return tuple(view.take(offset, size) for _, _, offset, size, _ in view.rows("IIIII", 8, count))
