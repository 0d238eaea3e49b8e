def platform() -> dict[str, str | bool]:
    """The facts, by name."""
