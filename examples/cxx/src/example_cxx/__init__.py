"""How often each word of a text occurs."""

from ._words import count

__all__ = ["count"]
