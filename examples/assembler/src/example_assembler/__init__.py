"""The upper half of a product of 64-bit numbers."""

from ._multiply import is_assembler, multiply_high

__all__ = ["is_assembler", "multiply_high"]
