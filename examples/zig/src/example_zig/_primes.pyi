def primes(limit: int, /) -> list[int]:
    """The prime numbers below *limit*, in order."""
