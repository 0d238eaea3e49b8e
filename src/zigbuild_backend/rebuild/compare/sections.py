"""Lists the sections of ELF, Mach-O and PE files by name.

Loaders do not need them, so ``core.binaries`` does not read them. Small parts that often differ between builds
(identifiers, times, checksums) count as sections of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...core.binaries.binary import ELF_MAGIC, MACHO_MAGIC, PE_MAGIC, MalformedBinary, View

_MOST_SECTIONS = 4096
_MOST_OVERLAP = 4
"""The bound on the sum of the sizes of sections, some of which hold others, in sizes of the file."""

_SHT_NULL, _SHT_NOBITS = 0, 8
_LC_SYMTAB, _LC_SEGMENT_64 = 0x02, 0x19
_ZEROFILL = (1, 12, 18)
_COMMANDS = {
    0x0B: "LC_DYSYMTAB",
    0x0C: "LC_LOAD_DYLIB",
    0x0D: "LC_ID_DYLIB",
    0x1B: "LC_UUID",
    0x24: "LC_VERSION_MIN_MACOSX",
    0x2A: "LC_SOURCE_VERSION",
    0x32: "LC_BUILD_VERSION",
    0x8000001C: "LC_RPATH",
}
_LC_DYLD_INFO = (0x22, 0x80000022)
_DYLD_INFO_PARTS = ("rebase info", "binding info", "weak binding info", "lazy binding info", "export info")
_LINKEDIT_PARTS = {
    0x1D: "code signature",
    0x1E: "segment split info",
    0x26: "function starts",
    0x29: "data in code",
    0x2B: "code signing requirements",
    0x2E: "optimization hints",
    0x80000033: "export trie",
    0x80000034: "chained fixups",
}
_EXPORTS, _CERTIFICATES, _DEBUG = 0, 4, 6
_DEBUG_TYPES = {1: "COFF", 2: "CodeView", 4: "misc", 13: "POGO", 16: "reproducible hash"}


class Section(NamedTuple):
    """A named range of a file; ``offset`` and ``size`` are in bytes, ``is_part`` marks one inside of another."""

    name: str
    offset: int
    size: int
    is_part: bool = False

    def of(self, data: bytes) -> bytes:
        """Return its bytes in the file *data*."""
        return data[self.offset : self.offset + self.size]


def list_sections(data: bytes) -> tuple[Section, ...]:
    """Return the non-empty sections of an ELF, Mach-O or PE file (not of a fat one), in the order of its tables.

    :raises MalformedBinary: if it is another file, or damaged.
    """
    listings = {ELF_MAGIC: _list_elf, MACHO_MAGIC: _list_macho, PE_MAGIC: _list_pe}
    found = next((listing for magic, listing in listings.items() if data.startswith(magic)), None)
    if found is None:
        raise MalformedBinary("neither an ELF, a 64-bit Mach-O nor a PE file")
    sections: list[Section] = []
    left = _MOST_OVERLAP * len(data)
    for section in found(View(data)):
        left -= section.size
        if len(sections) == _MOST_SECTIONS or left < 0:
            raise MalformedBinary("its sections overlap, or are more than linkers make")
        if section.offset + section.size > len(data):
            raise MalformedBinary(f"the section {section.name} is outside the file")
        if section.size:
            sections.append(section)
    return tuple(sections)


def _list_elf(view: View) -> Iterator[Section]:
    word, order = view.take(4, 2)
    is_64bit = word == 2
    view.order = ">" if order == 2 else "<"
    _, _, _, _, segments, table, _, header, segment, segment_count, row, row_count, names = view.row(
        "HHIQQQIHHHHHH" if is_64bit else "HHIIIIIHHHHHH", 16
    )
    yield Section("file header", 0, header)
    yield Section("program headers", segments, segment * segment_count)
    yield Section("section headers", table, row * row_count)
    rows = list(view.rows("IIQQQQIIQQ" if is_64bit else "IIIIIIIIII", table, row_count))
    texts = rows[names][4] if names < row_count else None
    for number, (name, kind, _, _, offset, size, *_) in enumerate(rows):
        if kind not in (_SHT_NULL, _SHT_NOBITS):
            yield Section(f"section {number}" if texts is None else view.text(texts + name), offset, size)


def _list_macho(view: View) -> Iterator[Section]:
    count, commands_size = view.row("II", 16)
    yield Section("file header", 0, 32)
    offset, end = 32, 32 + commands_size
    for _ in range(count):
        kind, size = view.row("II", offset)
        if size < 8 or offset + size > end:
            raise MalformedBinary(f"the load command at {offset:#x} does not fit")
        if kind == _LC_SEGMENT_64:
            yield Section(f"segment {_name(view.take(offset + 8, 16))}", offset, size)
            (rows,) = view.row("I", offset + 64)
            for name, segment, _, length, at, _, _, _, flags, *_ in view.rows("16s16sQQIIIIIIII", offset + 72, rows):
                if flags & 0xFF not in _ZEROFILL:
                    yield Section(f"{_name(segment)},{_name(name)}", at, length)
        elif kind == _LC_SYMTAB:
            symbols, number, strings, length = view.row("IIII", offset + 8)
            yield Section("symbol table", symbols, 16 * number)
            yield Section("string table", strings, length)
        elif kind in _LC_DYLD_INFO:
            fields = view.row("10I", offset + 8)
            yield from map(Section, _DYLD_INFO_PARTS, fields[::2], fields[1::2])
        elif kind in _LINKEDIT_PARTS:
            yield Section(_LINKEDIT_PARTS[kind], *view.row("II", offset + 8))
        else:
            yield Section(_COMMANDS.get(kind, f"load command {kind:#x}"), offset, size)
        offset += size


def _list_pe(view: View) -> Iterator[Section]:
    (header,) = view.row("I", 0x3C)
    _, count, _, symbols, symbol_count, optional_size, _ = view.row("HHIIIHH", header + 4)
    optional = header + 24
    table = optional + optional_size
    rows = list(view.rows("8sIIIIIIHHI", table, count))
    directories_at = optional + (112 if view.row("H", optional)[0] == 0x20B else 96)
    directories = list(view.rows("II", directories_at, min(view.row("I", directories_at - 4)[0], 16)))
    directories += [(0, 0)] * (16 - len(directories))
    yield Section("headers", 0, table + 40 * count)
    yield Section("time stamp of the header", header + 8, 4, is_part=True)
    yield Section("checksum", optional + 64, 4, is_part=True)

    def locate(address: int) -> int:
        """Return the file offset of an address, 0 if it is in no section."""
        return next((at + address - start for _, _, start, size, at, *_ in rows if start <= address < start + size), 0)

    if at := locate(directories[_EXPORTS][0]):
        yield Section("time stamp of the exports", at + 4, 4, is_part=True)
        if name := locate(view.row("I", at + 12)[0]):
            yield Section("name of the DLL", name, len(view.string(name)), is_part=True)
    if at := locate(directories[_DEBUG][0]):
        for number in range(directories[_DEBUG][1] // 28):
            _, _, _, kind, size, _, offset = view.row("IIIIIII", at + 28 * number)
            kind = _DEBUG_TYPES.get(kind, f"type {kind}")
            yield Section(f"time stamp of the debug data ({kind})", at + 28 * number + 4, 4, is_part=True)
            yield Section(f"debug data ({kind})", offset, size, is_part=True)
    strings = symbols + 18 * symbol_count
    for raw, _, _, size, offset, *_ in rows:
        # A name of more than eight bytes is in the string table, and its offset there in decimal digits here.
        is_long = symbols and raw[:1] == b"/" and _name(raw[1:]).isdecimal()
        yield Section(view.text(strings + int(_name(raw[1:]))) if is_long else _name(raw), offset, size)
    if symbols:
        yield Section("symbol table", symbols, 18 * symbol_count)
    yield Section("certificates", *directories[_CERTIFICATES])


def _name(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="backslashreplace")
