"""Audits binaries and wheels: whether each is what its tags say."""
