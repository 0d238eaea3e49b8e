"""Differences between two wheels: each kind between wheels that are otherwise the same."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from specs import COMPILED, PURE
from wheels import write_foreign_wheel, write_own_wheel
from zigbuild_backend.core.wheel.spec import WheelSpec
from zigbuild_backend.core.zig.macos_sdk import SdkInput
from zigbuild_backend.rebuild.compare.difference import Difference
from zigbuild_backend.rebuild.compare.explanation import explain, explain_members

FILES: Mapping[str, bytes] = {
    "spam/__init__.py": b"import os\n\nanswer = 42\n",
    "spam/data.bin": bytes(range(256)) * 4,
    "spam/notes.txt": b"first\nsecond\nthird\n" * 20,
    "spam/table.json": b'{"a": [1, 2], "b": "x"}',
}
INFO = "spam-2.0+local.dist-info"
BUILDINFO = f"{INFO}/zigbuild-buildinfo.json"
SAME_SPECIFICATION = (BUILDINFO, "the specification is the same in both")

Seen = list[tuple[str, str]]


def build(folder: Path, files: Mapping[str, bytes] = FILES, spec: WheelSpec = PURE) -> bytes:
    return write_own_wheel(folder, spec, files).read_bytes()


@pytest.fixture
def wheel(tmp_path: Path) -> bytes:
    return build(tmp_path)


def repack(
    wheel: bytes,
    edit: Callable[[zipfile.ZipInfo], None] = lambda info: None,
    contents: Mapping[str, bytes] | None = None,
    order: Callable[[list[zipfile.ZipInfo]], list[zipfile.ZipInfo]] = list,
) -> bytes:
    """Return the members written anew by zipfile, which keeps the headers: edited, reordered, with new contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as source, zipfile.ZipFile(buffer, "w") as target:
        for info in order(source.infolist()):
            data = (contents or {}).get(info.filename, source.read(info))
            edit(info)
            target.writestr(info, data)
    return buffer.getvalue()


def see(expected: bytes, found: bytes) -> Seen:
    """Return the places and the differences, without the reasons."""
    return [(difference.place, difference.what) for difference in explain(expected, found)]


def archive(*lines: str) -> Seen:
    """Return the differences in the archive, with the same specification."""
    return [SAME_SPECIFICATION, *(("archive", line) for line in lines)]


def test_nothing_differs_in_the_same_bytes(wheel: bytes) -> None:
    assert explain(wheel, wheel) == ()
    assert explain(b"", b"") == ()


def test_repacking_changes_nothing_by_itself(wheel: bytes) -> None:
    assert repack(wheel) == wheel


