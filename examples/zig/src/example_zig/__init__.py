"""The prime numbers below a limit."""

from ._primes import primes

__all__ = ["primes"]
