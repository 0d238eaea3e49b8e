import math

from example_build_file import divisor


def test_same_as_math() -> None:
    assert divisor(48, 36) == 12
    assert all(divisor(a, b) == math.gcd(a, b) for a in range(50) for b in range(50))
