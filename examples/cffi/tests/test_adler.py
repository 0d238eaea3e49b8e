import zlib

import pytest

from example_cffi import adler32


@pytest.mark.parametrize("data", [b"", b"a", b"Wikipedia", bytes(range(256)) * 1000, b"\xff" * 100_000])
def test_is_that_of_zlib(data: bytes) -> None:
    assert adler32(data) == zlib.adler32(data)


def test_goes_on() -> None:
    assert adler32(b"pedia", adler32(b"Wiki")) == zlib.adler32(b"Wikipedia")
