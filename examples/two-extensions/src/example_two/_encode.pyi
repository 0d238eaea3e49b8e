def encode(data: bytes, /) -> bytes:
    """*data* as pairs of a count from 1 to 255 and a byte."""
