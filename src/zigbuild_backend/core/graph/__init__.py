"""Turns a project into build.zig, and runs it: one graph for all wheels."""
