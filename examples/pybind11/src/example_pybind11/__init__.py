"""Medians of numbers that come one after the other."""

from ._median import RunningMedian

__all__ = ["RunningMedian"]
