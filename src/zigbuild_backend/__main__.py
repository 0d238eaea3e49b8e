"""The program ``zigbuild``, also run by ``python -m zigbuild_backend``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command of ``sys.argv``, and return its exit code."""
    try:
        from .cli.program import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are imported, or after the command has ended
        import signal

        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
