"""Errors, pins, targets, Pythons and the store, which all other modules use."""
