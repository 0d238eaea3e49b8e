"""Parses ELF, Mach-O and PE files, as far as wheels need: pure functions over bytes.

The parsers follow the same tables as loaders. For bytes that no loader could follow they raise
:class:`MalformedBinary`, and no other error, however hostile the bytes are.
"""

from __future__ import annotations

from . import elf, fat, macho, pe
from .binary import Binary, MalformedBinary


def is_binary(data: bytes) -> bool:
    """Return whether *data* begins as an ELF, Mach-O or PE file."""
    return data.startswith((elf.MAGIC, macho.MAGIC, fat.MAGIC, pe.MAGIC))


def parse_binary(data: bytes) -> Binary:
    """Return the value of one linked ELF, Mach-O or PE file.

    :raises MalformedBinary: if it is none of them, damaged, or a fat file (which :func:`parse_slices` reads).
    """
    if data.startswith(elf.MAGIC):
        return elf.parse_elf(data)
    if data.startswith(macho.MAGIC):
        return macho.parse_macho(data)
    if data.startswith(pe.MAGIC):
        return pe.parse_pe(data)
    raise MalformedBinary("neither an ELF, a 64-bit Mach-O nor a PE file")


def parse_slices(data: bytes) -> tuple[Binary, ...]:
    """Return the value of each slice of a fat file, or that of the one file *data*.

    :raises MalformedBinary: as :func:`parse_binary`.
    """
    return tuple(map(parse_binary, fat.split_fat(data) if data.startswith(fat.MAGIC) else (data,)))


def parse_undefined(data: bytes) -> frozenset[str]:
    """Return the undefined symbols of a relocatable ELF, Mach-O or COFF object file, spelt as in C.

    :raises MalformedBinary: if it is none of them (an object file of LLVM bitcode, say) or damaged.
    """
    if data.startswith(elf.MAGIC):
        return elf.parse_elf_object(data)
    if data.startswith(macho.MAGIC):
        return macho.parse_macho_object(data)
    return pe.parse_coff_object(data)
