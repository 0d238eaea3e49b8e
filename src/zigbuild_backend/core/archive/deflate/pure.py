"""The deflater in Python, which needs no compiler. The package's docstring specifies the algorithm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import add

from ...base.frozen import dataclass
from .effort import Effort
from .huffman import code_lengths, codes
from .matching import LONGEST, MATCH, tokenize

_END = 256
_BLOCK = 65536
_STORED = 65535

_LENGTH_EXTRA = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0)
_DISTANCE_EXTRA = (0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13)
_RUN_EXTRA = (0,) * 16 + (2, 3, 7)
_SYMBOL_EXTRA = (0,) * (_END + 1) + _LENGTH_EXTRA
_RUN_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def _bases(first: int, extra: Iterable[int]) -> list[int]:
    """Return the lowest value of each symbol, whose numbers of extra bits are *extra*, and the value after the last."""
    bases = [first]
    for bits in extra:
        bases.append(bases[-1] + (1 << bits))
    return bases


def _symbols(bases: Sequence[int]) -> bytes:
    """Return for each value below the last base the index of its symbol, 0 below the first base."""
    return bytes(bases[0]) + b"".join(bytes([i]) * (high - low) for i, (low, high) in enumerate(pairwise(bases)))


# Length 258 has a symbol of its own, although the one before covers it.
_LENGTH_BASES = [*_bases(3, _LENGTH_EXTRA[:-1])[:-1], LONGEST, LONGEST + 1]
_LENGTH_SYMBOLS = _symbols(_LENGTH_BASES)
_DISTANCE_BASES = _bases(1, _DISTANCE_EXTRA)
_DISTANCE_SYMBOLS = _symbols(_DISTANCE_BASES)


@dataclass(frozen=True)
class _Code:
    """The two Huffman codes of a block, as code lengths by symbol, and the header that encodes them."""

    symbols: Sequence[int]
    distances: Sequence[int]
    header: str


# Symbols 286 and 287 never occur, but the codes of 9 bits start after theirs.
_FIXED = _Code((*[8] * 144, *[9] * 112, *[7] * 24, *[8] * 8), (5,) * 30, "")


@dataclass(frozen=True)
class _Block:
    """Tokens, the number of occurrences of each symbol (the end of the block included), and their code."""

    tokens: list[int]
    symbols: list[int]
    distances: list[int]
    code: _Code
    bits: int
    """The size in that code, without the three bits at the start of every block."""


def deflate_pure(data: bytes, effort: Effort) -> bytes:
    """Return *data* as a raw RFC 1951 stream, the same bytes as the native program for the same *effort*."""
    out = _Bits()
    start = 0
    for block in _blocks(_chunks(data, effort)):
        stop = start + sum([token & 511 if token >= MATCH else 1 for token in block.tokens])
        _write_block(out, block, data[start:stop], is_last=stop == len(data))
        start = stop
    return out.finish()


def _chunks(data: bytes, effort: Effort) -> Iterator[list[int]]:
    """Yield the tokens of *data* in lists of ``effort.chunk``, the last one shorter; at least one list."""
    rest: list[int] = []
    for tokens in tokenize(data, effort):
        rest += tokens
        # One chunk is always kept, so that no empty one follows a full last chunk.
        full = (len(rest) - 1) // effort.chunk * effort.chunk
        for start in range(0, full, effort.chunk):
            yield rest[start : start + effort.chunk]
        del rest[:full]
    yield rest


def _blocks(chunks: Iterator[list[int]]) -> Iterator[_Block]:
    """Yield blocks: a chunk joins the one before, unless two are smaller than one or the tokens would be too many."""
    block = _count(next(chunks))
    for chunk in chunks:
        following = _count(chunk)
        if len(block.tokens) + len(chunk) <= _BLOCK:
            joined = _join(block, following)
            if joined.bits <= block.bits + following.bits:
                block = joined
                continue
        yield block
        block = following
    yield block


def _count(tokens: list[int]) -> _Block:
    symbols, distances = [0] * 286, [0] * 30
    symbols[_END] = 1
    found = [token if token < MATCH else _END + 1 + _LENGTH_SYMBOLS[token & 511] for token in tokens]
    for symbol, count in Counter(found).items():
        symbols[symbol] = count
    found = [_DISTANCE_SYMBOLS[token >> 9] for token in tokens if token >= MATCH]
    for symbol, count in Counter(found).items():
        distances[symbol] = count
    return _fit(tokens, symbols, distances)


def _join(first: _Block, second: _Block) -> _Block:
    symbols = list(map(add, first.symbols, second.symbols))
    symbols[_END] = 1
    return _fit(first.tokens + second.tokens, symbols, list(map(add, first.distances, second.distances)))


def _fit(tokens: list[int], symbols: list[int], distances: list[int]) -> _Block:
    code = _dynamic_code(code_lengths(symbols, 15), code_lengths(distances, 15))
    return _Block(tokens, symbols, distances, code, _size(symbols, distances, code))


def _size(symbols: Sequence[int], distances: Sequence[int], code: _Code) -> int:
    """Return the size in bits of the symbols in *code*, with its header and the extra bits of lengths and distances."""
    rows = (
        *zip(symbols, code.symbols, _SYMBOL_EXTRA, strict=False),
        *zip(distances, code.distances, _DISTANCE_EXTRA, strict=True),
    )
    return len(code.header) + sum([count * (length + extra) for count, length, extra in rows])


def _dynamic_code(symbols: list[int], distances: list[int]) -> _Code:
    """Return the code of these lengths with its header of RFC 1951, 3.2.7."""
    told_symbols = max(257, _used(symbols))
    told_distances = _used(distances)
    runs = list(_runs(symbols[:told_symbols] + distances[:told_distances]))
    counts = Counter([symbol for symbol, _ in runs])
    lengths = code_lengths([counts[symbol] for symbol in range(19)], 7)
    ordered = [lengths[symbol] for symbol in _RUN_ORDER]
    told = max(4, _used(ordered))
    texts = codes(lengths)
    header = [_bits(told_symbols - 257, 5), _bits(told_distances - 1, 5), _bits(told - 4, 4)]
    header += [_bits(length, 3) for length in ordered[:told]]
    header += [texts[symbol] + _bits(extra, _RUN_EXTRA[symbol]) for symbol, extra in runs]
    return _Code(symbols, distances, "".join(header))


def _used(lengths: Sequence[int]) -> int:
    """Return the number of *lengths* without the zeros at the end."""
    return max(index for index, length in enumerate(lengths, 1) if length)


def _runs(lengths: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the code lengths as symbols of the code length alphabet, each with the value of its extra bits.

    A run is cut from its start into the longest pieces; one of a length other than 0 starts with the length itself.
    """
    for length, run in groupby(lengths):
        count = len(list(run))
        if length:
            yield length, 0
            count -= 1
        while count >= 3:
            piece = min(count, 6 if length else 138)
            if length:
                yield 16, piece - 3
            elif piece < 11:
                yield 17, piece - 3
            else:
                yield 18, piece - 11
            count -= piece
        yield from [(length, 0)] * count


