"""Running programs that nobody vouches for: they see their inputs alone, reach nothing else and pass no limit."""

from __future__ import annotations

from .bubblewrap import Bubblewrap, end_left, find_sandbox
from .limits import Completed, LimitError, Limits, Sandbox
from .unconfined import Unconfined

__all__ = ["Bubblewrap", "Completed", "LimitError", "Limits", "Sandbox", "Unconfined", "end_left", "find_sandbox"]
