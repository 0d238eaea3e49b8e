from __future__ import annotations

import heapq
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from deflate_programs import compile_program, find_zigs, native_program
from zigbuild_backend.core.archive.deflate import matching, pure
from zigbuild_backend.core.archive.deflate.effort import BEST, FAST, Effort
from zigbuild_backend.core.archive.deflate.huffman import code_lengths, codes
from zigbuild_backend.core.archive.deflate.native import KNOWN_ANSWERS, Deflater, KnownAnswer, prove, source_digest
from zigbuild_backend.core.archive.deflate.pure import deflate_pure
from zigbuild_backend.core.base.errors import MismatchError, ToolchainError

STDLIB = Path(os.__file__).parent

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="makes an executable of a script")
each_answer = pytest.mark.parametrize("answer", KNOWN_ANSWERS, ids=lambda answer: answer.name)


def inflate(stream: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    data = inflater.decompress(stream) + inflater.flush()
    assert inflater.eof
    assert not inflater.unused_data
    return data


def tokens_of(data: bytes, effort: Effort) -> list[int | tuple[int, int]]:
    """Literals as bytes, matches as (length, distance)."""
    tokens = [token for segment in matching.tokenize(data, effort) for token in segment]
    return [token if token < matching.MATCH else (token & 511, token >> 9) for token in tokens]


def noise(count: int, state: int = 1) -> bytes:
    blocks = (sha256(b"%d %d" % (state, index)).digest() for index in range(count // 32 + 1))
    return b"".join(blocks)[:count]


class TestHuffman:
    def test_codes_are_those_of_the_rfc(self) -> None:
        assert codes([3, 3, 3, 3, 3, 2, 4, 4]) == ["010", "011", "100", "101", "110", "00", "1110", "1111"]

    def test_unused_symbols_have_no_code(self) -> None:
        assert codes([1, 0, 1]) == ["0", "", "1"]

    @pytest.mark.parametrize(
        ("weights", "lengths"),
        [
            ([0, 0, 0], [1, 1, 0]),
            ([7, 0, 0], [1, 1, 0]),
            ([0, 0, 7], [1, 0, 1]),
            ([1, 1, 1], [2, 2, 1]),
            ([1, 1, 2], [2, 2, 1]),
            ([4, 4, 4, 4], [2, 2, 2, 2]),
        ],
    )
    def test_ties_and_lonely_symbols(self, weights: list[int], lengths: list[int]) -> None:
        assert code_lengths(weights, 15) == lengths

    @pytest.mark.parametrize("limit", [5, 7, 15])
    def test_the_limit_holds_and_the_code_is_complete(self, limit: int) -> None:
        weights = [1, 1]
        while len(weights) < 30:
            weights.append(weights[-2] + weights[-1])
        lengths = code_lengths(weights, limit)
        assert max(lengths) == limit
        assert sum(2**-length for length in lengths) == 1

    def test_as_small_as_huffman_where_the_limit_does_not_bind(self) -> None:
        weights = list(noise(286))
        heap = [weight for weight in weights if weight]
        heapq.heapify(heap)
        smallest = 0
        while len(heap) > 1:
            pair = heapq.heappop(heap) + heapq.heappop(heap)
            smallest += pair
            heapq.heappush(heap, pair)
        lengths = code_lengths(weights, 15)
        assert sum(weight * length for weight, length in zip(weights, lengths, strict=True)) == smallest

    @pytest.mark.parametrize(
        ("lengths", "runs"),
        [
            ([5], [(5, 0)]),
            ([5] * 3, [(5, 0), (5, 0), (5, 0)]),
            ([5] * 4, [(5, 0), (16, 0)]),
            ([5] * 9, [(5, 0), (16, 3), (5, 0), (5, 0)]),
            ([0] * 2, [(0, 0), (0, 0)]),
            ([0] * 3, [(17, 0)]),
            ([0] * 10, [(17, 7)]),
            ([0] * 11, [(18, 0)]),
            ([0] * 140, [(18, 127), (0, 0), (0, 0)]),
        ],
    )
    def test_runs(self, lengths: list[int], runs: list[tuple[int, int]]) -> None:
        assert list(pure._runs(lengths)) == runs


class TestMatching:
    def test_a_run_overlaps_itself(self) -> None:
        assert tokens_of(b"a" * 300, FAST) == [97, (258, 1), (41, 1)]

    def test_three_bytes_at_the_end_are_literals(self) -> None:
        assert tokens_of(b"abcdabc", BEST) == list(b"abcdabc")

    def test_the_nearest_of_the_longest_wins(self) -> None:
        assert tokens_of(b"abcdeX" + b"abcdeY" + b"abcdeZ", BEST)[-2:] == [(5, 6), ord("Z")]

    def test_chain_bounds_the_candidates(self) -> None:
        data = b"abcdefgh-" + b"abcd1" + b"abcd2" + b"abcdefgh"
        assert tokens_of(data, replace(FAST, chain=2))[-1] != (8, 19)
        assert tokens_of(data, replace(FAST, chain=3))[-1] == (8, 19)

    def test_nice_ends_the_search(self) -> None:
        data = b"abcdefgh-" + b"abcdeX" + b"abcdefgh"
        assert tokens_of(data, replace(BEST, nice=6))[-1] == (8, 15)
        assert (5, 6) in tokens_of(data, replace(BEST, nice=5, lazy=0))

    def test_a_better_match_one_byte_later_is_preferred(self) -> None:
        data = b"abcd-bcdefghij+abcdefghij"
        assert tokens_of(data, replace(FAST, lazy=0))[-2:] == [(4, 15), (6, 11)]
        assert tokens_of(data, FAST)[-2:] == [ord("a"), (9, 11)]

    @pytest.mark.parametrize(("gap", "is_found"), [(0, True), (1, False)])
    def test_the_window(self, gap: int, is_found: bool) -> None:
        start = b"<" * 2 + b"start>"
        data = start + bytes(matching.WINDOW - len(start) + gap) + start
        assert ((len(start), matching.WINDOW) in tokens_of(data, BEST)) is is_found

    @pytest.mark.parametrize(("distance", "is_found"), [(20, True), (21, False)])
    def test_short_matches_are_near(self, distance: int, is_found: bool) -> None:
        data = b"abc" + bytes(range(distance - 3)) + b"abc!"
        assert ((3, distance) in tokens_of(data, replace(BEST, near=20))) is is_found

    def test_segments_leave_no_trace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = (STDLIB / "typing.py").read_bytes()[:30_000] + bytes(5000) + noise(3000)
        whole = {effort: tokens_of(data, effort) for effort in (FAST, BEST)}
        monkeypatch.setattr(matching, "_SEGMENT", 777)
        assert {effort: tokens_of(data, effort) for effort in (FAST, BEST)} == whole


class TestPure:
    @pytest.mark.parametrize("size", [0, 1, 3, 4, 258, 65_535, 65_536, 131_070, 131_073, 200_000])
    @pytest.mark.parametrize("effort", [FAST, BEST], ids=["fast", "best"])
    def test_noise_grows_by_its_stored_headers_only(self, size: int, effort: Effort) -> None:
        data = noise(size)
        stream = deflate_pure(data, effort)
        assert inflate(stream) == data
        # A dozen blocks at most, five bytes for each piece; what is smaller than that comes in one fixed block.
        assert len(stream) <= size + 5 * (size // 65_535 + 1 + size // 16_384)

    def test_nothing_is_one_empty_fixed_block(self) -> None:
        assert deflate_pure(b"", BEST) == deflate_pure(b"", FAST) == b"\x03\x00"

    @pytest.mark.parametrize("tokens", [2047, 2048, 2049])
    def test_a_full_last_chunk_is_followed_by_none(self, tokens: int) -> None:
        chunks = pure._chunks(noise(tokens), replace(BEST, near=0))
        assert [len(chunk) for chunk in chunks] == [size for size in (min(tokens, 2048), tokens - 2048) if size > 0]

    @each_answer
    def test_known_answers(self, answer: KnownAnswer) -> None:
        data = answer.make()
        stream = deflate_pure(data, BEST)
        assert inflate(stream) == data
        assert sha256(stream).hexdigest() == answer.sha256

    def test_the_known_answer_of_sdists(self) -> None:
        data = next(answer for answer in KNOWN_ANSWERS if answer.name == "mixed").make()
        assert (
            sha256(deflate_pure(data, FAST)).hexdigest()
            == "f79d255ff1acbdc1a6b7d48964d16774ac58979f24fd7823db8f9b1f4bb954b3"
        )

    def test_source_text_is_as_small_as_with_zlib(self) -> None:
        data = (STDLIB / "typing.py").read_bytes()
        zlibs = len(zlib.compress(data, 9))
        assert len(deflate_pure(data, BEST)) < 1.01 * zlibs
        assert len(deflate_pure(data, FAST)) < 1.05 * zlibs


@pytest.mark.zig
class TestNative:
    @each_answer
    @pytest.mark.parametrize("effort", [FAST, BEST], ids=["fast", "best"])
    def test_the_same_bytes_as_the_pure_one(self, answer: KnownAnswer, effort: Effort) -> None:
        with Deflater(native_program(), effort) as deflater:
            assert deflater.deflate(answer.make()) == deflate_pure(answer.make(), effort)

    @pytest.mark.parametrize("name", ["typing.py", "os.py", "pydoc_data/topics.py"])
    def test_the_same_bytes_for_python_files(self, name: str) -> None:
        data = (STDLIB / name).read_bytes()
        with Deflater(native_program(), FAST) as deflater:
            assert deflater.deflate(data) == deflate_pure(data, FAST)

    def test_the_same_bytes_for_a_binary(self) -> None:
        data = native_program().read_bytes()[:500_000]
        with Deflater(native_program()) as deflater:
            stream = deflater.deflate(data)
        assert stream == deflate_pure(data, BEST)
        assert len(stream) < 1.01 * len(zlib.compress(data, 9))

    def test_the_same_bytes_where_code_lengths_reach_their_limit(self) -> None:
        # Each number is about 0.6 times as frequent as the one before: too skewed for 15 bits in a large block.
        runs = noise(1_100_000).translate(b"+" * 158 + b" " * 98).split(b" ")
        data = bytes(map(len, runs))
        with Deflater(native_program(), FAST) as deflater:
            stream = deflater.deflate(data)
        assert inflate(stream) == data
        assert stream == deflate_pure(data, FAST)

    @pytest.mark.parametrize("zig", find_zigs(), ids=lambda zig: zig.parent.parent.name)
    def test_every_zig_compiles_the_same_deflater(self, zig: Path) -> None:
        with Deflater(compile_program(zig)) as deflater:
            prove(deflater)

    def test_no_undefined_behaviour(self) -> None:
        native_program()
        trapping = compile_program(find_zigs()[0], "-fsanitize=undefined", "-fsanitize-trap=undefined")
        with Deflater(trapping) as deflater:
            prove(deflater)

    def test_one_process_serves_all_and_members_larger_than_a_pipe(self) -> None:
        with Deflater(native_program()) as deflater:
            for data in (noise(3_000_000), b"", b"a" * 5_000_000, noise(10)):
                assert inflate(deflater.deflate(data)) == data

    def test_a_deflater_that_is_wrong_does_not_pass(self) -> None:
        with Deflater(native_program(), FAST) as deflater, pytest.raises(MismatchError, match="noise"):
            prove(deflater)

    @pytest.mark.parametrize(
        ("arguments", "sent", "code", "said"),
        [
            ("1 4 0 0 1", b"", 0, b""),
            ("1 4 0 0 1", b"\x01\0\0", 1, b"within the size"),
            ("1 4 0 0 1", b"\x09\0\0\0\0\0\0\0abc", 1, b"within a frame"),
            ("1 4 0 0 1", b"\xff" * 8, 1, b"larger than the memory"),
            ("1 4 0 0", b"", 1, b"usage"),
            ("0 4 0 0 1", b"", 1, b"usage"),
            ("1 4 0 0 65537", b"", 1, b"usage"),
            ("1 4 0 x 1", b"", 1, b"usage"),
        ],
    )
    def test_the_protocol(self, arguments: str, sent: bytes, code: int, said: bytes) -> None:
        done = subprocess.run([native_program(), *arguments.split()], input=sent, capture_output=True)
        assert done.returncode == code
        assert said in done.stderr
        assert done.stdout == b""


class TestDeflater:
    @staticmethod
    def write_program(folder: Path, body: str) -> Path:
        program = folder / "deflate"
        program.write_text(f"#!{sys.executable}\n{body}\n")
        program.chmod(0o755)
        return program

    @posix_only
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("import sys; sys.exit('no memory')", "no memory"),
            ("import sys; sys.stdin.buffer.read(8); sys.exit(7)", "exit code 7"),
            ("import os; os.write(1, bytes([9] + [0] * 7) + b'short')", "exit code 0"),
            ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
        ],
    )
    def test_a_program_that_dies(self, tmp_path: Path, body: str, said: str) -> None:
        program = self.write_program(tmp_path, body)
        with Deflater(program) as deflater, pytest.raises(ToolchainError, match=said) as caught:
            deflater.deflate(bytes(1_000_000))
        assert caught.value.problems[0].where == str(program)
        assert caught.value.problems[0].hint

    def test_a_program_that_is_missing(self, tmp_path: Path) -> None:
        with Deflater(tmp_path / "none") as deflater, pytest.raises(ToolchainError, match="cannot be started"):
            deflater.deflate(b"")

    @posix_only
    def test_it_starts_again_after_a_death(self, tmp_path: Path) -> None:
        body = (
            "import os, pathlib\n"
            "once = pathlib.Path(__file__).with_name('once')\n"
            "if not once.exists(): once.touch(); raise SystemExit('first')\n"
            "os.read(0, 8); os.write(1, bytes([1] + [0] * 7) + b'!'); os.read(0, 1)"
        )
        with Deflater(self.write_program(tmp_path, body)) as deflater:
            with pytest.raises(ToolchainError, match="first"):
                deflater.deflate(b"")
            assert deflater.deflate(b"") == b"!"

    def test_answers_are_remembered_up_to_a_size(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        asked: list[bytes] = []

        def ask(_: Deflater, data: bytes) -> bytes:
            asked.append(data)
            return data

        monkeypatch.setattr(Deflater, "_ask", ask)
        deflater = Deflater(tmp_path / "none", memory=10)
        for data in (b"aaaa", b"bbbb", b"aaaa", b"larger than it all", b"bbbb", b"cccc", b"bbbb", b"aaaa"):
            assert deflater.deflate(data) == data
        assert asked == [b"aaaa", b"bbbb", b"larger than it all", b"cccc", b"aaaa"]


def test_source_digest_is_that_of_the_file() -> None:
    assert source_digest() == sha256(Path(pure.__file__).with_name("deflate.c").read_bytes()).hexdigest()
