"""Length-limited Huffman codes by package-merge, with a total order for equal weights."""

from __future__ import annotations

from collections.abc import Sequence


def code_lengths(weights: Sequence[int], limit: int) -> list[int]:
    """Return the code length in bits of each symbol (0: unused), none above *limit*, with the smallest weighted sum.

    *weights* has the number of occurrences of each symbol. A code of fewer than two symbols would be incomplete, which
    some decoders refuse, so the lowest unused symbols are added with weight 1 until there are two.
    """
    used = [(weight, symbol) for symbol, weight in enumerate(weights) if weight]
    unused = (symbol for symbol, weight in enumerate(weights) if not weight)
    while len(used) < 2:
        used.append((1, next(unused)))
    used.sort()

    # An item is twice its weight, plus 1 for a package, so that leaves come before packages of the same weight.
    leaves = [weight << 1 for weight, _ in used]
    rows = [leaves]
    for _ in range(limit - 1):
        row = rows[-1]
        packages = [(left >> 1) + (right >> 1) << 1 | 1 for left, right in zip(row[::2], row[1::2], strict=False)]
        rows.append(sorted(leaves + packages))

    lengths = [0] * len(weights)
    taken = 2 * len(leaves) - 2
    for row in reversed(rows):
        packaged = sum([item & 1 for item in row[:taken]])
        for _, symbol in used[: taken - packaged]:
            lengths[symbol] += 1
        taken = 2 * packaged
    return lengths


def codes(lengths: Sequence[int]) -> list[str]:
    """Return the canonical code of RFC 1951, 3.2.2: each symbol's bits as text, in the order they are sent."""
    texts = [""] * len(lengths)
    code = reached = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - reached
        reached = length
        texts[symbol] = f"{code:0{length}b}"
        code += 1
    return texts
