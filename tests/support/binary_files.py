"""Small shared libraries, written byte by byte: just enough of ELF, Mach-O and PE for a loader to find the symbols."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

ELF_MACHINES = {
    "i686": (3, 32, "<"),
    "ppc64le": (21, 64, "<"),
    "s390x": (22, 64, ">"),
    "armv7l": (40, 32, "<"),
    "x86_64": (62, 64, "<"),
    "aarch64": (183, 64, "<"),
    "riscv64": (243, 64, "<"),
    "loongarch64": (258, 64, "<"),
}
MACHO_CPUS = {"x86_64": (0x01000007, 3), "arm64": (0x0100000C, 0)}
PE_MACHINES = {"i686": 0x14C, "x86_64": 0x8664, "arm64": 0xAA64}


class _Names:
    """A string table."""

    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, text: str) -> int:
        offset = len(self.data)
        self.data += text.encode() + b"\0"
        return offset


def elf_file(
    arch: str = "x86_64",
    *,
    exports: Sequence[str] = ("PyInit_spam",),
    hidden: Sequence[str] = (),
    imports: Sequence[tuple[str, str, str]] = (("malloc", "libc.so.6", "GLIBC_2.2.5"), ("PyLong_FromLong", "", "")),
    weak: Sequence[str] = (),
    needed: Sequence[str] = ("libc.so.6",),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    stack_flags: int | None = 6,
    has_text_relocations: bool = False,
    neon: int | None = None,
    file_type: int = 3,
    with_sections: bool = True,
) -> bytes:
    """Return a shared library; *imports* are (symbol, library, version), ``None`` omits the header of the stack."""
    machine, bits, order = ELF_MACHINES[arch]
    names = _Names()
    versions = sorted({(library, version) for _, library, version in imports if version})
    libraries = list(dict.fromkeys(library for library, _ in versions))
    symbol = ("IBBHQQ", "IIIBBH")[bits == 32]

    def symbol_row(name: str, info: int, other: int, section: int) -> bytes:
        if bits == 64:
            return struct.pack(order + symbol, names.add(name), info, other, section, 0, 0)
        return struct.pack(order + symbol, names.add(name), 0, 0, info, other, section)

    symbols = bytes(struct.calcsize(order + symbol))
    indexes = [0]
    for name, library, version in imports:
        symbols += symbol_row(name, (2 if name in weak else 1) << 4, 0, 0)
        indexes.append(versions.index((library, version)) + 2 if version else 1)
    for name in exports:
        symbols += symbol_row(name, 0x12, 0, 1)
        indexes.append(1)
    for name in hidden:
        symbols += symbol_row(name, 0x12, 2, 1)
        indexes.append(1)
    versym = struct.pack(f"{order}{len(indexes)}H", *indexes)
    verneed = b""
    for number, library in enumerate(libraries):
        own = [version for version in versions if version[0] == library]
        following = 16 + 16 * len(own) if number < len(libraries) - 1 else 0
        verneed += struct.pack(order + "HHIII", 1, len(own), names.add(library), 16, following)
        for place, version in enumerate(own):
            step = 16 if place < len(own) - 1 else 0
            verneed += struct.pack(order + "IHHII", 0, 0, versions.index(version) + 2, names.add(version[1]), step)
    dynamic = [(1, names.add(library)) for library in needed]
    dynamic += [(tag, names.add(text)) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    if has_text_relocations:
        dynamic.append((22, 0))

    # A GNU hash table with one bucket, whose chain holds every symbol.
    count = len(indexes)
    hashes = struct.pack(f"{order}IIII", 1, 1, 1, 0) + bytes(bits // 8)
    hashes += struct.pack(f"{order}I{count - 1}I", 1 if count > 1 else 0, *([0] * (count - 2) + [1] * (count > 1)))

    header_size, segment_size, section_size = (64, 56, 64) if bits == 64 else (52, 32, 40)
    segment_count = 2 + (stack_flags is not None)
    parts: dict[str, tuple[int, bytes]] = {}
    end = header_size + segment_size * segment_count
    attributes = b""
    if neon is not None:
        tags = bytes([5]) + b"7-A\0" + bytes([10, 4, 32, 0]) + b"x\0" + bytes([67]) + b"2.09\0" + bytes([12, neon])
        attributes = b"A" + struct.pack("<I", len(tags) + 15) + b"aeabi\0" + struct.pack("<BI", 1, len(tags) + 5) + tags
    for part, data in {
        "symbols": symbols,
        "versym": versym,
        "verneed": verneed,
        "names": names.data,
        "hashes": hashes,
        "attributes": attributes,
    }.items():
        parts[part] = (end, data)
        end += -(-len(data) // 8) * 8
    dynamic += [(5, parts["names"][0]), (6, parts["symbols"][0]), (0x6FFFFEF5, parts["hashes"][0])]
    if verneed:
        dynamic += [(0x6FFFFFF0, parts["versym"][0]), (0x6FFFFFFE, parts["verneed"][0])]
    dynamic.append((0, 0))
    table = b"".join(struct.pack(order + ("QQ" if bits == 64 else "II"), *row) for row in dynamic)
    parts["dynamic"] = (end, table)
    end += len(table)

    def segment(kind: int, flags: int, offset: int, size: int) -> bytes:
        if bits == 64:
            return struct.pack(order + "IIQQQQQQ", kind, flags, offset, offset, offset, size, size, 8)
        return struct.pack(order + "IIIIIIII", kind, offset, offset, offset, size, size, flags, 8)

    sections = [(0, 0, b"")]
    if with_sections:
        sections += [(11, *parts["symbols"]), (0x70000003, *parts["attributes"])]
    data = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    data += struct.pack(
        order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"),
        *(file_type, machine, 1, 0, header_size, end, 0, header_size),
        *(segment_size, segment_count, section_size, len(sections), 0),
    )
    data += segment(1, 5, 0, end) + segment(2, 6, *(parts["dynamic"][0], len(table)))
    if stack_flags is not None:
        data += segment(0x6474E551, stack_flags, 0, 0)
    for offset, content in parts.values():
        data = data.ljust(offset, b"\0") + content
    for kind, offset, content in sections:
        layout = order + ("IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII")
        data += struct.pack(layout, 0, kind, 0, offset, offset, len(content), 0, 0, 8, 0)
    return data


def macho_file(
    arch: str = "arm64",
    *,
    exports: Sequence[str] = ("PyInit_spam",),
    imports: Sequence[tuple[str, int]] = (("malloc", 1), ("PyLong_FromLong", 0xFE)),
    libraries: Sequence[str] = ("/usr/lib/libSystem.B.dylib",),
    name: str = "@rpath/spam.so",
    rpaths: Sequence[str] = (),
    platform: int = 1,
    min_version: tuple[int, int] = (11, 0),
    has_trie: bool = True,
    is_signed: bool | None = None,
    file_type: int = 6,
) -> bytes:
    """Return a dynamic library, signed ad hoc if *arch* needs it; *imports* are (symbol, library ordinal)."""
    cpu, subtype = MACHO_CPUS[arch]
    names = _Names()
    symbols = b"".join(struct.pack("<IBBHQ", names.add(f"_{n}"), 0x0F, 1, 0, 4096) for n in exports)
    symbols += b"".join(struct.pack("<IBBHQ", names.add(f"_{n}"), 0x01, 0, o << 8, 0) for n, o in imports)
    # One node with all names as its edges, then a leaf for each.
    leaf = bytes([2, 0, 0, 0])
    edges = [f"_{n}".encode() + b"\0" for n in exports]
    first = 2 + sum(len(edge) + 2 for edge in edges)
    trie = bytes([0, len(edges)]) if has_trie else b""
    for number, edge in enumerate(edges if has_trie else ()):
        at = first + number * len(leaf)
        trie += edge + bytes([at & 0x7F | 0x80, at >> 7])
    trie += leaf * len(edges)

    def text(command: int, value: str, *fields: int) -> bytes:
        start = 12 + 4 * len(fields)
        raw = value.encode() + b"\0"
        raw = raw.ljust(-(-(start + len(raw)) // 8) * 8 - start, b"\0")
        return struct.pack(f"<III{len(fields)}I", command, start + len(raw), start, *fields) + raw

    commands = [text(0xC, library, 0, 0, 0) for library in libraries]
    commands += [text(0x8000001C, path) for path in rpaths]
    if name:
        commands.append(text(0xD, name, 0, 0, 0))
    major, minor = min_version
    commands.append(struct.pack("<IIIIII", 0x32, 24, platform, major << 16 | minor << 8, 0, 0))
    commands.append(struct.pack("<II16s", 0x1B, 24, bytes(range(16))))
    signed = is_signed if is_signed is not None else arch == "arm64"
    size = sum(map(len, commands)) + 24 + (16 if has_trie else 0) + (16 if signed else 0)
    start = 32 + size
    commands.append(struct.pack("<IIIIII", 2, 24, start, len(symbols) // 16, start + len(symbols), len(names.data)))
    trie_at = start + len(symbols) + len(names.data)
    if has_trie:
        commands.append(struct.pack("<IIII", 0x80000033, 16, trie_at, len(trie)))
    end = -(-(trie_at + len(trie)) // 16) * 16
    pages = -(-end >> 12)
    identifier = b"spam.so\0"
    if signed:
        commands.append(struct.pack("<IIII", 0x1D, 16, end, 20 + 44 + len(identifier) + 32 * pages))
    data = b"\xcf\xfa\xed\xfe" + struct.pack("<IIIIIII", cpu, subtype, file_type, len(commands), size, 0, 0)
    data += b"".join(commands) + symbols + names.data + trie
    data = data.ljust(end, b"\0")
    return data + _sign(data, identifier) if signed else data


def _sign(data: bytes, identifier: bytes) -> bytes:
    pages = [hashlib.sha256(data[at : at + 4096]).digest() for at in range(0, len(data), 4096)]
    hashes_at = 44 + len(identifier)
    directory = struct.pack(
        ">IIIIIIIIIBBBBI",
        *(0xFADE0C02, hashes_at + 32 * len(pages), 0x20100, 2, hashes_at, 44, 0, len(pages), len(data)),
        *(32, 2, 0, 12, 0),
    )
    directory += identifier + b"".join(pages)
    return struct.pack(">IIIII", 0xFADE0CC0, 20 + len(directory), 1, 0, 20) + directory


def pe_file(
    arch: str = "x86_64",
    *,
    exports: Sequence[str] = ("PyInit_spam",),
    imports: Sequence[tuple[str, Sequence[str]]] = (
        ("python313.dll", ["PyLong_FromLong"]),
        ("KERNEL32.dll", ["Sleep", "#7"]),
    ),
    delayed: Sequence[tuple[str, Sequence[str]]] = (),
    name: str = "spam.pyd",
    timestamp: int = 1,
    characteristics: int = 0x2022,
) -> bytes:
    """Return a DLL; *imports* are (library, symbols), where ``#7`` is an import by number."""
    is_64bit = arch != "i686"
    base, offset = 0x1000, 0x400
    section = b""

    def add(data: bytes) -> int:
        nonlocal section
        address = base + len(section)
        section += data + bytes(-len(data) % 8)
        return address

    def table(symbols: Sequence[str]) -> int:
        by_number = 1 << (63 if is_64bit else 31)
        entries = [
            by_number | int(symbol[1:]) if symbol.startswith("#") else add(b"\0\0" + symbol.encode() + b"\0")
            for symbol in symbols
        ]
        return add(struct.pack(f"<{len(entries) + 1}{'Q' if is_64bit else 'I'}", *entries, 0))

    directories = [(0, 0)] * 16
    if exports:
        pointers = add(struct.pack(f"<{len(exports)}I", *[add(symbol.encode() + b"\0") for symbol in exports]))
        own = add(name.encode() + b"\0")
        directories[0] = (
            add(struct.pack("<12xIIIIIII", own, 1, len(exports), len(exports), 0, pointers, 0)),
            40,
        )
    rows = [struct.pack("<IIIII", table(symbols), 0, 0, add(dll.encode() + b"\0"), 0) for dll, symbols in imports]
    directories[1] = (add(b"".join(rows) + bytes(20)), 0) if rows else (0, 0)
    rows = [struct.pack("<IIIIIIII", 1, add(d.encode() + b"\0"), 0, 0, table(s), 0, 0, 0) for d, s in delayed]
    directories[13] = (add(b"".join(rows) + bytes(32)), 0) if rows else (0, 0)

    optional = struct.pack("<H", 0x20B if is_64bit else 0x10B).ljust(70, b"\0") + struct.pack("<H", 0x160)
    optional = optional.ljust(108 if is_64bit else 92, b"\0") + struct.pack("<I", 16)
    optional += b"".join(struct.pack("<II", *directory) for directory in directories)
    header = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    header += struct.pack("<HHIIIHH", PE_MACHINES[arch], 1, timestamp, 0, 0, len(optional), characteristics) + optional
    header += struct.pack("<8sIIIIIIHHI", b".rdata", len(section), base, len(section), offset, 0, 0, 0, 0, 0)
    return header.ljust(offset, b"\0") + section


