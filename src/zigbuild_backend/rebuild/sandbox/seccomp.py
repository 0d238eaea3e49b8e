"""The seccomp filter: refuses the system calls that reach round namespaces.

Those are sockets that a network namespace does not isolate (such as those from a virtual machine to its host), keys of
the user's session, memory that belongs to no process, and io_uring, whose calls no filter sees.
"""

from __future__ import annotations

import errno
import struct

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the classic Berkeley packet filter: load a word of the call, compare it with a constant, return."""

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in ``struct seccomp_data``."""

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
"""The error number is added to it."""

_FAMILIES = (1, 2, 10, 16)
"""The allowed families of sockets: Unix, IPv4, IPv6 and netlink, by which programs ask for their addresses."""

_X32 = 0x40000000
"""The first number of the x32 ABI, which has all calls of x86-64 once more."""

_GENERIC = {
    "socket": 198, "shmget": 194, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241, "bpf": 280,
    "userfaultfd": 282, "io_uring_setup": 425,
}  # fmt: skip
_X86_64 = {
    "socket": 41, "shmget": 29, "add_key": 248, "request_key": 249, "keyctl": 250, "perf_event_open": 298, "bpf": 321,
    "userfaultfd": 323, "io_uring_setup": 425,
}  # fmt: skip
_ARCHITECTURES = {
    "x86_64": (0xC000003E, _X86_64),
    "aarch64": (0xC00000B7, _GENERIC),
    "riscv64": (0xC00000F3, _GENERIC),
}


def render_filter(machine: str) -> bytes:
    """Return the filter for *machine* (as ``platform.machine`` names it) in binary form; empty if there is none."""
    if machine not in _ARCHITECTURES:
        return b""
    architecture, numbers = _ARCHITECTURES[machine]
    refuse = _REFUSE + errno.ENOSYS
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, refuse),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, refuse),
    ]
    for name, number in numbers.items():
        if name != "socket":
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    program += [(_EQUAL, 1, 0, numbers["socket"]), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    for family in _FAMILIES:
        program += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    program.append((_RETURN, 0, 0, _REFUSE + errno.EAFNOSUPPORT))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
