def distance(a: str, b: str, /) -> int:
    """How many insertions, deletions and replacements of one character lead from *a* to *b* (Levenshtein, 1965)."""
