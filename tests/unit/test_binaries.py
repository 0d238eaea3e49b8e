"""The parsers of ELF, Mach-O and PE: what they read from small files, and that no bytes at all make them crash."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary_files import ELF_MACHINES, MACHO_CPUS, PE_MACHINES, coff_object, elf_file, elf_object, macho_file, pe_file
from zigbuild_backend.core.base.errors import MismatchError
from zigbuild_backend.core.binaries.binary import Import, MalformedBinary
from zigbuild_backend.core.binaries.elf import ElfBinary
from zigbuild_backend.core.binaries.fat import render_fat, split_fat
from zigbuild_backend.core.binaries.macho import MachOBinary, Signature
from zigbuild_backend.core.binaries.parse import parse_binary, parse_slices, parse_undefined
from zigbuild_backend.core.binaries.pe import PeBinary


@pytest.mark.parametrize("with_sections", [True, False])
@pytest.mark.parametrize("arch", ELF_MACHINES)
def test_elf(arch: str, with_sections: bool) -> None:
    imports = [
        ("memcpy", "libc.so.6", "GLIBC_2.14"),
        ("malloc", "libc.so.6", "GLIBC_2.2.5"),
        ("log", "libm.so.6", "GLIBC_2.29"),
        ("PyLong_FromLong", "", ""),
        ("__gmon_start__", "", ""),
    ]
    data = elf_file(
        arch,
        imports=imports,
        weak=["__gmon_start__"],
        hidden=["secret"],
        needed=["libm.so.6", "libc.so.6"],
        soname="libspam.so",
        with_sections=with_sections,
    )
    assert parse_binary(data) == ElfBinary(
        arch=arch,
        is_library=True,
        name="libspam.so",
        exports=("PyInit_spam",),
        imports=tuple(Import(*row, is_weak=row[0] == "__gmon_start__") for row in imports),
        libraries=("libm.so.6", "libc.so.6"),
        rpaths=(),
        version_needs=(("libc.so.6", "GLIBC_2.14"), ("libc.so.6", "GLIBC_2.2.5"), ("libm.so.6", "GLIBC_2.29")),
        interpreter="",
        has_executable_stack=False,
        has_text_relocations=False,
        uses_neon=False,
    )


def parse_elf(data: bytes) -> ElfBinary:
    binary = parse_binary(data)
    assert isinstance(binary, ElfBinary)
    return binary


def test_runpath_hides_rpath() -> None:
    assert parse_elf(elf_file(rpath="/a:/b")).rpaths == ("/a", "/b")
    assert parse_elf(elf_file(rpath="/a", runpath="$ORIGIN:/c")).rpaths == ("$ORIGIN", "/c")


def test_elf_flags() -> None:
    assert parse_elf(elf_file(stack_flags=7)).has_executable_stack
    assert parse_elf(elf_file(stack_flags=None)).has_executable_stack
    assert parse_elf(elf_file(has_text_relocations=True)).has_text_relocations
    assert not parse_elf(elf_file(file_type=2)).is_library


@pytest.mark.parametrize(("arch", "neon", "expected"), [("armv7l", 1, True), ("armv7l", 0, False), ("i686", 1, False)])
def test_neon_is_read_from_the_build_attributes(arch: str, neon: int, expected: bool) -> None:
    assert parse_elf(elf_file(arch, neon=neon)).uses_neon is expected


def test_unknown_machine_is_named() -> None:
    data = bytearray(elf_file())
    struct.pack_into("<H", data, 18, 8)
    assert parse_binary(bytes(data)).arch == "machine 0x8"


def test_symbol_count_beyond_the_file() -> None:
    data = elf_file(with_sections=False)
    hashes = struct.pack("<IIII", 1, 1, 1, 0)
    with pytest.raises(MalformedBinary, match="outside the file"):
        parse_binary(data.replace(hashes, struct.pack("<IIII", 1, 0xFFFFFFFF, 1, 0)))


def test_address_in_no_segment() -> None:
    data = bytearray(elf_file())
    struct.pack_into("<I", data, 64, 0)
    with pytest.raises(MalformedBinary, match="no segment"):
        parse_binary(bytes(data))


def test_names_may_not_fill_the_memory() -> None:
    """A thousand symbols whose names are one long text."""
    data = elf_file(imports=[(f"s{n}", "", "") for n in range(1000)], exports=["x" * 100_000])
    names = data.index(b"\0s0\0s1\0")
    strings = data[names : names + 120_000].replace(b"\0s", b"_s").replace(b"\0x", b"_x")
    with pytest.raises(MalformedBinary, match="overlap"):
        parse_binary(data[:names] + strings + data[names + 120_000 :])


def test_shared_object_without_dynamic_table_is_no_library() -> None:
    data = bytearray(elf_file())
    struct.pack_into("<I", data, 64 + 56, 0)
    assert not parse_binary(bytes(data)).is_library


def test_version_indexes_must_differ() -> None:
    imports = [("a", "libc.so.6", "GLIBC_2.3"), ("b", "libc.so.6", "GLIBC_2.4")]
    data = elf_file(imports=imports)
    broken = data.replace(struct.pack("<IHH", 0, 0, 3), struct.pack("<IHH", 0, 0, 2))
    assert broken != data
    with pytest.raises(MalformedBinary, match="one index"):
        parse_binary(broken)


@pytest.mark.parametrize("has_trie", [True, False])
@pytest.mark.parametrize("arch", MACHO_CPUS)
def test_macho(arch: str, has_trie: bool) -> None:
    data = macho_file(arch, rpaths=["@loader_path"], has_trie=has_trie)
    assert parse_binary(data) == MachOBinary(
        arch=arch,
        is_library=True,
        name="@rpath/spam.so",
        exports=("PyInit_spam",),
        imports=(Import("malloc", "/usr/lib/libSystem.B.dylib"), Import("PyLong_FromLong")),
        libraries=("/usr/lib/libSystem.B.dylib",),
        rpaths=("@loader_path",),
        platform="macos",
        min_version=(11, 0, 0),
        uuid="000102030405060708090a0b0c0d0e0f",
        signature=Signature("spam.so", is_adhoc=True, is_valid=True) if arch == "arm64" else None,
    )


def test_signature_covers_every_byte_before_it() -> None:
    data = macho_file(exports=[f"symbol_{n}" for n in range(400)], has_trie=False)
    assert len(data) > 3 * 4096
    for offset in (60, 5000, 12000):
        changed = bytearray(data)
        changed[offset] ^= 1
        binary = parse_binary(bytes(changed))
        assert isinstance(binary, MachOBinary)
        assert binary.signature == Signature("spam.so", is_adhoc=True, is_valid=False)


@pytest.mark.parametrize(("offset", "value"), [(36, 0), (37, 9), (39, 0), (28, 1)])
def test_signature_of_another_shape_is_not_valid(offset: int, value: int) -> None:
    """The size and type of its hashes, the size of a page and their number."""
    data = bytearray(macho_file())
    data[data.index(b"\xfa\xde\x0c\x02") + offset] = value
    binary = parse_binary(bytes(data))
    assert isinstance(binary, MachOBinary)
    assert binary.signature is not None
    assert not binary.signature.is_valid


def test_export_trie_without_end() -> None:
    data = macho_file(exports=["a"])
    trie = bytes([0, 1]) + b"_a\0"
    at = data.index(trie) + len(trie)
    with pytest.raises(MalformedBinary, match="no tree"):
        parse_binary(data[:at] + b"\x80\0" + data[at + 2 :])


@pytest.mark.parametrize("arch", PE_MACHINES)
def test_pe(arch: str) -> None:
    data = pe_file(arch, delayed=[("USER32.dll", ["MessageBoxW"])], timestamp=0xDEADBEEF)
    assert parse_binary(data) == PeBinary(
        arch=arch,
        is_library=True,
        name="spam.pyd",
        exports=("PyInit_spam",),
        imports=(
            Import("PyLong_FromLong", "python313.dll"),
            Import("Sleep", "KERNEL32.dll"),
            Import("#7", "KERNEL32.dll"),
            Import("MessageBoxW", "USER32.dll"),
        ),
        libraries=("python313.dll", "KERNEL32.dll", "USER32.dll"),
        rpaths=(),
        timestamp=0xDEADBEEF,
        dll_characteristics=0x160,
    )


def test_pe_without_tables() -> None:
    binary = parse_binary(pe_file(exports=(), imports=(), characteristics=0x22))
    assert (binary.name, binary.exports, binary.imports, binary.is_library) == ("", (), (), False)


def test_pe_imports_may_not_overlap() -> None:
    """Two libraries that share one table of symbols: in a large file that would be imports without end."""
    data = pe_file(imports=[("a.dll", ["x"]), ("b.dll", ["x"])])
    # The import directory is the last thing in the file: two rows of five words, then one of zeros.
    rows = len(data) - 64
    first, second = data[rows : rows + 4], data[rows + 20 : rows + 24]
    assert first != second
    with pytest.raises(MalformedBinary, match="overlap"):
        parse_binary(data[: rows + 20] + first + data[rows + 24 :])


def test_pe_address_in_no_section() -> None:
    data = pe_file()
    section = data.index(b".rdata")
    with pytest.raises(MalformedBinary, match="no section"):
        parse_binary(data[: section + 16] + bytes(4) + data[section + 20 :])


def test_fat_is_the_same_in_any_order() -> None:
    slices = [macho_file(arch) for arch in MACHO_CPUS]
    fat = render_fat(slices)
    assert fat == render_fat(slices[::-1])
    assert split_fat(fat) == tuple(slices)
    assert [binary.arch for binary in parse_slices(fat)] == ["x86_64", "arm64"]
    entries = list(struct.iter_unpack(">IIIII", fat[8:48]))
    assert entries == [
        (0x01000007, 3, 0x1000, len(slices[0]), 12),
        (0x0100000C, 0, -(-(0x1000 + len(slices[0])) // 0x4000) * 0x4000, len(slices[1]), 14),
    ]
    with pytest.raises(MalformedBinary):
        parse_binary(fat)


def test_fat_refuses_what_lipo_refuses() -> None:
    with pytest.raises(MalformedBinary, match="0x100000c, 0x100000c"):
        render_fat([macho_file("arm64"), macho_file("arm64")])
    with pytest.raises(MalformedBinary, match="Mach-O"):
        render_fat([elf_file()])
    java_class = b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(100)
    with pytest.raises(MalformedBinary, match="not a fat"):
        parse_slices(java_class)


def test_objects() -> None:
    assert parse_undefined(elf_object(["memfd_create", "x"])) == {"memfd_create", "x"}
    macho = macho_file(file_type=1, is_signed=False, exports=["here"], imports=[("memfd_create", 0)])
    assert parse_undefined(macho) == {"memfd_create"}
    assert parse_undefined(coff_object(["__imp_PyLong_FromLong", "memcpy"])) == {"PyLong_FromLong", "memcpy"}
    assert parse_undefined(coff_object(["__imp__Beep@8", "_memcpy"], 0x14C)) == {"Beep", "memcpy"}
    with pytest.raises(MalformedBinary, match="not an object"):
        parse_undefined(b"BC\xc0\xde" + bytes(40))


SAMPLES = {
    "elf64": elf_file(),
    "elf32": elf_file("armv7l", neon=1),
    "elf64be": elf_file("s390x", with_sections=False),
    "macho": macho_file(),
    "pe32": pe_file("i686"),
    "pe64": pe_file("x86_64", delayed=[("USER32.dll", ["MessageBoxW"])]),
    "fat": render_fat([macho_file("x86_64"), macho_file("arm64")]),
}
OBJECTS = {
    "elf": elf_object(["memfd_create"]),
    "macho": macho_file(file_type=1, is_signed=False),
    "coff": coff_object(["memfd_create", "malloc"]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_truncated_anywhere(name: str) -> None:
    data = SAMPLES[name]
    for size in {*range(min(len(data), 1500)), *range(0, len(data), 97)}:
        try:
            parse_slices(data[:size])
        except MalformedBinary as error:
            assert isinstance(error, MismatchError)


@pytest.mark.parametrize("name", OBJECTS)
def test_truncated_objects(name: str) -> None:
    for size in range(len(OBJECTS[name])):
        try:
            parse_undefined(OBJECTS[name][:size])
        except MalformedBinary:
            continue


mutations = st.lists(
    st.tuples(
        st.integers(0, 1 << 16), st.sampled_from([b"\0", b"\xff", b"\1", b"\x80", b"\xff\xff\xff\xff", bytes(8)])
    ),
    min_size=1,
    max_size=6,
)


@given(st.sampled_from(sorted(SAMPLES)), mutations)
def test_mutated_files_never_crash(name: str, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(SAMPLES[name])
    for offset, replacement in changes:
        at = offset % len(data)
        data[at : at + len(replacement)] = replacement
    try:
        for binary in parse_slices(bytes(data)):
            assert len(repr(binary)) < 50 * len(data)
    except MalformedBinary as error:
        assert str(error)


@given(st.sampled_from(sorted(OBJECTS)), mutations)
def test_mutated_objects_never_crash(name: str, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(OBJECTS[name])
    for offset, replacement in changes:
        at = offset % len(data)
        data[at : at + len(replacement)] = replacement
    try:
        parse_undefined(bytes(data))
    except MalformedBinary as error:
        assert str(error)


@given(st.sampled_from([b"\x7fELF", b"\xcf\xfa\xed\xfe", b"MZ", b"\xca\xfe\xba\xbe", b""]), st.binary(max_size=400))
def test_noise_is_malformed(magic: bytes, noise: bytes) -> None:
    try:
        parse_slices(magic + noise)
    except MalformedBinary:
        return
    assert magic in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
