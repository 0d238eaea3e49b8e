"""What ``_fast`` does, in Python."""

_BITS = [f"{byte:b}".count("1") for byte in range(256)]


def count_bits(data: bytes, /) -> int:
    """How many bits of *data* are set."""
    return sum(_BITS[byte] for byte in data)
