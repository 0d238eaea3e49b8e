"""Finds the programs by which this machine runs wheels for other ones."""
