def count(text: str, /, longest: int = 100) -> dict[str, int]:
    """Word → number of times; ValueError for a word of more than *longest* bytes in UTF-8."""
