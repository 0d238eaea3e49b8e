"""Run-length coding."""

from ._encode import encode
from .inner import decode

__all__ = ["decode", "encode"]