class TestSpecification:
    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({"zig": "0.15.2"}, "zig: expected 0.16.0, found 0.15.2"),
            ({"source": "99" * 32}, f"source.digest: expected {'11' * 6}, found {'99' * 6}"),
            ({"recipe": "99" * 32}, f"source.recipe: expected none, found {'99' * 32}"),
            ({"archive": "stored"}, "archive: expected deflate-1, found stored"),
            ({"optimize": "small"}, "optimize: expected fast, found small"),
            (
                {"requirements": ("packaging==25.0", "pyproject-metadata==0.12.1")},
                "requirements.packaging: expected 26.3, found 25.0",
            ),
            (
                {"requirements": ("packaging==26.3", "pyproject-metadata==0.12.1", "tomli==2.0")},
                "requirements.tomli: expected none, found 2.0",
            ),
            ({"headers": (("numpy", "99" * 32),)}, f"headers.numpy: expected none, found {'99' * 32}"),
            ({"sdk": SdkInput("macosx14.2", "99" * 32)}, "sdk.name: expected none, found macosx14.2"),
            (
                {"python": replace(COMPILED.python, headers="99" * 32, version="3.13.5")},  # type: ignore[type-var]
                "python.version: expected 3.13.2, found 3.13.5",
            ),
            (
                {"backend": f"zigbuild-backend 0.1.0 {'99' * 32}"},
                f"backend.digest: expected {'22' * 6}, found {'99' * 6}",
            ),
        ],
    )
    def test_a_field(self, tmp_path: Path, change: dict[str, object], line: str) -> None:
        wheels = [build(tmp_path, spec=spec) for spec in (COMPILED, replace(COMPILED, **change))]
        first = explain(*wheels)[0]
        assert (first.place, first.what) == ("spam_eggs-1.0.dist-info/zigbuild-buildinfo.json", line)
        assert first.why

    def test_a_field_and_what_follows_from_it(self, tmp_path: Path) -> None:
        wheels = [build(tmp_path, spec=spec) for spec in (PURE, replace(PURE, epoch=1800000000))]
        assert see(*wheels) == [
            (BUILDINFO, "epoch: expected 1700000000, found 1800000000"),
            ("archive", "time of all 8 members: expected 2023-11-14 22:13:20, found 2027-01-15 08:00:00"),
        ]

    def test_what_repeats_the_specification_is_told_once(self, tmp_path: Path) -> None:
        other = replace(PURE, version="3.0", tag="py2-none-any")
        assert see(build(tmp_path), build(tmp_path, spec=other)) == [
            (BUILDINFO, "source.version: expected 2.0+local, found 3.0"),
            (BUILDINFO, "tag: expected py3-none-any, found py2-none-any"),
            ("archive", f"contents that differ just as the specifications do: {INFO}/METADATA, {INFO}/WHEEL"),
        ]

    def test_only_one_has_any(self, wheel: bytes, tmp_path: Path) -> None:
        foreign = write_foreign_wheel(tmp_path, "spam", "2.0+local", modules=FILES).read_bytes()
        assert explain(wheel, foreign)[0] == Difference(
            BUILDINFO, "expected a buildinfo, found none", "only one of the two was built by this backend"
        )

    @pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b"[" * 100_000, b'{"schema": 1' + b"0" * 5000 + b"}"])
    def test_one_that_is_none(self, wheel: bytes, text: bytes) -> None:
        lines = see(wheel, repack(wheel, contents={BUILDINFO: text}))
        assert (BUILDINFO, "the found one is not a buildinfo") in lines
        assert (BUILDINFO, "is not what the RECORD of the found wheel says") in lines

    def test_one_that_is_spelt_differently(self, wheel: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(wheel)) as file:
            text = json.dumps(json.loads(file.read(BUILDINFO)), indent=1).encode()
        assert see(wheel, repack(wheel, contents={BUILDINFO: text}))[:2] == [
            SAME_SPECIFICATION,
            (BUILDINFO, "is not what the RECORD of the found wheel says"),
        ]

    def test_wheels_of_other_tools_have_none(self, tmp_path: Path) -> None:
        one = write_foreign_wheel(tmp_path, "spam", modules=FILES).read_bytes()
        other = write_foreign_wheel(tmp_path, "spam", modules={**FILES, "spam/__init__.py": b""}).read_bytes()
        assert {place for place, _ in see(one, other)} == {"spam/__init__.py"}


