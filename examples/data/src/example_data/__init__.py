"""Dice."""

from pathlib import Path


def read_dice():
    """The names of all dice."""
    return Path(__file__).with_name("dice.txt").read_text().split()
