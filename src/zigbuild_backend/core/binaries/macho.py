"""Parses 64-bit little-endian Mach-O files, by Apple's ``<mach-o/loader.h>`` and ``<Kernel/kern/cs_blobs.h>``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from ..base.frozen import dataclass
from .binary import MACHO_MAGIC, Binary, Import, MalformedBinary, View

_ARCHS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_MH_DYLIB, _MH_BUNDLE = 6, 8
_LC_SYMTAB, _LC_ID_DYLIB, _LC_UUID, _LC_CODE_SIGNATURE = 2, 13, 27, 29
_LC_VERSION_MIN_MACOSX, _LC_BUILD_VERSION = 36, 50
_LC_RPATH, _LC_EXPORTS_TRIE = 0x8000001C, 0x80000033
_LC_LOADS = (0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023)  # plain, weak, re-export, lazy, upward
_LC_DYLD_INFO = (0x22, 0x80000022)
_N_STAB, _N_PEXT, _N_TYPE, _N_EXT = 0xE0, 0x10, 0x0E, 0x01
_N_UNDF = 0
_N_WEAK_REF = 0x40
_PLATFORMS = {1: "macos", 2: "ios", 6: "maccatalyst", 7: "iossimulator", 11: "visionos"}
_HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
"""Hash types of a code directory: the algorithm, and the number of bytes of the digest that are kept."""
_MOST_TRIE_TEXT = 256
"""The size of all names of an export trie, which compresses them, is at most this multiple of the trie's size."""
_CSMAGIC_SIGNATURE, _CSMAGIC_CODEDIRECTORY = 0xFADE0CC0, 0xFADE0C02
_CS_ADHOC = 2
_MOST_BLOBS = 32
"""More parts than any signature has: each may be a code directory, for which the whole file is hashed."""


@dataclass(frozen=True)
class Signature:
    """An embedded code signature.

    ``is_valid`` says that every code directory has the right hashes of all pages before the signature, as the kernel of
    an arm64 Mac requires. Certificates are ignored.
    """

    identifier: str
    is_adhoc: bool
    is_valid: bool


@dataclass(frozen=True)
class MachOBinary(Binary):
    """A Mach-O file or one slice of a fat file.

    ``platform`` is ``macos``, ``ios``, …, or ``platform N``; ``min_version`` is (major, minor, patch) of the oldest
    system that it is for, zeros if it has none; ``uuid`` is 32 hexadecimal digits or empty.
    """

    format: ClassVar[str] = "macho"

    platform: str
    min_version: tuple[int, int, int]
    uuid: str
    signature: Signature | None


class _Symbol(NamedTuple):
    name: int
    type: int
    description: int

    @property
    def is_external(self) -> bool:
        return bool(self.type & _N_EXT) and not self.type & (_N_STAB | _N_PEXT)

    @property
    def is_undefined(self) -> bool:
        return self.type & _N_TYPE == _N_UNDF


class _Command(NamedTuple):
    type: int
    offset: int
    size: int


def parse_macho(data: bytes) -> MachOBinary:
    """Return the value of a linked thin Mach-O file.

    :raises MalformedBinary: if it is damaged, 32-bit or big-endian.
    """
    view, cpu, file_type, commands = _parse_header(data)
    last = {command.type: command for command in commands}

    def texts(*types: int) -> list[str]:
        return [_text_of(view, command) for command in commands if command.type in types]

    strings, table = _parse_symbols(view, last[_LC_SYMTAB]) if _LC_SYMTAB in last else (0, [])
    libraries = texts(*_LC_LOADS)
    imports = tuple(
        Import(
            _spell(view.string(strings + symbol.name)),
            _library_of(symbol, libraries),
            is_weak=bool(symbol.description & _N_WEAK_REF),
        )
        for symbol in table
        if symbol.is_external and symbol.is_undefined
    )
    trie = _find_trie(view, commands)
    if trie is None:
        exported = [view.string(strings + s.name) for s in table if s.is_external and not s.is_undefined]
    else:
        exported = list(_walk_trie(trie))
    platform, min_version = _parse_platform(view, commands)
    signature = last.get(_LC_CODE_SIGNATURE)
    return MachOBinary(
        arch=_ARCHS.get(cpu, f"machine {cpu:#x}"),
        is_library=file_type in (_MH_DYLIB, _MH_BUNDLE),
        name="".join(texts(_LC_ID_DYLIB)[-1:]),
        exports=tuple(sorted(map(_spell, exported))),
        imports=imports,
        libraries=tuple(libraries),
        rpaths=tuple(texts(_LC_RPATH)),
        platform=platform,
        min_version=min_version,
        uuid=view.take(last[_LC_UUID].offset + 8, 16).hex() if _LC_UUID in last else "",
        signature=_parse_signature(view, *view.row("II", signature.offset + 8)) if signature else None,
    )


def _find_trie(view: View, commands: Sequence[_Command]) -> View | None:
    """Return the export trie, None if the exports are only in the symbol table."""
    trie = None
    for command in commands:
        if command.type in _LC_DYLD_INFO:
            trie = View(view.take(*view.row("II", command.offset + 40)))
        elif command.type == _LC_EXPORTS_TRIE:
            trie = View(view.take(*view.row("II", command.offset + 8)))
    return trie


