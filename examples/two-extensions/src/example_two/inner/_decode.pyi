def decode(pairs: bytes, /) -> bytes:
    """What ``encode`` made *pairs* of; ValueError if it cannot have."""
