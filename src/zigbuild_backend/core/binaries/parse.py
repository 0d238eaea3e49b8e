"""Parses ELF, Mach-O and PE files, as far as wheels need: pure functions over bytes.

The parsers follow the same tables as loaders. For bytes that no loader could follow they raise
:class:`MalformedBinary`, and no other error, however hostile the bytes are.
"""

from __future__ import annotations

from .binary import ELF_MAGIC, FAT_MAGIC, MACHO_MAGIC, PE_MAGIC, Binary, MalformedBinary


def is_binary(data: bytes) -> bool:
    """Return whether *data* begins as an ELF, Mach-O or PE file."""
    return data.startswith((ELF_MAGIC, MACHO_MAGIC, FAT_MAGIC, PE_MAGIC))


def parse_binary(data: bytes) -> Binary:
    """Return the value of one linked ELF, Mach-O or PE file.

    :raises MalformedBinary: if it is none of them, damaged, or a fat file (which :func:`parse_slices` reads).
    """
    # The parser of one format is imported alone: most builds are for one target.
    if data.startswith(ELF_MAGIC):
        from .elf import parse_elf

        return parse_elf(data)
    if data.startswith(MACHO_MAGIC):
        from .macho import parse_macho

        return parse_macho(data)
    if data.startswith(PE_MAGIC):
        from .pe import parse_pe

        return parse_pe(data)
    raise MalformedBinary("neither an ELF, a 64-bit Mach-O nor a PE file")


def parse_slices(data: bytes) -> tuple[Binary, ...]:
    """Return the value of each slice of a fat file, or that of the one file *data*.

    :raises MalformedBinary: as :func:`parse_binary`.
    """
    if not data.startswith(FAT_MAGIC):
        return (parse_binary(data),)
    from .fat import split_fat

    return tuple(map(parse_binary, split_fat(data)))


def parse_undefined(data: bytes) -> frozenset[str]:
    """Return the undefined symbols of a relocatable ELF, Mach-O or COFF object file, spelt as in C.

    :raises MalformedBinary: if it is none of them (an object file of LLVM bitcode, say) or damaged.
    """
    if data.startswith(ELF_MAGIC):
        from .elf import parse_elf_object

        return parse_elf_object(data)
    if data.startswith(MACHO_MAGIC):
        from .macho import parse_macho_object

        return parse_macho_object(data)
    from .pe import parse_coff_object

    return parse_coff_object(data)
