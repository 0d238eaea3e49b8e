"""Whatever becomes of a wheel's bytes, the comparison finds it, and says it in bounded time."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from binary_files import elf_file, macho_file, pe_file
from specs import PURE
from wheels import write_own_wheel
from zigbuild_backend.core.binaries.fat import render_fat
from zigbuild_backend.rebuild.compare.difference import Difference, count_differing, find_first_difference
from zigbuild_backend.rebuild.compare.embedded_strings import find_differing_string
from zigbuild_backend.rebuild.compare.explanation import explain, explain_members

LIBRARIES = {
    "spam/elf.so": elf_file(),
    "spam/big_endian.so": elf_file("s390x"),
    "spam/short.so": elf_file("i686"),
    "spam/macho.so": render_fat([macho_file("x86_64"), macho_file("arm64")]),
    "spam/pe.pyd": pe_file(),
}
FILES = {**LIBRARIES, "spam/__init__.py": b"answer = 42\n", "spam/table.json": b'{"a": [1, null]}'}
SAME = "the specification is the same in both"


@cache
def build_wheel(is_deflated: bool = False) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        wheel = write_own_wheel(Path(folder), PURE, FILES).read_bytes()
    return repack(wheel, {}, zipfile.ZIP_DEFLATED) if is_deflated else wheel


def repack(wheel: bytes, contents: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return the wheel with other contents of some members, written by zipfile."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as source, zipfile.ZipFile(buffer, "w") as target:
        for info in source.infolist():
            target.writestr(info, contents.get(info.filename, source.read(info)), method)
    return buffer.getvalue()


@st.composite
def alter(draw: st.DrawFn, data: bytes) -> bytes:
    """*data* with a few stretches overwritten, taken out or put in."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        size = draw(st.sampled_from([0, 1, 1, 2, 4, 8, 30, 300]))
        new = draw(st.sampled_from([b"", b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x80" * 8]) | st.binary(max_size=16))
        data = data[:start] + new + data[start + size :]
    return data


def check(expected: bytes, found: bytes) -> None:
    for differences in (explain(expected, found), explain(found, expected)):
        told = [difference for difference in differences if difference.what != SAME]
        assert bool(told) == (expected != found)
        assert all(d.place and d.what and f"{d.place}{d.what}{d.why}".isprintable() for d in differences)
        assert len(differences) < 400


@given(st.data(), st.booleans())
def test_altered_bytes_of_a_wheel(data: st.DataObject, is_deflated: bool) -> None:
    wheel = build_wheel(is_deflated)
    found = data.draw(alter(wheel))
    check(wheel, found)
    assert isinstance(explain_members(b"a,b,c\n", found), tuple)


@given(st.data(), st.sampled_from(sorted(FILES)))
def test_altered_contents(data: st.DataObject, name: str) -> None:
    content = data.draw(alter(FILES[name]))
    found = repack(build_wheel(), {name: content})
    check(build_wheel(), found)
    told = [difference.place for difference in explain(build_wheel(), found)]
    assert content == FILES[name] or any(place.startswith(name) for place in told)


@given(st.data(), st.sampled_from(["METADATA", "WHEEL", "RECORD", "zigbuild-buildinfo.json"]))
def test_altered_metadata(data: st.DataObject, name: str) -> None:
    path = f"{PURE.name}-{PURE.version}.dist-info/{name}"
    with zipfile.ZipFile(io.BytesIO(build_wheel())) as file:
        content = data.draw(alter(file.read(path)) | st.binary(max_size=50))
    check(build_wheel(), repack(build_wheel(), {path: content}))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_bytes_that_are_no_wheels(expected: bytes, found: bytes) -> None:
    check(expected, found)
    check(build_wheel(), found)
    assert explain_members(expected, found)


@given(st.data())
def test_record_of_another_wheel(data: st.DataObject) -> None:
    path = f"{PURE.name}-{PURE.version}.dist-info/RECORD"
    with zipfile.ZipFile(io.BytesIO(build_wheel())) as file:
        record = file.read(path)
    altered = data.draw(alter(record))
    assert bool(explain_members(altered, build_wheel())) == (altered != record)


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_measures(expected: bytes, found: bytes) -> None:
    pairs = list(zip(expected, found, strict=False))
    first = next((at for at, (a, b) in enumerate(pairs) if a != b), len(pairs))
    assert find_first_difference(expected, found) == first
    shared = len(pairs)
    assert count_differing(expected[:shared], found[:shared]) == sum(a != b for a, b in pairs)


@given(st.text("/ab.:\\C12-T ", max_size=200).map(str.encode), st.text("/ab.:\\C12-T ", max_size=200).map(str.encode))
def test_clues_are_texts_of_one_side(expected: bytes, found: bytes) -> None:
    assert find_differing_string(expected, expected) is None
    clue = find_differing_string(expected, found)
    assert clue is None or all(clue)


def test_a_specification_may_be_the_only_difference() -> None:
    with tempfile.TemporaryDirectory() as folder:
        other = write_own_wheel(Path(folder), replace(PURE, source="99" * 32), FILES).read_bytes()
    (difference,) = explain(build_wheel(), other)
    assert difference == Difference(
        "spam-2.0+local.dist-info/zigbuild-buildinfo.json",
        "source.digest: expected 555555555555, found 999999999999",
        "the sources are not the same: any member may differ",
    )
