"""``[tool.zigbuild]`` and ``recipe.toml`` as frozen values.

:mod:`.model` and :mod:`.recipe_model` declare the keys, :mod:`.parser` reads them strictly.
"""

TABLE = "tool.zigbuild"
"""The key of the table of settings in pyproject.toml."""
