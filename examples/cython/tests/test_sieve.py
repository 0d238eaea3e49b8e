import pytest

from example_cython import Sieve


@pytest.mark.parametrize(("limit", "count"), [(-1, 0), (0, 0), (2, 0), (3, 1), (100, 25), (1_000_000, 78_498)])
def test_primes_below_a_limit(limit: int, count: int) -> None:
    assert sum(1 for _ in Sieve(limit)) == count


def test_is_prime() -> None:
    sieve = Sieve(30)
    assert [number for number in range(-2, 30) if sieve.is_prime(number)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    with pytest.raises(ValueError, match="30 is not below 30"):
        sieve.is_prime(30)
