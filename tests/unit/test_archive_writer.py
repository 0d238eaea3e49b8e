from __future__ import annotations

import gzip
import io
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import permutations
from pathlib import Path

import pytest

from zigbuild_backend.core.archive import archive_writer as archive
from zigbuild_backend.core.archive.archive_writer import Entry, WriteError, write_sdist, write_wheel
from zigbuild_backend.core.archive.deflate.effort import FAST
from zigbuild_backend.core.archive.deflate.pure import deflate_pure
from zigbuild_backend.core.base.errors import ConfigurationError, ToolchainError

SOURCES = Path(archive.__file__).parents[1]

ENTRIES = (
    Entry("spam/__init__.py", b"answer = 42\n" * 50),
    Entry("spam/_core.so", bytes(range(256)) * 9, is_executable=True),
    Entry("spam/œufs.txt", b"jambon"),
    Entry("spam-1.0.data/scripts/spam", b"#!python\n", is_executable=True),
    Entry("spam-1.0.dist-info/METADATA", b"Name: spam\n"),
    Entry("spam-1.0.dist-info/RECORD", b""),
    Entry("spam-1.0.dist-info/licenses/LICENSE", b"as you like\n"),
    Entry("zebra.py", b""),
)


def deflate(data: bytes) -> bytes:
    return deflate_pure(data, FAST)


def write(path: Path, entries: tuple[Entry, ...] = ENTRIES, mtime: int = 0) -> bytes:
    write_wheel(path, entries, mtime=mtime, deflate=deflate)
    return path.read_bytes()


