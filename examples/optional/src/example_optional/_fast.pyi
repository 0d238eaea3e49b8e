def count_bits(data: bytes, /) -> int:
    """How many bits of *data* are set."""
