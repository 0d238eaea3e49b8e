import zlib

import pytest

from example_library import adler, crc

DATA = [b"", b"123456789", bytes(range(256)) * 100]


@pytest.mark.parametrize("data", DATA, ids=len)
def test_same_as_zlib(data: bytes) -> None:
    assert (adler(data), crc(data)) == (zlib.adler32(data), zlib.crc32(data))


def test_takes_bytes_only() -> None:
    with pytest.raises(TypeError):
        crc("123456789")
