import numpy as np
from numpy.typing import ArrayLike, NDArray

def label(mask: ArrayLike, /) -> tuple[NDArray[np.int32], int]:
    """The number of each cell's region, 0 outside, and how many there are."""
