import pytest

from example_optional import _slow, count_bits, is_fast


@pytest.mark.parametrize(("data", "count"), [(b"", 0), (b"spam", 16), (b"\xff" * 1000, 8000)])
def test_count_bits(data: bytes, count: int) -> None:
    assert count_bits(data) == _slow.count_bits(data) == count


def test_which_one_is_used() -> None:
    assert is_fast == (count_bits is not _slow.count_bits)
