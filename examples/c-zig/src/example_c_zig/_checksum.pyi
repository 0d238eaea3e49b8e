def adler32(data: bytes, /) -> int:
    """The Adler-32 checksum of *data*, as in zlib."""
