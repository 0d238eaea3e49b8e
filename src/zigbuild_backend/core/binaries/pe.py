"""Parses PE files (DLLs and executables) and COFF object files, by Microsoft's "PE Format"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from ..base.frozen import dataclass
from .binary import PE_MAGIC, Binary, Import, MalformedBinary, View

_I386 = 0x14C
_ARCHS = {_I386: "i686", 0x8664: "x86_64", 0xAA64: "arm64"}
_IMAGE_FILE_DLL = 0x2000
_EXPORTS, _IMPORTS, _DELAYED_IMPORTS = 0, 1, 13
_SYMBOL_EXTERNAL, _SYMBOL_WEAK_EXTERNAL = 2, 105


@dataclass(frozen=True)
class PeBinary(Binary):
    """A PE file.

    ``timestamp`` is the link time in its header, in seconds since 1970, or another number of a reproducible linker;
    ``dll_characteristics`` are the flags of the optional header (0x40 address randomisation, 0x100 no-execute). An
    import by number is spelt ``#N``. ``libraries`` include those of delayed imports.
    """

    format: ClassVar[str] = "pe"

    timestamp: int
    dll_characteristics: int


class _Section(NamedTuple):
    address: int
    size: int
    offset: int


class _Image(NamedTuple):
    """The bytes with their section table, by which addresses (RVAs) become offsets."""

    view: View
    sections: tuple[_Section, ...]

    def locate(self, address: int) -> int:
        """Return the file offset of *address*."""
        for section in self.sections:
            if section.address <= address < section.address + section.size:
                return address - section.address + section.offset
        raise MalformedBinary(f"address {address:#x} is in no section")

    def text(self, address: int) -> str:
        """Return the text at *address* that ends before a NUL."""
        return self.view.text(self.locate(address))


def parse_pe(data: bytes) -> PeBinary:
    """Return the value of a linked PE file.

    :raises MalformedBinary: if it is damaged.
    """
    view = View(data)
    (header,) = view.row("I", 0x3C)
    if view.take(0, 2) != PE_MAGIC or view.take(header, 4) != b"PE\0\0":
        raise MalformedBinary("not a PE file")
    machine, section_count, timestamp, _, _, optional_size, characteristics = view.row("HHIIIHH", header + 4)
    optional = header + 24
    is_64bit = {0x10B: False, 0x20B: True}.get(view.row("H", optional)[0])
    if is_64bit is None:
        raise MalformedBinary("the optional header has another magic number")
    (dll_characteristics,) = view.row("H", optional + 70)
    directories_at = optional + (112 if is_64bit else 96)
    (directory_count,) = view.row("I", directories_at - 4)
    directories = [address for address, _ in view.rows("II", directories_at, min(directory_count, 16))]
    directories += [0] * (16 - len(directories))
    # In memory a section may be shorter or longer than in the file; the part outside of the file holds no table.
    sections = tuple(
        _Section(address, size, offset)
        for _, _, address, size, offset, *_ in view.rows("8sIIIIIIHHI", optional + optional_size, section_count)
    )
    image = _Image(view, sections)
    name, exports = _parse_exports(image, directories[_EXPORTS]) if directories[_EXPORTS] else ("", ())
    imports = [
        *_parse_imports(image, directories[_IMPORTS], is_64bit),
        *_parse_delayed_imports(image, directories[_DELAYED_IMPORTS], is_64bit),
    ]
    return PeBinary(
        arch=_ARCHS.get(machine, f"machine {machine:#x}"),
        is_library=bool(characteristics & _IMAGE_FILE_DLL),
        name=name,
        exports=exports,
        imports=tuple(imports),
        libraries=tuple(dict.fromkeys(symbol.library for symbol in imports)),
        rpaths=(),
        timestamp=timestamp,
        dll_characteristics=dll_characteristics,
    )


def parse_coff_object(data: bytes) -> frozenset[str]:
    """Return the undefined symbols of a COFF object file, without the decoration of imports and of 32-bit calls.

    :raises MalformedBinary: if it is damaged or of an architecture that wheels are not made for.
    """
    view = View(data)
    machine, _, _, offset, count, _, _ = view.row("HHIIIHH", 0)
    if machine not in _ARCHS:
        raise MalformedBinary("not an object file")
    strings = offset + 18 * count
    names: set[str] = set()
    auxiliary = 0
    for raw, value, section, _, storage, follow in view.rows("8sIhHBB", offset, count):
        if auxiliary:
            auxiliary -= 1
            continue
        auxiliary = follow
        if storage in (_SYMBOL_EXTERNAL, _SYMBOL_WEAK_EXTERNAL) and section == 0 and value == 0:
            long = raw.startswith(b"\0\0\0\0")
            name = view.text(strings + int.from_bytes(raw[4:], "little")) if long else View(raw + b"\0").text(0)
            names.add(_spell(name, machine))
    return frozenset(names)


def _spell(name: str, machine: int) -> str:
    """Return a symbol as C spells it: ``Beep`` for ``__imp__Beep@8`` of i386."""
    name = name.removeprefix("__imp_")
    return re.sub(r"@\d+$", "", name.removeprefix("_")) if machine == _I386 else name


def _parse_exports(image: _Image, address: int) -> tuple[str, tuple[str, ...]]:
    """Return the DLL's own name, and the sorted names that it exports, without exports by number."""
    view = image.view
    name, _, _, count, _, names, _ = view.row("IIIIIII", image.locate(address) + 12)
    exported = (image.text(at) for (at,) in view.rows("I", image.locate(names), count)) if count else ()
    return image.text(name), tuple(sorted(exported))


def _parse_imports(image: _Image, address: int, is_64bit: bool) -> Iterator[Import]:
    seen: set[int] = set()
    offset = image.locate(address) if address else 0
    while address:
        lookup, _, _, name, bound = image.view.row("IIIII", offset)
        if not name:
            return
        yield from _parse_lookup_table(image, image.text(name), lookup or bound, is_64bit, seen)
        offset += 20


def _parse_delayed_imports(image: _Image, address: int, is_64bit: bool) -> Iterator[Import]:
    seen: set[int] = set()
    offset = image.locate(address) if address else 0
    while address:
        _, name, _, _, lookup, _, _, _ = image.view.row("IIIIIIII", offset)
        if not name:
            return
        yield from _parse_lookup_table(image, image.text(name), lookup, is_64bit, seen)
        offset += 32


def _parse_lookup_table(image: _Image, library: str, address: int, is_64bit: bool, seen: set[int]) -> Iterator[Import]:
    """Yield the imports from one DLL. Tables must not overlap, or a small file could name imports without end."""
    layout, size, by_number = ("Q", 8, 1 << 63) if is_64bit else ("I", 4, 1 << 31)
    offset = image.locate(address)
    while (entry := image.view.row(layout, offset)[0]) != 0:
        if offset in seen:
            raise MalformedBinary(f"the imports from {library} overlap others")
        seen.add(offset)
        yield Import(f"#{entry & 0xFFFF}" if entry & by_number else image.text((entry & 0x7FFFFFFF) + 2), library)
        offset += size
