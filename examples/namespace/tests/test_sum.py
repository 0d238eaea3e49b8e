import pytest

import example_namespace
from example_namespace.digits import digit_sum


def test_digit_sum() -> None:
    assert [digit_sum(number) for number in (0, 9, 12345, 2**64 - 1)] == [0, 9, 15, 87]


def test_negative() -> None:
    with pytest.raises((OverflowError, TypeError)):
        digit_sum(-1)


def test_others_can_fill_the_namespace() -> None:
    assert example_namespace.__file__ is None
