import pytest

from example_two import decode, encode


@pytest.mark.parametrize("data", [b"", b"a", b"aaaab", b"\0" * 1000, bytes(range(256))])
def test_there_and_back(data: bytes) -> None:
    assert decode(encode(data)) == data


def test_pairs() -> None:
    assert encode(b"aaaab") == b"\4a\1b"
    assert encode(b"a" * 256) == b"\xffa\1a"


def test_half_a_pair() -> None:
    with pytest.raises(ValueError, match="pairs"):
        decode(b"a")
