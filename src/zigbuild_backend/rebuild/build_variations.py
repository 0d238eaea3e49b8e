"""Variations of the build environment: all that may differ between two machines, and must not reach a wheel's bytes."""

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
class Variation:
    """The Python that builds, the number of jobs (None: one a core), umask, time zone, locale and name of the folder.

    ``is_cold`` says that the caches must hold nothing that was compiled for the project before.
    """

    python: Path
    jobs: int | None = None
    umask: int = 0o022
    timezone: str = "UTC"
    locale: str = "C.UTF-8"
    is_cold: bool = False
    folder: str = "out"

    def to_json(self) -> dict[str, Any]:
        """Return the variation as it stands in the JSON documents of verifications."""
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


def default_variation() -> Variation:
    """Return the variation of a rebuild where nothing else is asked for: the running Python and warm caches."""
    return Variation(Path(sys.executable))


def contrasting_variations(environ: Mapping[str, str]) -> tuple[Variation, Variation]:
    """Return two variations that differ in all that this machine can vary, such as the oldest and the newest Python."""
    pythons = [interpreter.executable for interpreter in list_interpreters(environ)] or [Path(sys.executable)]
    return (
        Variation(pythons[-1], jobs=None if os.cpu_count() != 1 else 2),
        Variation(
            pythons[0],
            jobs=1,
            umask=0o077,
            timezone="Asia/Kathmandu",
            locale="C",
            is_cold=True,
            folder="ein anderer Ort, é",
        ),
    )
