import statistics

import pytest

from example_pybind11 import RunningMedian


def test_median_of_each_beginning() -> None:
    numbers = [5.0, 1.0, 4.0, 4.0, -2.5, 9.0, 0.0]
    running = RunningMedian()
    for count, number in enumerate(numbers, 1):
        running.add(number)
        assert running.median == statistics.median(numbers[:count])
    assert len(running) == len(numbers)


def test_an_exception_of_cxx_is_one_of_python() -> None:
    with pytest.raises(ValueError, match="no median of nothing"):
        RunningMedian().median  # noqa: B018


def test_takes_sequences_of_numbers_only() -> None:
    running = RunningMedian()
    running.extend([1, 2, 3, 4])
    assert running.median == 2.5
    with pytest.raises(TypeError):
        running.extend(["1"])
