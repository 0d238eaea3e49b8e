"""``[tool.zigbuild]`` and ``recipe.toml`` as frozen values.

:mod:`.model` and :mod:`.recipe` say what can be set, :mod:`.parser` reads it strictly.
"""