class TestWheel:
    @pytest.fixture
    def wheel(self, tmp_path: Path) -> Path:
        path = tmp_path / "spam-1.0-py3-none-any.whl"
        write(path)
        return path

    def test_what_goes_in_comes_out(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as file:
            assert file.testzip() is None
            assert {info.filename: file.read(info) for info in file.infolist()} == {e.path: e.data for e in ENTRIES}

    def test_the_bytes_are_known(self, wheel: Path) -> None:
        assert (
            sha256(wheel.read_bytes()).hexdigest() == "97d005a779ec61547a3dbf19c286e53a0273155e093da7ce8532ada279868f2f"
        )

    @pytest.mark.parametrize(
        "command",
        [["unzip", "-tq"], ["zipinfo"], [sys.executable, "-m", "zipfile", "-t"]],
        ids=lambda command: command[0],
    )
    def test_other_programs_read_it(self, wheel: Path, command: list[str]) -> None:
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run([*command, wheel], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr

    def test_dist_info_is_last_and_record_the_very_last(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as file:
            assert file.namelist() == [
                "spam-1.0.data/scripts/spam",
                "spam/__init__.py",
                "spam/_core.so",
                "spam/œufs.txt",
                "zebra.py",
                "spam-1.0.dist-info/METADATA",
                "spam-1.0.dist-info/licenses/LICENSE",
                "spam-1.0.dist-info/RECORD",
            ]

    def test_paths_are_ordered_by_their_bytes(self, tmp_path: Path) -> None:
        # By code units of UTF-16, as some languages sort, the emoji would come before the ligature.
        names = ("B", "a", "a/", "a0", "ﬁ", "😀")
        entries = tuple(Entry(f"{name}x", b"") for name in reversed(names))
        write(tmp_path / "w.whl", entries)
        with zipfile.ZipFile(tmp_path / "w.whl") as file:
            assert file.namelist() == ["Bx", "a/x", "a0x", "ax", "ﬁx", "😀x"]

    def test_the_order_of_entries_does_not_matter(self, tmp_path: Path) -> None:
        found = {write(tmp_path / "w.whl", order + ENTRIES[4:]) for order in permutations(ENTRIES[:4])}
        assert len(found) == 1

    def test_headers_are_constant(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as file:
            assert file.comment == b""
            for info in file.infolist():
                assert (info.create_system, info.create_version, info.extract_version) == (3, 20, 20)
                assert (info.extra, info.comment, info.internal_attr, info.volume) == (b"", b"", 0, 0)
                assert info.date_time == (1980, 1, 1, 0, 0, 0)
                assert info.flag_bits == (0 if info.filename.isascii() else 0x800)

    def test_local_headers_say_the_same_as_the_directory(self, wheel: Path) -> None:
        data = wheel.read_bytes()
        with zipfile.ZipFile(wheel) as file:
            for info in file.infolist():
                start = info.header_offset
                name = info.filename.encode()
                first_of_january = 1 << 21 | 1 << 16
                sizes = (info.CRC, info.compress_size, info.file_size, len(name), 0)
                said = (b"PK\3\4", 20, info.flag_bits, info.compress_type, first_of_january, *sizes)
                assert data[start:].startswith(struct.pack("<4sHHHLLLLHH", *said) + name)

    def test_permissions(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as file:
            modes = {info.filename: info.external_attr >> 16 for info in file.infolist()}
        assert modes == {e.path: stat.S_IFREG | (0o755 if e.is_executable else 0o644) for e in ENTRIES}

    def test_what_does_not_shrink_is_stored(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as file:
            methods = {info.filename: info.compress_type for info in file.infolist()}
        assert methods["spam/__init__.py"] == zipfile.ZIP_DEFLATED
        assert methods["spam/œufs.txt"] == methods["zebra.py"] == zipfile.ZIP_STORED

    def test_the_stored_profile(self, tmp_path: Path) -> None:
        write_wheel(tmp_path / "w.whl", ENTRIES, mtime=0, deflate=None)
        with zipfile.ZipFile(tmp_path / "w.whl") as file:
            assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
            assert file.testzip() is None

    @pytest.mark.parametrize(
        ("mtime", "written"),
        [
            (-1, (1980, 1, 1, 0, 0, 0)),
            (timegm((1979, 12, 31, 23, 59, 59)), (1980, 1, 1, 0, 0, 0)),
            (timegm((1980, 1, 1, 0, 0, 2)), (1980, 1, 1, 0, 0, 2)),
            (timegm((2024, 2, 29, 12, 34, 57)), (2024, 2, 29, 12, 34, 56)),
            (timegm((2107, 12, 31, 23, 59, 59)), (2107, 12, 31, 23, 59, 58)),
            (2**40, (2107, 12, 31, 23, 59, 58)),
        ],
    )
    def test_time(self, tmp_path: Path, mtime: int, written: tuple[int, ...]) -> None:
        write(tmp_path / "w.whl", ENTRIES[:1], mtime)
        with zipfile.ZipFile(tmp_path / "w.whl") as file:
            assert file.infolist()[0].date_time == written

    @pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a running process cannot be set here")
    def test_neither_time_zone_nor_umask_matter(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        here = write(tmp_path / "w.whl", mtime=10**9)
        umask = os.umask(0o077)
        try:
            monkeypatch.setenv("TZ", "Pacific/Kiritimati")
            time.tzset()
            assert write(tmp_path / "w.whl", mtime=10**9) == here
        finally:
            os.umask(umask)
            monkeypatch.undo()
            time.tzset()

    def test_no_entries_make_an_empty_archive(self, tmp_path: Path) -> None:
        write(tmp_path / "w.whl", ())
        with zipfile.ZipFile(tmp_path / "w.whl") as file:
            assert file.namelist() == []


class TestZip64:
    @pytest.mark.parametrize(("count", "is_zip64"), [(65_534, False), (65_535, True)])
    def test_many_members(self, tmp_path: Path, count: int, is_zip64: bool) -> None:
        path = tmp_path / "w.whl"
        write_wheel(path, (Entry(f"{index:x}", b"") for index in range(count)), mtime=0, deflate=None)
        assert (b"PK\6\6" in path.read_bytes()) is is_zip64
        with zipfile.ZipFile(path) as file:
            assert len(file.namelist()) == count

    @staticmethod
    def render_directory(member: archive._Member) -> zipfile.ZipInfo:
        """Return what zipfile reads from the directory of an archive whose members are left out."""
        header = archive._render_central_header(member, 10**9)
        file = io.BytesIO(header + archive._render_end(1, len(header), 0))
        return zipfile.ZipFile(file).infolist()[0]

    @pytest.mark.parametrize("packed", [5, 2**32 - 2, 2**32 - 1, 2**40])
    @pytest.mark.parametrize("size", [5, 2**32 - 2, 2**32 - 1, 2**40])
    @pytest.mark.parametrize("offset", [0, 2**32 - 2, 2**32 - 1, 2**40])
    def test_large_members(self, packed: int, size: int, offset: int) -> None:
        member = archive._Member(b"x", 0o644, 8, 7, packed, size, offset)
        info = self.render_directory(member)
        assert (info.compress_size, info.file_size, info.header_offset) == (packed, size, offset)
        is_large = max(packed, size, offset) >= 2**32 - 1
        assert info.extract_version == (45 if is_large else 20)
        assert bool(info.extra) is is_large

    def test_a_large_local_header_has_both_sizes(self) -> None:
        header = archive._render_local_header(archive._Member(b"x", 0o644, 8, 7, 9, 2**32, 0), 10**9)
        assert header[18:26] == b"\xff" * 8
        assert header[30:] == b"x" + struct.pack("<HHQQ", 1, 16, 2**32, 9)

    def test_a_large_archive(self) -> None:
        end = archive._render_end(3, 100, 2**32)
        assert end[:56] == struct.pack("<4sQBBHLLQQQQ", b"PK\6\6", 44, 45, 3, 45, 0, 0, 3, 3, 100, 2**32)
        assert end[56:76] == struct.pack("<4sLQL", b"PK\6\7", 0, 2**32 + 100, 1)
        assert end[76:] == struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 3, 3, 100, 2**32 - 1, 0)


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "fault"),
        [
            ("", "empty"),
            ("/etc/passwd", "absolute"),
            ("C:/windows", "absolute"),
            ("c:x", "absolute"),
            ("../x", "'..'"),
            ("a/../x", "'..'"),
            ("a/..", "'..'"),
            ("./a", "'.'"),
            ("a//b", "empty"),
            ("a/", "empty"),
            ("a\\b", "backslash"),
            ("a\0b", "NUL"),
            ("a\udcff", "Unicode"),
            ("a" * 65_536, "65535"),
        ],
    )
    @pytest.mark.parametrize("is_wheel", [True, False], ids=["wheel", "sdist"])
    def test_unfit_paths_are_refused(self, tmp_path: Path, path: str, fault: str, is_wheel: bool) -> None:
        with pytest.raises(ConfigurationError) as caught:
            if is_wheel:
                write(tmp_path / "w.whl", (Entry(path, b""),))
            else:
                write_sdist(tmp_path / "s.tar.gz", "s-1", [Entry(path, b"")], mtime=0)
        assert fault in str(caught.value)
        assert str(caught.value).isascii()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("path", ["..a/b..", "a b", "...", "-", "~", "naïve", "con:x", "\u202e"])
    def test_odd_paths_are_kept(self, tmp_path: Path, path: str) -> None:
        write(tmp_path / "w.whl", (Entry(path, b"x"),))
        with zipfile.ZipFile(tmp_path / "w.whl") as file:
            assert file.namelist() == [path]

    def test_all_problems_are_told_at_once(self, tmp_path: Path) -> None:
        paths = ["a", "a", "a", "b/c", "b", "../d", "fine"]
        with pytest.raises(ConfigurationError) as caught:
            write(tmp_path / "w.whl", tuple(Entry(path, b"") for path in paths))
        assert [(problem.where, problem.message) for problem in caught.value.problems] == [
            ("../d", "a path with a part that is empty, '.' or '..', which no archive may hold"),
            ("a", "3 files have this path in the archive"),
            ("b/c", "a folder of this path is a file in the same archive"),
        ]


class TestSdist:
    @pytest.fixture
    def sdist(self, tmp_path: Path) -> Path:
        path = tmp_path / "spam-1.0.tar.gz"
        write_sdist(path, "spam-1.0", [*ENTRIES, Entry("deep/" * 30 + "x.py", b"x" * 512)], mtime=10**9 + 1)
        return path

    def test_what_goes_in_comes_out(self, sdist: Path) -> None:
        with tarfile.open(sdist) as tar:
            found = {}
            for info in tar:
                file = tar.extractfile(info)
                assert file is not None
                found[info.name] = file.read()
        assert found == {f"spam-1.0/{e.path}": e.data for e in ENTRIES} | {
            "spam-1.0/" + "deep/" * 30 + "x.py": b"x" * 512
        }
        assert list(found) == sorted(found)

    def test_the_bytes_are_known(self, sdist: Path) -> None:
        assert (
            sha256(sdist.read_bytes()).hexdigest() == "04560d1b34bda5d8ebe7dae89d340241edc7c3d76d2078fb4c35b39df5568659"
        )

    def test_headers_are_constant(self, sdist: Path) -> None:
        with tarfile.open(sdist) as tar:
            for info in tar:
                assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
                assert info.isreg()
                assert info.mtime == 10**9
                assert info.mode == (0o755 if info.name.endswith((".so", "scripts/spam")) else 0o644)

    def test_pax_headers_only_where_needed(self, sdist: Path) -> None:
        with tarfile.open(sdist) as tar:
            extended = {info.name: info.pax_headers for info in tar if info.pax_headers}
        assert extended == {
            name: {"path": name} for name in ("spam-1.0/spam/œufs.txt", "spam-1.0/" + "deep/" * 30 + "x.py")
        }

    def test_the_gzip_header_is_constant(self, sdist: Path) -> None:
        data = sdist.read_bytes()
        assert data[:10] == bytes.fromhex("1f8b 08 00 00000000 00 ff")
        tar = gzip.decompress(data)
        assert len(tar) % 512 == 0
        assert tar.endswith(bytes(1024))

    @pytest.mark.parametrize("command", [["gzip", "-t"], ["tar", "-tzf"]], ids=lambda command: command[0])
    def test_other_programs_read_it(self, sdist: Path, command: list[str]) -> None:
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run([*command, sdist], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("length", [85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 980, 981, 982, 983, 984, 985, 986, 987])
    def test_lengths_that_count_their_own_digits(self, tmp_path: Path, length: int) -> None:
        entry = Entry("é" + "x" * length, b"data")
        write_sdist(tmp_path / "s.tar.gz", "s-1", [entry], mtime=0)
        with tarfile.open(tmp_path / "s.tar.gz") as tar:
            assert tar.getnames() == [f"s-1/{entry.path}"]

    def test_a_size_beyond_octal_is_in_the_pax_header(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "_MAX_TAR_SIZE", 3)
        tar = b"".join(archive._render_tar([Entry("x", b"12345")], "s-1", 10**9))
        with tarfile.open(fileobj=io.BytesIO(tar)) as file:
            info = file.getmembers()[0]
            member = file.extractfile(info)
            assert member is not None
            assert member.read() == b"12345"
            assert info.pax_headers == {"size": "5"}

    def test_the_checksum_is_zlibs(self, sdist: Path) -> None:
        tar = gzip.decompress(sdist.read_bytes())
        assert sdist.read_bytes()[-8:] == struct.pack("<LL", zlib.crc32(tar), len(tar))


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


class TestFailures:
    @pytest.mark.skipif(not shutil.which("mount"), reason="mount is not installed")
    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    def test_disk_full(self, tmp_path: Path, kind: str) -> None:
        noise = b"".join(sha256(b"%d" % index).digest() for index in range(10_000))
        with small_disk(tmp_path):
            path = tmp_path / "x"
            path.write_bytes(b"from before")
            with pytest.raises(WriteError, match="No space left") as caught:
                if kind == "wheel":
                    write(path, (Entry("noise", noise),))
                else:
                    write_sdist(path, "x-1", [Entry("noise", noise)], mtime=0)
            assert caught.value.problems[0].where == str(path)
            assert "make room" in caught.value.problems[0].hint
            assert list(tmp_path.iterdir()) == [path]
            assert path.read_bytes() == b"from before"

    def test_a_folder_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(WriteError) as caught:
            write(tmp_path / "none" / "w.whl")
        assert "folder must exist" in caught.value.problems[0].hint

    @pytest.mark.parametrize("error", [ToolchainError("no deflater"), KeyboardInterrupt()], ids=repr)
    def test_nothing_is_left_when_a_member_fails(self, tmp_path: Path, error: BaseException) -> None:
        def fail(_: bytes) -> bytes:
            raise error

        with pytest.raises(type(error)):
            write_wheel(tmp_path / "w.whl", ENTRIES, mtime=0, deflate=fail)
        assert list(tmp_path.iterdir()) == []

    def test_a_wheel_is_replaced_as_a_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "w.whl"
        write(path, ENTRIES[:1])
        before = path.read_bytes()

        def check(data: bytes) -> bytes:
            assert path.read_bytes() == before
            return deflate(data)

        write_wheel(path, ENTRIES, mtime=0, deflate=check)
        assert path.read_bytes() != before
        assert list(tmp_path.iterdir()) == [path]

    def test_a_name_as_long_as_names_can_be(self, tmp_path: Path) -> None:
        path = tmp_path / ("w" * 251 + ".whl")
        write(path)
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")
    def test_killed_in_the_middle(self, tmp_path: Path) -> None:
        program = (
            "import os, signal, sys; from pathlib import Path\n"
            "from zigbuild_backend.core.archive.archive_writer import Entry, write_wheel\n"
            "die = lambda data: os.kill(os.getpid(), signal.SIGKILL) if data == b'2' else data\n"
            "entries = [Entry('1', bytes(1000000)), Entry('2', b'2')]\n"
            "write_wheel(Path(sys.argv[1]), entries, mtime=0, deflate=die)\n"
        )
        path = tmp_path / "w.whl"
        done = subprocess.run([sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": str(SOURCES)})
        assert done.returncode == -signal.SIGKILL
        assert not path.exists()
        write(path)
        assert zipfile.is_zipfile(path)
