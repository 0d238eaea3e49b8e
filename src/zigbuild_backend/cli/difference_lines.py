"""Differences between two wheels as lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ..rebuild.compare.difference import Difference
from .session import Session


def print_differences(differences: Iterable[Difference], session: Session, indent: str = "") -> None:
    """Print each place, below it what differs there, and below that the possible reason."""
    for place, group in groupby(differences, key=lambda difference: difference.place):
        session.result(f"{indent}{place}")
        for difference in group:
            session.result(f"{indent}  {difference.what}")
            if difference.why:
                session.result(f"{indent}    why: {difference.why}")
