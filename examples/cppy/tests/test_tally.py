import sys

import pytest

from example_cppy import tally


def test_counts_in_order_of_appearance() -> None:
    assert list(tally("banana").items()) == [("b", 1), ("a", 3), ("n", 2)]
    assert tally([]) == {}


@pytest.mark.parametrize("wrong", [3, [[]]])
def test_what_cannot_be_counted(wrong: object) -> None:
    with pytest.raises(TypeError):
        tally(wrong)


def test_an_error_of_the_iterable_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        tally(1 // number for number in (1, 0))


def test_nothing_is_kept() -> None:
    item = object()
    before = sys.getrefcount(item)
    for _ in range(100):
        tally([item, item])
        with pytest.raises(TypeError):
            tally([item, []])
    assert sys.getrefcount(item) == before
