def fibonacci(index: int, /) -> int:
    """The Fibonacci number with that *index*, as far as it has 64 bits."""
