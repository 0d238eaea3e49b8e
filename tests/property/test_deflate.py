"""Tests that every stream is inflated to its data, and that both deflaters write the same one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflate_programs import native_program
from zigbuild_backend.core.archive.deflate.effort import BEST, FAST, Effort
from zigbuild_backend.core.archive.deflate.huffman import code_lengths, codes
from zigbuild_backend.core.archive.deflate.native import Deflater
from zigbuild_backend.core.archive.deflate.pure import deflate_pure

# What deflating is about: pieces that come again, at all distances, in part and with changes.
pieces = st.one_of(
    st.binary(max_size=40),
    st.text("ab", max_size=60).map(str.encode),
    st.builds(lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(0, 700)),
    st.builds(
        lambda seed, count: bytes(seed * i * i % 251 for i in range(count)), st.integers(1, 250), st.integers(0, 900)
    ),
)
recipes = st.tuples(
    st.lists(pieces, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0), st.integers(0, 900)), max_size=25)
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    parts, copies = draw(recipes)
    document = b"".join(parts)
    for start, length in copies:
        offset = start % (len(document) + 1)
        document += document[offset : offset + length] + parts[length % len(parts)][:3]
    return document


efforts = st.builds(
    Effort,
    chain=st.integers(1, 20),
    nice=st.integers(0, 300),
    lazy=st.integers(0, 300),
    near=st.sampled_from([0, 1, 10, 4096, 32768]),
    chunk=st.sampled_from([1, 2, 50, 1000, 65536]),
)


def inflate(stream: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    data = inflater.decompress(stream) + inflater.flush()
    assert inflater.eof
    assert not inflater.unused_data
    return data


@given(documents(), efforts)
def test_what_is_deflated_can_be_inflated(data: bytes, effort: Effort) -> None:
    assert inflate(deflate_pure(data, effort)) == data


@pytest.fixture(scope="module")
def native() -> Iterator[dict[Effort, Deflater]]:
    with Deflater(native_program(), FAST) as fast, Deflater(native_program(), BEST) as best:
        yield {FAST: fast, BEST: best}


@pytest.mark.zig
@given(documents(), st.sampled_from([FAST, BEST]))
def test_native_and_pure_agree(native: dict[Effort, Deflater], data: bytes, effort: Effort) -> None:
    assert native[effort].deflate(data) == deflate_pure(data, effort)


@pytest.mark.zig
@given(documents(), efforts)
def test_native_and_pure_agree_for_every_effort(data: bytes, effort: Effort) -> None:
    with Deflater(native_program(), effort) as deflater:
        assert deflater.deflate(data) == deflate_pure(data, effort)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=120), st.integers(7, 15))
def test_codes_are_complete_and_free_of_prefixes(weights: list[int], limit: int) -> None:
    lengths = code_lengths(weights, limit)
    assert max(lengths) <= limit
    assert sum(2**-length for length in lengths if length) == 1
    used = sorted(code for code in codes(lengths) if code)
    assert not any(later.startswith(code) for code, later in pairwise(used))
    ordered = sorted((weight, length) for weight, length in zip(weights, lengths, strict=True) if weight)
    assert all(a[1] >= b[1] for a, b in pairwise(ordered) if a[0] < b[0])
