"""The program ``zigbuild``, also run by ``python -m zigbuild_backend``."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command that the process was started with, and gives its exit code."""
    try:
        from .cli.program import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # so early, or so late, that there is nothing to say of it
        import signal

        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
