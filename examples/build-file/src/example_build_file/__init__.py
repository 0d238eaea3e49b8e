"""The greatest common divisor."""

from ._divisor import divisor

__all__ = ["divisor"]
