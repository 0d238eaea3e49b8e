"""Search for bytes in bytes."""

from ._pattern import Pattern

__all__ = ["Pattern"]
