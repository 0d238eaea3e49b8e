import pytest

from example_zig_package import fibonacci


def test_fibonacci() -> None:
    assert [fibonacci(index) for index in range(10)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
    assert fibonacci(93) == 12200160415121876738


def test_limit_of_the_options() -> None:
    with pytest.raises(OverflowError):
        fibonacci(94)
