"""How many bits of bytes are set."""

try:
    from ._fast import count_bits
except ImportError:
    from ._slow import count_bits

    is_fast = False
else:
    is_fast = True

__all__ = ["count_bits", "is_fast"]
