"""The filter of system calls: refuses the few that would reach round the namespaces.

Sockets of other kinds than those that a network namespace holds apart (the channel from a virtual machine to its host
is one), keys of the user's session, memory that belongs to no process, and io_uring, which makes calls past filters.
"""

from __future__ import annotations

import errno
import struct

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the classic Berkeley packet filter: load a word of the call, compare it with a constant, decide."""

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Where the words lie in what the system shows of a call."""

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
"""With an error number added to it."""

_FAMILIES = (1, 2, 10, 16)
"""The sockets that are left: Unix, IPv4, IPv6 and netlink, by which programs ask for their addresses."""

_X32 = 0x40000000
"""From here on x86-64 counts its calls once more, for programs with small pointers."""

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
    """The filter for a machine (``platform.machine`` says which) as the system reads it; empty if none is known."""
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
