"""Are a wheel's tags and claims true? Of one module over its bytes; :mod:`.wheel` asks it of a whole file."""

from __future__ import annotations

from .module import Origin, audit_library, audit_module, audit_program, init_symbols
from .origin import find_origin
from .policy import Policy, builtin_policy, find_policy, read_auditwheel_policy

__all__ = [
    "Origin",
    "Policy",
    "audit_library",
    "audit_module",
    "audit_program",
    "builtin_policy",
    "find_origin",
    "find_policy",
    "init_symbols",
    "read_auditwheel_policy",
]
