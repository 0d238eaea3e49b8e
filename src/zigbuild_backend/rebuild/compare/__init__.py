"""Explains what differs between two wheels, and why."""
