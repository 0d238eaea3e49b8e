"""Rebuilds wheels from their specifications: the same inputs, in their own environment, give the same bytes."""
