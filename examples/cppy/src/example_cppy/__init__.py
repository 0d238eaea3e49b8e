"""Counting what an iterable yields."""

from ._tally import tally

__all__ = ["tally"]