class TestArchive:
    @pytest.mark.parametrize(
        ("attribute", "value", "line"),
        [
            (
                "date_time",
                (1999, 12, 31, 23, 59, 58),
                "time of {}: expected 2023-11-14 22:13:20, found 1999-12-31 23:59:58",
            ),
            ("create_system", 0, "system of {}: expected Unix, found FAT"),
            ("create_version", 63, "version of {}: expected 20, found 63"),
            (
                "external_attr",
                0o100755 << 16,
                "attributes of {}: expected -rw-r--r--, found -rwxr-xr-x",
            ),
            ("comment", b"\x1bhello", r"comment of {}: expected none, found '\x1bhello'"),
            ("internal_attr", 1, "internal attributes of {}: expected 0, found 1"),
            (
                "extra",
                b"UT\5\0\3abcd",
                "extra field of {}: expected none, found 9 bytes (Unix times; 555405000361626364)",
            ),
        ],
    )
    def test_a_field_of_headers(self, wheel: bytes, attribute: str, value: object, line: str) -> None:
        def edit(info: zipfile.ZipInfo) -> None:
            if info.filename == "spam/notes.txt":
                setattr(info, attribute, value)

        def edit_all(info: zipfile.ZipInfo) -> None:
            setattr(info, attribute, value)

        assert see(wheel, repack(wheel, edit)) == archive(line.format("spam/notes.txt"))
        assert see(wheel, repack(wheel, edit_all)) == archive(line.format("all 8 members"))

    def test_another_method(self, wheel: bytes) -> None:
        def edit(info: zipfile.ZipInfo) -> None:
            info.compress_type = zipfile.ZIP_DEFLATED

        assert see(wheel, repack(wheel, edit))[1] == (
            "archive",
            "method of all 8 members: expected stored, found deflated",
        )

    def test_another_deflate(self, wheel: bytes) -> None:
        def edit(level: int) -> Callable[[zipfile.ZipInfo], None]:
            def deflate(info: zipfile.ZipInfo) -> None:
                info.compress_type, info._compresslevel = zipfile.ZIP_DEFLATED, level  # type: ignore[attr-defined]

            return deflate

        ((_, said), (place, line)) = see(repack(wheel, edit(1)), repack(wheel, edit(9)))
        assert said == SAME_SPECIFICATION[1]
        assert place == "archive"
        assert line.startswith("the compressed streams of spam/")
        assert "whose contents are the same" in line

    def test_another_order(self, wheel: bytes) -> None:
        line = "the order of the members in the directory: expected 'spam/__init__.py', found '{}/RECORD' as number 1"
        assert see(wheel, repack(wheel, order=lambda infos: infos[::-1])) == archive(line.format(INFO))

    def test_data_descriptors(self, wheel: bytes) -> None:
        class Pipe(io.RawIOBase):
            """A file without seeking, so that zipfile writes sizes behind the data."""

            def __init__(self) -> None:
                self.data = b""

            def writable(self) -> bool:
                return True

            def write(self, data: bytes) -> int:  # type: ignore[override]
                self.data += data
                return len(data)

        pipe = Pipe()
        with zipfile.ZipFile(io.BytesIO(wheel)) as source, zipfile.ZipFile(pipe, "w") as target:  # type: ignore[arg-type]
            for info in source.infolist():
                target.writestr(info, source.read(info.filename))
        lines = [line for _, line in see(wheel, pipe.data)]
        assert "flags of all 8 members: expected 0x0, found 0x8" in lines
        assert "data descriptor of all 8 members in the local header: expected none, found 16 bytes" in lines

    def test_bytes_around_the_members(self, wheel: bytes) -> None:
        assert see(wheel, b"#!sh\n" + wheel) == archive(
            "bytes before the first member that belong to no record: expected none, found 5 bytes (232173680a)"
        )
        assert see(wheel, wheel + b"more") == archive(
            "bytes after the end record that belong to no record: expected none, found 4 bytes (6d6f7265)"
        )

    def test_the_comment_of_the_archive(self, wheel: bytes) -> None:
        other = wheel[:-2] + b"\5\0hello"
        assert see(wheel, other) == archive("comment in the end record: expected none, found 'hello'")

    def test_what_only_the_local_header_says(self, wheel: bytes) -> None:
        # The time in the very first local header; the directory still has the old one.
        other = wheel[:10] + bytes(4) + wheel[14:]
        line = "time of spam/__init__.py in the local header: expected 2023-11-14 22:13:20, found 1980-00-00 00:00:00"
        assert see(wheel, other) == archive(line)

    def test_a_member_twice(self, wheel: bytes) -> None:
        with pytest.warns(UserWarning, match="Duplicate"):
            other = repack(wheel, order=lambda infos: [infos[0], *infos])
        assert ("spam/__init__.py", "expected 1 time in the archive, found 2") in see(wheel, other)

    def test_no_zip_at_all(self, wheel: bytes) -> None:
        assert see(wheel, wheel[:-1000])[0] == (
            "archive",
            "the found wheel is not a zip archive: there is no end of a zip archive in it",
        )
        assert see(b"", wheel)[0][1].startswith("the expected wheel is not a zip archive")


