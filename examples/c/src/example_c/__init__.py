"""The edit distance between two strings."""

from ._distance import distance

__all__ = ["distance"]
