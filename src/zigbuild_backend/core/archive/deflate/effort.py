"""The effort of the deflater in its search for repetitions: the part of the profile that a caller chooses."""

from __future__ import annotations

from ...base.frozen import dataclass

PROFILE = "deflate-1"
"""The name of the algorithm with ``BEST``, as written in a wheel's buildinfo. Other bytes need another name."""


@dataclass(frozen=True)
class Effort:
    """The numbers of the algorithm that trade time for size; the package's docstring defines each.

    ``chain`` counts candidates (1 to 32768), ``nice``, ``lazy`` and ``near`` are lengths and a distance in bytes (0 to
    32768), ``chunk`` counts tokens (1 to 65536).
    """

    chain: int
    nice: int
    lazy: int
    near: int
    chunk: int


FAST = Effort(chain=8, nice=32, lazy=32, near=0, chunk=16384)
"""For the pure-Python deflater, which packs sdists."""

BEST = Effort(chain=256, nice=258, lazy=258, near=4096, chunk=2048)
"""For the native deflater, which packs wheels."""
