"""What this version of the backend is, and the versions of zig that it is pinned to."""

from __future__ import annotations

NAME = "zigbuild-backend"
VERSION = "0.1.0"

SUPPORTED_ZIGS = ("0.15.2", "0.16.0", "0.17.0")
"""The versions of the ``ziglang`` package that every feature is tested with."""

DEFAULT_ZIG = "0.16.0"
"""The newest that has a wheel for every kind of host."""

DEFAULT_EPOCH = 315532800
"""The time in archives where SOURCE_DATE_EPOCH says none: 1980-01-01, the first that a zip can hold."""
