"""The index: published releases, their bytes, and the recreation of bytes that were dropped."""
