"""The program ``zigbuild``, also run by ``python -m zigbuild_backend``."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command that the process was started with, and gives its exit code."""
    from .cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