class TestMembers:
    def test_missing_and_more(self, wheel: bytes, tmp_path: Path) -> None:
        files = {**FILES, "spam/more.py": b"more"}
        del files["spam/data.bin"]
        assert see(wheel, build(tmp_path, files)) == archive(
            "1 member missing: spam/data.bin", "1 member more than expected: spam/more.py"
        )

    def test_renamed(self, wheel: bytes, tmp_path: Path) -> None:
        files = {**FILES, "spam/data.abi3.bin": FILES["spam/data.bin"]}
        del files["spam/data.bin"]
        assert see(wheel, build(tmp_path, files)) == [
            SAME_SPECIFICATION,
            ("spam/data.bin", "exists as 'spam/data.abi3.bin', with the same content"),
        ]

    @pytest.mark.parametrize(
        ("name", "data", "what", "why"),
        [
            ("__init__.py", b"import os\n\nanswer = 43\n", "line 3: expected 'answer = 42', found 'answer = 43'", ""),
            (
                "__init__.py",
                b"import os\r\n\r\nanswer = 42\r\n",
                "lines that end with CRLF: expected 0, found 3",
                "git or an editor changed them, on Windows say",
            ),
            (
                "__init__.py",
                b"answer = 42\n\nimport os\n",
                "the same lines in another order; line 1: expected 'import os', found 'answer = 42'",
                "the order of a set, or of a folder's listing",
            ),
            (
                "__init__.py",
                b"import os\n\nanswer = '2026-11-24 10:00'\n",
                "line 3: expected 'answer = 42', found 'answer = '2026-11-24 10:00''",
                "the time of the build got into the file",
            ),
            ("__init__.py", b"import os\n", "line 2: expected '', found ''", ""),
            ("__init__.py", b"import os\n\n\x1b[2J", r"line 3: expected 'answer = 42', found '\x1b[2J'", ""),
            ("table.json", b'{"a": [1, 3], "b": "x"}', "a[1]: expected 2, found 3", ""),
            ("table.json", b'{"a": [1, 2], "c": "x"}', 'b: expected "x", found none', ""),
            (
                "table.json",
                b'{"b": "x", "a": [1, 2]}',
                (
                    "the same values, in another notation; line 1: "
                    """expected '{"a": [1, 2], "b": "x"}', found '{"b": "x", "a": [1, 2]}'"""
                ),
                "another tool wrote it",
            ),
            (
                "data.bin",
                bytes(range(256)) * 3 + bytes(256),
                "1024 bytes; the first difference is at 0x301: expected 0102030405060708, found 0000000000000000",
                "",
            ),
            (
                "data.bin",
                b"",
                (
                    "expected 1024 bytes, found 0; "
                    "the first difference is at 0x0: expected 0001020304050607, found its end"
                ),
                "",
            ),
        ],
    )
    def test_a_content(self, wheel: bytes, tmp_path: Path, name: str, data: bytes, what: str, why: str) -> None:
        found = build(tmp_path, {**FILES, f"spam/{name}": data})
        assert explain(wheel, found)[1] == Difference(f"spam/{name}", what, why)

    def test_what_was_altered_after_packing(self, wheel: bytes) -> None:
        other = repack(wheel, contents={"spam/__init__.py": b"import evil\n"})
        assert see(wheel, other) == [
            SAME_SPECIFICATION,
            ("spam/__init__.py", "is not what the RECORD of the found wheel says"),
            ("spam/__init__.py", "line 1: expected 'import os', found 'import evil'"),
        ]

    def test_a_record_that_was_made_to_fit(self, wheel: bytes, tmp_path: Path) -> None:
        contents = {"spam/__init__.py": b"import evil\n"}
        with zipfile.ZipFile(io.BytesIO(build(tmp_path, {**FILES, **contents}))) as file:
            record = file.read(f"{INFO}/RECORD")
        with zipfile.ZipFile(io.BytesIO(wheel)) as file:
            own = next(line for line in file.read(f"{INFO}/RECORD").splitlines(True) if b"buildinfo" in line)
        rows = b"".join(own if b"buildinfo" in line else line for line in record.splitlines(True))
        other = repack(wheel, contents={**contents, f"{INFO}/RECORD": rows})
        assert see(wheel, other) == [
            SAME_SPECIFICATION,
            (f"{INFO}/RECORD", "that of the found wheel is not the one that the buildinfo was written with"),
            ("spam/__init__.py", "line 1: expected 'import os', found 'import evil'"),
        ]

    def test_rows_of_record(self, wheel: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(wheel)) as file:
            lines = file.read(f"{INFO}/RECORD").splitlines(True)
        path = f"{INFO}/RECORD"
        reordered = repack(wheel, contents={path: b"".join(lines[::-1])})
        assert (path, "the same lines in another order") in [
            (place, what.partition(";")[0]) for place, what in see(wheel, reordered)
        ]
        missing = repack(wheel, contents={path: b"".join(lines[1:])})
        assert any("does not list " in what for place, what in see(wheel, missing) if place == path)
        surplus = repack(wheel, contents={path: b"ghost.py,,\n" + b"".join(lines)})
        line = "that of the found wheel lists files that are not in the archive: ghost.py"
        assert (path, line) in see(wheel, surplus)

    def test_the_headers_of_metadata(self, wheel: bytes) -> None:
        text = b"Metadata-Version: 2.4\nName: spam\nVersion: 2.0+local\nRequires-Dist: a\nRequires-Dist: b\n\nbody\n"
        other = repack(wheel, contents={f"{INFO}/METADATA": text})
        assert see(wheel, other)[2:] == [
            (f"{INFO}/METADATA", "Metadata-Version: expected 2.1, found 2.4"),
            (f"{INFO}/METADATA", "Requires-Python: expected >=3.9, found none"),
            (f"{INFO}/METADATA", "Requires-Dist: expected none, found a, b"),
            (f"{INFO}/METADATA (text)", "line 1: expected '', found 'body'"),
        ]

    @pytest.mark.parametrize("name", ["RECORD", "zigbuild-buildinfo.json"])
    def test_one_that_is_too_large_to_be_read(self, wheel: bytes, name: str) -> None:
        found = repack(wheel, contents={f"{INFO}/{name}": b" " * 5_000_000})
        assert f"{INFO}/{name}" in [place for place, what in see(wheel, found) if what.startswith("line 1: ")]


class TestOnlyRecord:
    def test_the_same_members(self, wheel: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(wheel)) as file:
            record = file.read(f"{INFO}/RECORD")
        assert explain_members(record, wheel) == ()

    def test_what_differs(self, wheel: bytes, tmp_path: Path) -> None:
        with zipfile.ZipFile(io.BytesIO(wheel)) as file:
            record = file.read(f"{INFO}/RECORD")
        files = {**FILES, "spam/__init__.py": b"", "spam/more.py": b""}
        del files["spam/data.bin"]
        differences = explain_members(record, build(tmp_path, files))
        lines = {difference.place: difference.what for difference in differences}
        assert lines.keys() == {"spam/__init__.py", "spam/data.bin", BUILDINFO, "archive"}
        assert lines["spam/data.bin"] == "is missing"
        assert lines["archive"] == "1 member more than expected: spam/more.py"
        assert lines["spam/__init__.py"].endswith("found sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU (0 bytes)")

    def test_no_archive(self) -> None:
        assert [difference.place for difference in explain_members(b"", b"PK")] == ["archive"]
