"""What is known of the platform since the module was compiled."""

from ._platform import platform

__all__ = ["platform"]
