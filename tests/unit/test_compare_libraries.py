"""Differences between two builds of a library: tables, sections, and texts that tell why."""

from __future__ import annotations

from struct import pack

import pytest

from binary_files import elf_file, macho_file, pe_file
from zigbuild_backend.core.binaries.binary import MalformedBinary
from zigbuild_backend.core.binaries.fat import render_fat
from zigbuild_backend.rebuild.compare.difference import Difference
from zigbuild_backend.rebuild.compare.embedded_strings import find_differing_string
from zigbuild_backend.rebuild.compare.libraries import explain_library
from zigbuild_backend.rebuild.compare.sections import Section, list_sections


def elf_with(*sections: tuple[str, bytes], tables: bytes = elf_file(with_sections=False)) -> bytes:
    """Return a library with named *sections*, put behind its other bytes."""
    names, rows = b"\0", [bytes(64)]
    data = tables
    for name, content in (*sections, (".shstrtab", b"")):
        names += name.encode() + b"\0"
        content = content or names
        at = names.rindex(name.encode())
        rows.append(pack("<IIQQQQIIQQ", at, 1, 0, 0, len(data), len(content), 0, 0, 1, 0))
        data += content
    header = data[:40] + pack("<Q", len(data)) + data[48:58] + pack("<HHH", 64, len(rows), len(rows) - 1)
    return header + data[64:] + b"".join(rows)


def see(expected: bytes, found: bytes) -> dict[str, str]:
    """Return the differences by place, without the path; those at one place as lines."""
    lines: dict[str, list[str]] = {}
    for difference in explain_library("a.so", expected, found):
        lines.setdefault(difference.place.removeprefix("a.so").strip(), []).append(difference.what)
    return {place: "\n".join(texts) for place, texts in lines.items()}


class TestElf:
    def test_a_section(self) -> None:
        ours, theirs = elf_with((".text", b"\1\2\3\4" * 4)), elf_with((".text", b"\1\2\3\4\1\2\7\4\1\2\3\4\1\2\3\5"))
        (difference,) = explain_library("a.so", ours, theirs)
        offset = len(elf_file(with_sections=False))
        assert difference == Difference(
            "a.so [.text]",
            f"2 of 16 bytes at {offset:#x} differ, from +0x6: expected 0304010203040102, found 0704010203040102",
            "the code differs: another compiler, other options or other sources",
        )

    def test_what_follows_is_told_in_one_line(self) -> None:
        sections = [((".text", b"code" * n), (".eh_frame", b"frame%d" % n), (".dynstr", b"\0%d" % n)) for n in (1, 2)]
        assert see(elf_with(*sections[0]), elf_with(*sections[1])) == {
            "[.text]": "expected 4 bytes at 0x290, found 8 bytes at 0x290, from +0x4: expected its end, found 636f6465",
            "": "sections that follow from the rest: file header, section headers, .eh_frame, .dynstr",
        }

    def test_what_would_follow_is_told_if_nothing_else_differs(self) -> None:
        ours, theirs = (elf_with((".note.gnu.build-id", bytes([n]) * 20)) for n in (1, 2))
        assert list(see(ours, theirs)) == ["[.note.gnu.build-id]"]

    def test_a_section_that_is_missing(self) -> None:
        ours, theirs = elf_with((".text", b"code"), (".symtab", b"names")), elf_with((".text", b"code"))
        differences = list(explain_library("a.so", ours, theirs))
        assert differences[0] == Difference("a.so", "sections: missing .symtab", "it was stripped in another way")

    def test_the_names_in_a_string_table(self) -> None:
        ours, theirs = (elf_with((".strtab", b"\0spam\0%s\0" % name)) for name in (b"eggs", b"ham"))
        assert see(ours, theirs)["[.strtab]"].endswith("; names: missing eggs; more than expected ham")

    def test_two_sections_of_one_name(self) -> None:
        ours, theirs = (elf_with((".text", b"code"), (".text", text)) for text in (b"more", b"less"))
        assert list(see(ours, theirs)) == ["[.text #2]"]

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({"exports": ("PyInit_eggs",)}, "exported symbols: missing PyInit_spam; more than expected PyInit_eggs"),
            ({"imports": (("malloc", "libc.so.6", "GLIBC_2.34"),)}, "malloc libc.so.6 GLIBC_2.34"),
            ({"needed": ("libm.so.6", "libc.so.6")}, "needed libraries: more than expected libm.so.6"),
            ({"runpath": "/home/me"}, "run paths: more than expected /home/me"),
            ({"soname": "spam.so"}, "name of its own: expected none, found 'spam.so'"),
            ({"stack_flags": 7}, "executable stack: expected no, found yes"),
        ],
    )
    def test_tables(self, change: dict[str, object], line: str) -> None:
        lines = [difference.what for difference in explain_library("a.so", elf_file(), elf_file(**change))]
        assert any(line in found for found in lines), lines

    @pytest.mark.parametrize("arch", ["i686", "s390x", "aarch64"])
    def test_words_and_byte_orders(self, arch: str) -> None:
        names = [section.name for section in list_sections(elf_file(arch))]
        assert names[:3] == ["file header", "program headers", "section headers"]