def _parse_platform(view: View, commands: Sequence[_Command]) -> tuple[str, tuple[int, int, int]]:
    """Return the platform and the oldest version of it that the file is for."""
    platform, min_version = "", (0, 0, 0)
    for command in commands:
        if command.type == _LC_VERSION_MIN_MACOSX:
            platform, min_version = "macos", _unpack_version(view.row("I", command.offset + 8)[0])
        elif command.type == _LC_BUILD_VERSION:
            number, packed = view.row("II", command.offset + 8)
            platform, min_version = _PLATFORMS.get(number, f"platform {number}"), _unpack_version(packed)
    return platform, min_version


def parse_macho_object(data: bytes) -> frozenset[str]:
    """Return the undefined symbols of a relocatable Mach-O file.

    :raises MalformedBinary: if it is damaged, 32-bit or big-endian.
    """
    view, _, _, commands = _parse_header(data)
    names: set[str] = set()
    for command in commands:
        if command.type == _LC_SYMTAB:
            strings, symbols = _parse_symbols(view, command)
            names.update(_spell(view.string(strings + s.name)) for s in symbols if s.is_external and s.is_undefined)
    return frozenset(names)


def parse_cpu(data: bytes) -> tuple[int, int]:
    """Return the CPU type and subtype in the header of a thin Mach-O file.

    :raises MalformedBinary: if it is none, 32-bit or big-endian.
    """
    view = View(data)
    if view.take(0, 4) != MACHO_MAGIC:
        raise MalformedBinary("not a 64-bit little-endian Mach-O file")
    cpu, subtype = view.row("II", 4)
    return cpu, subtype


def _parse_header(data: bytes) -> tuple[View, int, int, list[_Command]]:
    """Return the bytes, the CPU type, the file type and the load commands."""
    cpu, _ = parse_cpu(data)
    view = View(data)
    file_type, count, size = view.row("III", 12)
    commands = []
    offset, end = 32, 32 + size
    for _ in range(count):
        kind, size = view.row("II", offset)
        if size < 8 or offset + size > end:
            raise MalformedBinary(f"the load command at {offset:#x} does not fit")
        commands.append(_Command(kind, offset, size))
        offset += size
    return view, cpu, file_type, commands


def _text_of(view: View, command: _Command) -> str:
    (offset,) = view.row("I", command.offset + 8)
    return View(view.take(command.offset, command.size) + b"\0").text(offset)


def _unpack_version(packed: int) -> tuple[int, int, int]:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF


def _parse_symbols(view: View, command: _Command) -> tuple[int, list[_Symbol]]:
    """Return the offset of the names, and the symbols."""
    offset, count, strings, _ = view.row("IIII", command.offset + 8)
    return strings, [_Symbol(name, kind, note) for name, kind, _, note, _ in view.rows("IBBHQ", offset, count)]


def _spell(name: bytes) -> str:
    """Return a symbol as C spells it: without the underscore that Darwin's compilers put before every name."""
    return name.removeprefix(b"_").decode(errors="backslashreplace")


def _library_of(symbol: _Symbol, libraries: list[str]) -> str:
    """Return the library that a two-level name is bound to; special ordinals (self, flat lookup, …) name none."""
    ordinal = symbol.description >> 8
    return libraries[ordinal - 1] if 1 <= ordinal <= len(libraries) else ""


def _walk_trie(trie: View) -> Iterator[bytes]:
    """Yield the names in an export trie."""
    pending = [(0, b"")] if len(trie) else []
    seen: set[int] = set()
    text_left = _MOST_TRIE_TEXT * len(trie)
    while pending:
        offset, prefix = pending.pop()
        text_left -= len(prefix)
        if offset in seen or text_left < 0:
            raise MalformedBinary("the export trie is no tree of names")
        seen.add(offset)
        size, offset = trie.uleb(offset)
        if size:
            yield prefix
        (children,) = trie.row("B", offset + size)
        offset += size + 1
        for _ in range(children):
            label = trie.string(offset)
            child, offset = trie.uleb(offset + len(label) + 1)
            pending.append((child, prefix + label))


def _parse_signature(view: View, offset: int, size: int) -> Signature:
    """Return the signature at *offset*, checked against the bytes before it."""
    blob = View(view.take(offset, size), ">")
    magic, _, count = blob.row("III", 0)
    if magic != _CSMAGIC_SIGNATURE or count > _MOST_BLOBS:
        raise MalformedBinary("the code signature is none")
    identifier, is_adhoc, verdicts = "", False, []
    for _, start in blob.rows("II", 12, count):
        if blob.row("I", start)[0] == _CSMAGIC_CODEDIRECTORY:
            directory = blob.row("IIIIIIIIIBBBB", start)
            _, _, _, flags, _, name, *_ = directory
            identifier, is_adhoc = blob.text(start + name), bool(flags & _CS_ADHOC)
            verdicts.append(_is_directory_true(view, offset, blob, start))
    return Signature(identifier, is_adhoc, bool(verdicts) and all(verdicts))


def _is_directory_true(view: View, signed_size: int, blob: View, start: int) -> bool:
    """Return whether a code directory has the right hashes of all pages of the first *signed_size* bytes."""
    _, _, _, _, hashes, _, _, count, limit, hash_size, hash_type, _, page_bits = blob.row("IIIIIIIIIBBBB", start)
    if hash_type not in _HASHES or not 12 <= page_bits <= 16:
        return False
    algorithm, kept = _HASHES[hash_type]
    if limit != signed_size or hash_size != kept or count != -(-limit >> page_bits):
        return False
    code = view.take(0, limit)
    pages = (code[at : at + (1 << page_bits)] for at in range(0, limit, 1 << page_bits))
    actual = b"".join(hashlib.new(algorithm, page, usedforsecurity=False).digest()[:kept] for page in pages)
    return actual == blob.take(start + hashes, count * kept)
