"""Connected regions of a boolean array."""

from ._regions import label

__all__ = ["label"]
