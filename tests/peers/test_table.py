"""The table of docs/peers.md: it names these tests, all of them, and its counts are those of its rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from machines import ROOT

SECTION = (ROOT / "docs" / "peers.md").read_text("utf-8").partition("## Test packages of other backends\n")[2]
ROW = re.compile(r"^\| `([\w-]+)` \|(.*)\| (passes|differs: .+|not supported: .+) \|$", re.MULTILINE)


@pytest.mark.parametrize("peer", ["meson-python", "scikit-build-core"])
def test_counts(peer: str) -> None:
    part = SECTION.partition(f"**{peer}** at ")[2].partition("\n**")[0]
    rows = ROW.findall(part)
    assert len(rows) == len(re.findall(r"^\| `", part, re.MULTILINE))
    results = [result.partition(":")[0] for _, _, result in rows]
    counts = [results.count(word) for word in ("passes", "differs", "not supported")]
    said = "of {} packages, {} pass, {} differ, {} not supported.".format(len(rows), *counts)
    assert said in part
    assert all(bool(tests.strip()) != result.startswith("not") for _, tests, result in rows)


def test_every_test_is_named() -> None:
    others = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    there = {name for path in others for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)}
    assert {name for _, tests, _ in ROW.findall(SECTION) for name in re.findall(r"`(\w+)`", tests)} == there