def _write_block(out: _Bits, block: _Block, data: bytes, *, is_last: bool) -> None:
    """Write *block*, which stands for *data*, as the first of stored, fixed and dynamic that is the smallest."""
    last = "1" if is_last else "0"
    fixed = _size(block.symbols, block.distances, _FIXED)
    pieces = range(0, len(data), _STORED)
    # Each stored piece has its own three bits, then padding; the three bits of the first are not counted here.
    stored = (out.spare - 3) % 8 + 8 * len(pieces) - 8 + 32 * len(pieces) + 8 * len(data)
    if stored <= min(fixed, block.bits) and data:
        for start in pieces:
            piece = data[start : start + _STORED]
            out.put((last if start == pieces[-1] else "0") + "00")
            out.put("0" * out.spare)
            out.put_bytes(len(piece).to_bytes(2, "little") + (_STORED - len(piece)).to_bytes(2, "little") + piece)
    elif fixed <= block.bits:
        out.put(last + "10" + _encode(block.tokens, _FIXED))
    else:
        out.put(last + "01" + _encode(block.tokens, block.code))


def _encode(tokens: Iterable[int], code: _Code) -> str:
    """Return the header of *code*, the tokens in that code and the end of the block."""
    symbols = codes(code.symbols)
    lengths = [
        symbols[_END + 1 + symbol] + _bits(length - _LENGTH_BASES[symbol], _LENGTH_EXTRA[symbol])
        for length, symbol in enumerate(_LENGTH_SYMBOLS)
    ]
    distances = _DistanceBits(codes(code.distances))
    bits = [symbols[token] if token < MATCH else lengths[token & 511] + distances[token >> 9] for token in tokens]
    return "".join([code.header, *bits, symbols[_END]])


class _DistanceBits(dict[int, str]):
    """The bits of each distance, its symbol's code and its extra bits, made on first use."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __missing__(self, distance: int) -> str:
        symbol = _DISTANCE_SYMBOLS[distance]
        bits = self._texts[symbol] + _bits(distance - _DISTANCE_BASES[symbol], _DISTANCE_EXTRA[symbol])
        self[distance] = bits
        return bits


def _bits(value: int, count: int) -> str:
    """Return the lowest *count* bits of *value*, the lowest first."""
    return f"{value:0{count}b}"[::-1] if count else ""


class _Bits:
    """A stream of bits that fills each byte from its lowest bit."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._rest = ""

    @property
    def spare(self) -> int:
        """The number of bits that the last byte has left, 0 to 7."""
        return -len(self._rest) % 8

    def put(self, bits: str) -> None:
        """Append *bits*, a text of 0 and 1 in the order they are sent."""
        bits = self._rest + bits
        count = len(bits) // 8
        self._rest = bits[8 * count :]
        # int() refuses an empty text: hence the 0 in front.
        self._bytes += int("0" + bits[: 8 * count][::-1], 2).to_bytes(count, "little")

    def put_bytes(self, data: bytes) -> None:
        """Append whole bytes, after a whole byte."""
        self._bytes += data

    def finish(self) -> bytes:
        """Return the stream, its last byte filled up with zeros."""
        self.put("0" * self.spare)
        return bytes(self._bytes)