def coff_object(undefined: Sequence[str], machine: int = 0x8664) -> bytes:
    """Return an object file that defines ``here`` and leaves symbols undefined."""
    names = struct.pack("<I", 0)
    rows = [struct.pack("<8sIhHBB", b"here", 0, 1, 0, 2, 1), bytes(18)]
    for symbol in undefined:
        raw = symbol.encode()
        if len(raw) > 8:
            raw, names = struct.pack("<II", 0, len(names)), names + raw + b"\0"
        rows.append(struct.pack("<8sIhHBB", raw, 0, 0, 0, 2, 0))
    return struct.pack("<HHIIIHH", machine, 0, 0, 20, len(rows), 0, 0) + b"".join(rows) + names


def elf_object(undefined: Sequence[str]) -> bytes:
    """Return a relocatable file that leaves symbols undefined."""
    names = _Names()
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", names.add(n), 0x10, 0, 0, 0, 0) for n in undefined)
    sections = [(0, 0, 0, 0), (2, 64, len(symbols), 2), (3, 64 + len(symbols), len(names.data), 0)]
    header = b"\x7fELF\2\1\1".ljust(16, b"\0")
    end = 64 + len(symbols) + len(names.data)
    header += struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, end, 0, 64, 0, 0, 64, 3, 0)
    table = [struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, at, size, link, 0, 0, 0) for kind, at, size, link in sections]
    return header + symbols + names.data + b"".join(table)
