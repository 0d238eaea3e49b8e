"""Are a wheel's tags and claims true? Of one module over its bytes, and of a whole wheel file."""

from __future__ import annotations

from .module import Origin, audit_library, audit_module, init_symbols
from .origin import find_origin
from .policy import Policy, builtin_policy, find_policy, read_auditwheel_policy
from .wheel import WheelReport, check_wheel

__all__ = [
    "Origin",
    "Policy",
    "WheelReport",
    "audit_library",
    "audit_module",
    "builtin_policy",
    "check_wheel",
    "find_origin",
    "find_policy",
    "init_symbols",
    "read_auditwheel_policy",
]
