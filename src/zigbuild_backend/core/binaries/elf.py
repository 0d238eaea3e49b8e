"""Parses ELF files by the System V ABI (gABI) and GNU symbol versions, as loaders do: by segments, not sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import ClassVar, NamedTuple

from ..base.frozen import dataclass
from .binary import ELF_MAGIC, Binary, Import, MalformedBinary, View

_ARCHS = {
    (3, 32, "<"): "i686",
    (21, 64, "<"): "ppc64le",
    (22, 64, ">"): "s390x",
    (40, 32, "<"): "armv7l",
    (62, 64, "<"): "x86_64",
    (183, 64, "<"): "aarch64",
    (243, 64, "<"): "riscv64",
    (258, 64, "<"): "loongarch64",
}
"""By (e_machine, word size, byte order): x32, big-endian ARM and the like are other architectures."""

_ET_DYN = 3
_PT_LOAD, PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551
_PF_X = 1
_SHT_SYMTAB, _SHT_DYNSYM, _SHT_ARM_ATTRIBUTES = 2, 11, 0x70000003
DT_NEEDED, DT_STRTAB, _DT_SYMTAB, DT_SONAME, _DT_RPATH = 1, 5, 6, 14, 15
_DT_TEXTREL, DT_RUNPATH, _DT_FLAGS = 22, 29, 30
_DT_GNU_HASH, _DT_VERSYM, _DT_VERNEED = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFE
_DF_TEXTREL = 4
_SHN_UNDEF = 0
_GLOBAL_BINDINGS = (1, 2, 10)  # STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE
_STB_WEAK = 2
_VISIBLE = (0, 3)  # STV_DEFAULT, STV_PROTECTED
_NAMED_TYPES = (0, 1, 2, 5, 6, 10)  # NOTYPE, OBJECT, FUNC, COMMON, TLS, GNU_IFUNC
_TAG_FILE, _TAG_CPU_RAW_NAME, _TAG_CPU_NAME, _TAG_ADVANCED_SIMD, _TAG_COMPATIBILITY = 1, 4, 5, 12, 32


@dataclass(frozen=True)
class ElfBinary(Binary):
    """A linked ELF file.

    ``version_needs`` are the pairs (library, version) that the loader requires, whether or not an import uses them
    (none uses ``GLIBC_ABI_DT_RELR``). ``uses_neon`` is that of the build attributes of an ARM file.
    """

    format: ClassVar[str] = "elf"

    version_needs: tuple[tuple[str, str], ...]
    interpreter: str
    has_executable_stack: bool
    has_text_relocations: bool
    uses_neon: bool


class ElfSegment(NamedTuple):
    type: int
    flags: int
    offset: int
    address: int
    size: int


class _Section(NamedTuple):
    type: int
    offset: int
    size: int
    link: int


class _Symbol(NamedTuple):
    name: int
    binding: int
    type: int
    visibility: int
    section: int

    @property
    def is_linked_by_name(self) -> bool:
        """Return whether the loader imports or exports it by its name."""
        return self.binding in _GLOBAL_BINDINGS and self.type in _NAMED_TYPES and self.visibility in _VISIBLE


class ElfHeader(NamedTuple):
    """The file header with the tables of segments and sections."""

    view: View
    bits: int
    arch: str
    type: int
    segments: tuple[ElfSegment, ...]
    sections: tuple[_Section, ...]

    def locate(self, address: int) -> int:
        """Return the file offset of the byte that the loader maps at *address*."""
        for segment in self.segments:
            if segment.type == _PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise MalformedBinary(f"address {address:#x} is in no segment")

    def symbols(self, offset: int, count: int) -> Iterator[_Symbol]:
        """Yield *count* records of the symbol table at *offset*."""
        if self.bits == 64:
            for name, info, other, section, _, _ in self.view.rows("IBBHQQ", offset, count):
                yield _Symbol(name, info >> 4, info & 15, other & 3, section)
        else:
            for name, _, _, info, other, section in self.view.rows("IIIBBH", offset, count):
                yield _Symbol(name, info >> 4, info & 15, other & 3, section)

    @property
    def symbol_size(self) -> int:
        """The size of a record of a symbol table in bytes."""
        return 24 if self.bits == 64 else 16


class ElfDynamic(dict[int, list[int]]):
    """The dynamic table: tag → values, in order, none for a tag that is missing."""

    def __missing__(self, tag: int) -> list[int]:
        return []


def parse_elf(data: bytes) -> ElfBinary:
    """Return the value of a linked ELF file.

    :raises MalformedBinary: if it is damaged.
    """
    header = parse_header(data)
    view, segments = header.view, header.segments
    dynamic = parse_dynamic(header)
    strings = header.locate(dynamic[DT_STRTAB][0]) if dynamic[DT_STRTAB] else 0

    def texts(tag: int) -> tuple[str, ...]:
        return tuple(view.text(strings + offset) for offset in dynamic[tag])

    versions: dict[int, tuple[str, str]] = {}
    if dynamic[_DT_VERNEED]:
        versions = _parse_version_needs(view, header.locate(dynamic[_DT_VERNEED][0]), strings)
    exports, imports = _parse_dynamic_symbols(header, dynamic, strings, versions)
    # Of several stack headers the last one counts; without any, most loaders make the stack executable.
    stack = [segment.flags for segment in segments if segment.type == _PT_GNU_STACK]
    return ElfBinary(
        arch=header.arch,
        is_library=header.type == _ET_DYN and bool(dynamic),
        name="".join(texts(DT_SONAME)[:1]),
        exports=exports,
        imports=imports,
        libraries=texts(DT_NEEDED),
        # ld.so ignores RPATH where there is a RUNPATH, and both hold several folders.
        rpaths=tuple(path for paths in texts(DT_RUNPATH) or texts(_DT_RPATH) for path in paths.split(":")),
        version_needs=tuple(sorted(set(versions.values()))),
        interpreter="".join([view.text(segment.offset) for segment in segments if segment.type == _PT_INTERP][:1]),
        has_executable_stack=not stack or bool(stack[-1] & _PF_X),
        has_text_relocations=bool(dynamic[_DT_TEXTREL]) or any(flags & _DF_TEXTREL for flags in dynamic[_DT_FLAGS]),
        uses_neon=header.arch == "armv7l" and any(_uses_neon(header, section) for section in header.sections),
    )


def parse_elf_object(data: bytes) -> frozenset[str]:
    """Return the undefined symbols of a relocatable ELF file.

    :raises MalformedBinary: if it is damaged.
    """
    header = parse_header(data)
    names: set[str] = set()
    for section in header.sections:
        if section.type == _SHT_SYMTAB:
            if section.link >= len(header.sections):
                raise MalformedBinary("the symbol table has no names")
            strings = header.sections[section.link].offset
            symbols = header.symbols(section.offset, section.size // header.symbol_size)
            names.update(
                header.view.text(strings + symbol.name)
                for symbol in symbols
                if symbol.section == _SHN_UNDEF and symbol.binding in _GLOBAL_BINDINGS
            )
    return frozenset(names)


def parse_header(data: bytes) -> ElfHeader:
    """Return the header of an ELF file.

    :raises MalformedBinary: if it is damaged.
    """
    ident = View(data).take(0, 16)
    bits, order = {1: 32, 2: 64}.get(ident[4]), {1: "<", 2: ">"}.get(ident[5])
    if not ident.startswith(ELF_MAGIC) or not bits or not order:
        raise MalformedBinary("not an ELF file")
    view = View(data, order)
    file_type, machine, _, _, segments_at, sections_at, _, _, _, segment_count, _, section_count, _ = view.row(
        "HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH", 16
    )
    headers = view.rows("IIQQQQQQ" if bits == 64 else "IIIIIIII", segments_at, segment_count)
    if bits == 64:
        segments = [ElfSegment(kind, flags, at, address, size) for kind, flags, at, address, _, size, _, _ in headers]
    else:
        segments = [ElfSegment(kind, flags, at, address, size) for kind, at, address, _, size, _, flags, _ in headers]
    headers = view.rows("IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII", sections_at, section_count)
    sections = [_Section(kind, at, size, link) for _, kind, _, _, at, size, link, *_ in headers]
    arch = _ARCHS.get((machine, bits, order), f"machine {machine:#x}")
    return ElfHeader(view, bits, arch, file_type, tuple(segments), tuple(sections))


def parse_dynamic(header: ElfHeader) -> ElfDynamic:
    """Return the dynamic table of an ELF file, empty if it has none.

    :raises MalformedBinary: if it is damaged.
    """
    values = ElfDynamic()
    for segment in header.segments:
        if segment.type == PT_DYNAMIC:
            layout, size = ("qQ", 16) if header.bits == 64 else ("iI", 8)
            for tag, value in header.view.rows(layout, segment.offset, segment.size // size):
                if tag == 0:
                    break
                values.setdefault(tag, []).append(value)
    return values


def _parse_dynamic_symbols(
    header: ElfHeader, dynamic: ElfDynamic, strings: int, versions: dict[int, tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[Import, ...]]:
    if not dynamic[_DT_SYMTAB]:
        return (), ()
    view = header.view
    offset = header.locate(dynamic[_DT_SYMTAB][0])
    count = _count_dynamic_symbols(header, dynamic, offset)
    indexes: Iterable[int] = repeat(0)
    if dynamic[_DT_VERSYM]:
        indexes = (index & 0x7FFF for (index,) in view.rows("H", header.locate(dynamic[_DT_VERSYM][0]), count))
    exports, imports = set(), []
    for symbol, index in zip(header.symbols(offset, count), indexes, strict=False):
        if not symbol.is_linked_by_name:
            continue
        name = view.text(strings + symbol.name)
        if symbol.section == _SHN_UNDEF:
            imports.append(Import(name, *versions.get(index, ("", "")), symbol.binding == _STB_WEAK))
        else:
            exports.add(name)
    return tuple(sorted(exports)), tuple(imports)


def _count_dynamic_symbols(header: ElfHeader, dynamic: ElfDynamic, offset: int) -> int:
    """Return the number of dynamic symbols at *offset*, which is not in the dynamic table: loaders do not need it."""
    for section in header.sections:
        if section.type == _SHT_DYNSYM and section.offset == offset:
            return section.size // header.symbol_size
    if not dynamic[_DT_GNU_HASH]:
        raise MalformedBinary("the dynamic symbol table has no length")
    view = header.view
    table = header.locate(dynamic[_DT_GNU_HASH][0])
    bucket_count, first, bloom_size, _ = view.row("IIII", table)
    buckets = table + 16 + bloom_size * header.bits // 8
    last: int = max((bucket for (bucket,) in view.rows("I", buckets, bucket_count)), default=0)
    if last < first:
        return int(first)
    chain = buckets + 4 * bucket_count
    while not view.row("I", chain + 4 * (last - first))[0] & 1:
        last += 1
    return last + 1


def _parse_version_needs(view: View, offset: int, strings: int) -> dict[int, tuple[str, str]]:
    """Return (library, version) by the index that symbols refer to."""
    needs: dict[int, tuple[str, str]] = {}
    is_last = False
    while not is_last:
        _, count, file, first, following = view.row("HHIII", offset)
        at = offset + first
        for _ in range(count):
            _, _, index, name, step = view.row("IHHII", at)
            if index & 0x7FFF in needs:
                raise MalformedBinary("two needed versions have one index")
            needs[index & 0x7FFF] = (view.text(strings + file), view.text(strings + name))
            at += step
        offset += following
        is_last = following == 0
    return needs


def _uses_neon(header: ElfHeader, section: _Section) -> bool:
    """Return whether a section of ARM build attributes asks for Advanced SIMD.

    Its format is that of the Addenda to the ABI for the Arm Architecture.
    """
    if section.type != _SHT_ARM_ATTRIBUTES:
        return False
    view = View(header.view.take(section.offset, section.size))
    offset = 1  # after the version, "A"
    while offset < len(view):
        (size,) = view.row("I", offset)
        vendor = view.text(offset + 4)
        if vendor == "aeabi":
            return _read_file_attribute(View(view.take(offset + 10, size - 10)), _TAG_ADVANCED_SIMD) > 0
        offset += max(size, 4)
    return False


def _read_file_attribute(view: View, wanted: int) -> int:
    """Return the value of the attribute *wanted* of the whole file, 0 if it is missing."""
    scope, size = view.row("BI", 0)
    offset = 5
    while scope == _TAG_FILE and offset < min(size, len(view)):
        tag, offset = view.uleb(offset)
        value = 0
        if tag in (_TAG_CPU_RAW_NAME, _TAG_CPU_NAME) or (tag > _TAG_COMPATIBILITY and tag % 2):
            offset += len(view.string(offset)) + 1
        else:
            value, offset = view.uleb(offset)
            if tag == _TAG_COMPATIBILITY:
                offset += len(view.string(offset)) + 1
        if tag == wanted:
            return value
    return 0
