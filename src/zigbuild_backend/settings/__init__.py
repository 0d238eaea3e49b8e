"""``[tool.zigbuild]`` and ``recipe.toml`` as frozen values.

:mod:`.model` and :mod:`.recipe` say what can be set, :mod:`.parser` reads it strictly.
"""

from __future__ import annotations

from .conditions import Condition, When
from .contents import Editable, Fragment, Readme, SdistContents, Substitution, VersionSource, WheelContents
from .fields import Names, Paths, Values
from .generators import Generator
from .model import Settings
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
    "Editable",
    "Executable",
    "Extension",
    "Flags",
    "Fragment",
    "Generator",
    "Inputs",
    "Library",
    "Names",
    "Paths",
    "Product",
    "Readme",
    "SdistContents",
    "Settings",
    "Std",
    "Substitution",
    "Values",
    "VersionSource",
    "WheelContents",
    "When",
    "parse_settings",
]
