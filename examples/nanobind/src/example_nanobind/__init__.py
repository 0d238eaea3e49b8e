"""Words by their beginnings."""

from ._tree import PrefixTree

__all__ = ["PrefixTree"]
