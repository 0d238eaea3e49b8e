from collections.abc import Iterator

class Sieve:
    """Knows which of the numbers below *limit* are prime."""

    def __init__(self, limit: int) -> None: ...
    @property
    def limit(self) -> int: ...
    def is_prime(self, number: int) -> bool:
        """Whether *number*, which must be below the limit, is prime."""
    def __iter__(self) -> Iterator[int]: ...
