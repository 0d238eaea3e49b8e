"""``[tool.zigbuild]`` and ``recipe.toml`` as frozen values.

:mod:`.model` and :mod:`.recipe` say what can be set, :mod:`.parser` reads it strictly.
"""

from __future__ import annotations

from .conditions import Condition, When
from .fields import Names, Values
from .model import Settings, WheelContents
from .parser import parse_settings
from .products import (
    Addition,
    ConfigAddition,
    ConfigHeader,
    Dependency,
    Executable,
    Extension,
    Flags,
    Inputs,
    Library,
    Product,
    Std,
)

__all__ = [
    "Addition",
    "Condition",
    "ConfigAddition",
    "ConfigHeader",
    "Dependency",
    "Executable",
    "Extension",
    "Flags",
    "Inputs",
    "Library",
    "Names",
    "Product",
    "Settings",
    "Std",
    "Values",
    "WheelContents",
    "When",
    "parse_settings",
]
