import pytest

from example_zig import primes


def test_primes() -> None:
    assert primes(0) == primes(2) == []
    assert primes(30) == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert len(primes(10**6)) == 78498


def test_takes_numbers_only() -> None:
    with pytest.raises(TypeError):
        primes("30")  # type: ignore[arg-type]
