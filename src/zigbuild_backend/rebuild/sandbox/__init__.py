"""Runs foreign programs in a sandbox: they see only their inputs, reach nothing else, and are held to limits."""
