"""Sources that are generated, and headers that come from other packages: made and found before anything is compiled."""

from .headers import read_headers
from .running import Bench
from .supplies import NO_SUPPLIES, Supplies, generate_contents, provide
from .tools import Tools, find_tools, select_requirements, select_tools

__all__ = [
    "NO_SUPPLIES",
    "Bench",
    "Supplies",
    "Tools",
    "find_tools",
    "generate_contents",
    "provide",
    "read_headers",
    "select_requirements",
    "select_tools",
]
