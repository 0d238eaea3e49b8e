import zlib

import pytest

from example_c_zig import adler32


@pytest.mark.parametrize("data", [b"", b"Wikipedia", bytes(range(256)) * 1000])
def test_adler32(data: bytes) -> None:
    assert adler32(data) == zlib.adler32(data)


def test_takes_bytes_only() -> None:
    with pytest.raises(TypeError):
        adler32("spam")
