"""Patterns as in .gitignore, beside what git itself makes of them."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.core.project.ignore import find_start, match_ignored

PATHS = ["a", "a.c", "b/a", "b/c/a.c", "b/c/d/a", "c/b/a.c", "c/b/x.o", "d/a/b/c", "docs/a.c", "docs/b/c.txt", "x[1].c"]


@pytest.mark.parametrize(
    ("patterns", "matched"),
    [
        (["*.c"], "a.c b/c/a.c c/b/a.c docs/a.c x[1].c"),
        (["/*.c"], "a.c x[1].c"),
        (["a"], "a b/a b/c/d/a d/a/b/c"),
        (["a/"], "d/a/b/c"),
        (["/a"], "a"),
        (["b/a"], "b/a"),
        (["b/"], "b/a b/c/a.c b/c/d/a c/b/a.c c/b/x.o d/a/b/c docs/b/c.txt"),
        (["b/**"], "b/a b/c/a.c b/c/d/a"),
        (["**/c/a.c"], "b/c/a.c"),
        (["b/**/a"], "b/a b/c/d/a"),
        (["docs", "!docs/a.c"], "docs/a.c docs/b/c.txt"),  # what is in a folder that is matched cannot be taken out
        (["docs/*", "!docs/a.c"], "docs/b/c.txt"),
        (["/*", "!/docs"], "a a.c b/a b/c/a.c b/c/d/a c/b/a.c c/b/x.o d/a/b/c x[1].c"),
        (["x[[]1].c", "[!ab]/b/*.[co]"], "c/b/a.c c/b/x.o x[1].c"),
        (["?"], "a b/a b/c/a.c b/c/d/a c/b/a.c c/b/x.o d/a/b/c docs/b/c.txt"),
        (["**"], " ".join(PATHS)),
        (["nothing", "b**a"], ""),
        ([], ""),
    ],
)
def test_patterns(patterns: list[str], matched: str) -> None:
    assert match_ignored(patterns, PATHS) == matched.split()


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_as_git_does(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(PATHS, ""))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    dice = random.Random(4)
    parts = ["a", "b", "c", "d", "*", "**", "?", "[a-c]", "[!a]", "*.c", "a*", "docs", "*[.]c", "x[[]*"]
    counts = []
    for _ in range(60):
        patterns = []
        for _ in range(dice.randint(1, 3)):
            pattern = "/".join(dice.choices(parts, k=dice.randint(1, 3)))
            patterns.append(dice.choice(["", "", "!"]) + dice.choice(["", "/"]) + pattern + dice.choice(["", "", "/"]))
        (tmp_path / ".git" / "info" / "exclude").write_text("".join(f"{pattern}\n" for pattern in patterns))
        command = ["git", "-C", tmp_path, "-c", "core.excludesFile=", "check-ignore", "-z", "--stdin"]
        asked = subprocess.run(command, input="\0".join(PATHS), capture_output=True, text=True)
        assert match_ignored(patterns, PATHS) == asked.stdout.split("\0")[:-1], patterns
        counts.append(asked.stdout.count("\0"))
    assert len([count for count in counts if 0 < count < len(PATHS)]) > 10


@pytest.mark.parametrize(
    ("pattern", "start"),
    [
        ("*.c", ""),
        ("a", ""),
        ("a/", ""),
        ("/a", "a"),
        ("/a/", "a"),
        ("a/b", "a/b"),
        ("a/*/b", "a"),
        ("**/a", ""),
        ("a/b[1]/c", "a"),
        ("!/build/x.c", "build/x.c"),
    ],
)
def test_where_a_search_begins(pattern: str, start: str) -> None:
    assert find_start(pattern) == start
