"""Prime numbers."""

from ._sieve import Sieve

__all__ = ["Sieve"]
