"""``[tool.zigbuild]`` and ``recipe.toml`` as frozen values.

:mod:`.model` and :mod:`.recipe` say what can be set, :mod:`.parser` reads it strictly.
"""

from __future__ import annotations

from .model import Addition, Condition, Extension, Flags, Names, Settings, Std, WheelContents
from .parser import parse_settings

__all__ = ["Addition", "Condition", "Extension", "Flags", "Names", "Settings", "Std", "WheelContents", "parse_settings"]
