"""Fibonacci numbers."""

from ._fibonacci import fibonacci

__all__ = ["fibonacci"]
