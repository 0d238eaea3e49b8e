def divisor(a: int, b: int, /) -> int:
    """The greatest common divisor of two numbers below 2**64."""
