is_assembler: bool
"""Whether there is assembler for this processor."""

def multiply_high(a: int, b: int, /) -> int:
    """``a * b >> 64`` of numbers below ``2**64``."""