class TestMachO:
    def test_load_commands(self) -> None:
        lines = see(macho_file(min_version=(11, 0)), macho_file(min_version=(12, 3)))
        assert lines[""].splitlines() == [
            "oldest system that it is for: expected 11.0.0, found 12.3.0",
            "sections that follow from the rest: code signature",
        ]
        assert lines["[LC_BUILD_VERSION]"].startswith("2 of 24 bytes at 0x80 differ, from +0xd: expected 000b00")

    def test_what_its_tables_say(self) -> None:
        lines = see(macho_file(name="@rpath/spam.so"), macho_file(name="/home/me/spam.so"))
        assert lines[""].startswith("name of its own: expected '@rpath/spam.so', found '/home/me/spam.so'")
        assert "path: expected none, found '/home/me/spam.so'" in lines["[LC_ID_DYLIB]"]

    def test_slices(self) -> None:
        ours = render_fat([macho_file("x86_64"), macho_file("arm64")])
        theirs = render_fat([macho_file("x86_64"), macho_file("arm64", exports=("PyInit_eggs",))])
        places = {difference.place for difference in explain_library("a.so", ours, theirs)}
        assert places
        assert all(place.startswith("a.so (arm64)") for place in places)
        (difference,) = explain_library("a.so", ours, macho_file("arm64"))
        assert difference.what == "architecture: expected x86_64, arm64, found arm64"

    def test_what_was_altered_after_it_was_signed(self) -> None:
        ours = macho_file("arm64")
        at = ours.index(b"_PyInit_spam")
        theirs = ours[:at] + b"_PyInit_eggs" + ours[at + 12 :]
        line = "code signature: expected 'spam.so' ad hoc, valid, found 'spam.so' ad hoc, not valid"
        assert line in see(ours, theirs)[""].splitlines()


class TestPe:
    def test_a_time_stamp(self) -> None:
        assert see(pe_file(timestamp=1), pe_file(timestamp=1800000000)) == {
            "[time stamp of the header]": "expected 0x1 (1970-01-01), found 0x6b49d200 (2027-01-15)"
        }

    def test_the_name_of_the_dll(self) -> None:
        lines = see(pe_file(name="spam.pyd"), pe_file(name="eggs.pyd"))
        assert lines[""] == "name of its own: expected 'spam.pyd', found 'eggs.pyd'"
        assert "[.rdata]" not in lines

    def test_a_checksum(self) -> None:
        ours = pe_file()
        at = 0x40 + 24 + 64
        assert list(see(ours, ours[:at] + b"\1\2\3\4" + ours[at + 4 :])) == ["[checksum]"]

    def test_imports(self) -> None:
        lines = see(pe_file(), pe_file(imports=[("python312.dll", ["PyLong_FromLong"])]))
        assert "needed libraries" in lines[""]


@pytest.mark.parametrize(
    ("expected", "found", "clue"),
    [
        (b"\0/home/a/x.c\0", b"\0/build/b/x.c\0", "path: expected '/home/a/x.c', found '/build/b/x.c'"),
        (b"\0", rb"C:\Users\me\x.c" + b"\0", r"path: expected none, found 'C:\Users\me\x.c'"),
        (b"at Nov 24 2026", b"at Nov  3 2026", "date: expected 'Nov 24 2026', found 'Nov  3 2026'"),
        (b"2026-11-24T10:00:01Z", b"", "date: expected '2026-11-24T10:00:01', found none"),
        (b"10:11:12", b"10:11:13", "time of day: expected '10:11:12', found '10:11:13'"),
        (
            b"clang version 20.1.2 (x)",
            b"clang version 21.1.0 (x)",
            "'clang version 20.1.2', found 'clang version 21.1.0'",
        ),
        (b"GCC: (Debian 12) 12.2.0", b"", "'GCC: (Debian 12', found none"),
        (b"cython_3_0_11", b"cython_3_1_0", "'cython_3_0_11', found 'cython_3_1_0'"),
        (b"https://example.org/a/b", b"", ""),
        (b"/home/a/x.c and more", b"/home/a/x.c or less", ""),
    ],
)
def test_clues(expected: bytes, found: bytes, clue: str) -> None:
    what, _ = find_differing_string(expected, found) or ("", "")
    assert clue in what
    assert bool(clue) == bool(what)


def test_a_clue_is_told_with_its_section() -> None:
    ours, theirs = (elf_with((".rodata", b"\0assert in /%s/spam.c\0" % folder)) for folder in (b"home/a", b"tmp/ab"))
    (difference,) = explain_library("a.so", ours, theirs)
    assert difference.place == "a.so [.rodata]"
    assert difference.what.endswith("path: expected '/home/a/spam.c', found '/tmp/ab/spam.c'")
    assert difference.why == "the folder of the build, or of the machine's tools, got into the file"


def test_damage_is_told() -> None:
    (difference,) = explain_library("a.so", elf_file(), elf_file()[:100])
    assert "one of the two cannot be read" in difference.what


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        elf_with((".text", b"code"))[:-1],
        # Sections that each are nearly the whole file.
        elf_with(*[(f".s{n}", bytes(4000)) for n in range(9)]).replace(pack("<Q", 4000), pack("<Q", 30000)),
        macho_file()[:40],
        pe_file()[:0x80],
    ],
)
def test_sections_of_damaged_files(data: bytes) -> None:
    with pytest.raises(MalformedBinary):
        list_sections(data)


def test_sections_tell_where_they_are() -> None:
    data = elf_with((".text", b"code"))
    assert next(s for s in list_sections(data) if s.name == ".text") == Section(
        ".text", len(elf_file(with_sections=False)), 4
    )
