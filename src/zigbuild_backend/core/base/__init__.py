"""Errors, pins, targets, Pythons and the store: what everything else stands on."""
