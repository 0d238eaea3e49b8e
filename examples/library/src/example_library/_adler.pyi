from typing_extensions import Buffer

def adler(data: Buffer, /) -> int:
    """Adler-32."""
