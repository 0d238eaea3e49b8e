"""The circumstances of a rebuild: all that may differ from one machine to another, and must not reach the bytes."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .environments.interpreters import list_interpreters, read_interpreter


@dataclass(frozen=True)
class Circumstance:
    """Which Python builds, with how many jobs (None: one a core), umask, time zone and locale, into what folder.

    ``is_cold`` says that nothing of the project may be at hand that was compiled before.
    """

    python: Path
    jobs: int | None = None
    umask: int = 0o022
    timezone: str = "UTC"
    locale: str = "C.UTF-8"
    is_cold: bool = False
    folder: str = "out"

    def to_json(self) -> dict[str, Any]:
        """What is told of it in verdicts."""
        return {
            "python": str(read_interpreter(self.python)),
            "machine": platform.machine(),
            "jobs": self.jobs or os.cpu_count() or 1,
            "umask": f"{self.umask:03o}",
            "timezone": self.timezone,
            "locale": self.locale,
            "caches": "cold" if self.is_cold else "warm",
            "folder": self.folder,
        }


def usual() -> Circumstance:
    """The circumstance of a rebuild where nothing else is asked for: this Python, and what is fastest."""
    return Circumstance(Path(sys.executable))


def contrast(environ: Mapping[str, str]) -> tuple[Circumstance, Circumstance]:
    """Two circumstances that differ in all that this machine can vary: the oldest and the newest Python, and so on."""
    pythons = [interpreter.executable for interpreter in list_interpreters(environ)] or [Path(sys.executable)]
    return (
        Circumstance(pythons[-1], jobs=None if os.cpu_count() != 1 else 2),
        Circumstance(
            pythons[0],
            jobs=1,
            umask=0o077,
            timezone="Asia/Kathmandu",
            locale="C",
            is_cold=True,
            folder="ein anderer Ort, é",
        ),
    )
