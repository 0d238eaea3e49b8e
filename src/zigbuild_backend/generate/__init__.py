"""Sources that are generated, and headers that come from other packages: made and found before anything is compiled."""

from .running import Bench
from .supplies import NO_SUPPLIES, Supplies, generate_contents, provide
from .tools import Tools, find_tools, select_requirements

__all__ = [
    "NO_SUPPLIES",
    "Bench",
    "Supplies",
    "Tools",
    "find_tools",
    "generate_contents",
    "provide",
    "select_requirements",
]
