import numpy as np
import pytest

from example_numpy import label


def test_regions_are_counted_from_the_top_left() -> None:
    labels, count = label([[1, 1, 0, 1], [0, 0, 0, 1], [1, 0, 1, 1]])
    assert count == 3
    assert labels.dtype == np.int32
    assert labels.tolist() == [[1, 1, 0, 2], [0, 0, 0, 2], [3, 0, 2, 2]]


def test_any_layout_and_an_empty_array() -> None:
    mask = np.zeros((50, 70), bool)
    mask[::2, :] = True
    for view in (mask, mask.T, mask[::-1, ::3]):
        labels, count = label(view)
        assert count == 25
        assert ((labels > 0) == view).all()
    assert label(np.zeros((0, 5), bool))[1] == 0


def test_takes_two_dimensions_only() -> None:
    with pytest.raises(ValueError, match="depth"):
        label([1, 0, 1])
