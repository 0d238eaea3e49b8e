def digit_sum(number: int, /) -> int:
    """The sum of the decimal digits of *number*, which is below ``2**64``."""
