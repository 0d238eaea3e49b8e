"""The name and version of the backend, and the versions of zig that it supports."""

from __future__ import annotations

NAME = "zigbuild-backend"
VERSION = "0.2.0"

SUPPORTED_ZIGS = ("0.15.2", "0.16.0", "0.17.0")
"""The versions of the ``ziglang`` package that every feature is tested with."""

DEFAULT_ZIG = "0.16.0"
"""The newest version that has a wheel for every kind of host."""
