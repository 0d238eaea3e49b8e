"""Sums of digits."""

from ._sum import digit_sum

__all__ = ["digit_sum"]
