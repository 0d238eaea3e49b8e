from typing_extensions import Buffer

def crc(data: Buffer, /) -> int:
    """CRC-32, as in gzip."""
