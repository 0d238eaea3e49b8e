"""The way back."""

from ._decode import decode

__all__ = ["decode"]
