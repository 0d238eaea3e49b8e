"""Finds and runs zig, and keeps the folders that it builds in."""
