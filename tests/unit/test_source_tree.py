"""Globs over a tree of files, and what makes the identity of the tree."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from projects import tree_of
from zigbuild_backend.core.project.source_tree import SourceFile, SourceTree

TREE = tree_of("a.c", "src/a.c", "src/b.cc", "src/deep/er/c.c", "src/[odd].c", "src.c", "src/ü.c")


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("a.c", ["a.c"]),
        ("src/a.c", ["src/a.c"]),
        ("*.c", ["a.c", "src.c"]),
        ("src/*.c", ["src/[odd].c", "src/a.c", "src/ü.c"]),
        ("src/?.c", ["src/a.c", "src/ü.c"]),
        ("src/[ab].c*", ["src/a.c", "src/b.cc"]),
        ("src/[!a].c", ["src/ü.c"]),
        ("src/[a-c].*", ["src/a.c", "src/b.cc"]),
        ("src/[[]odd[]].c", ["src/[odd].c"]),
        ("**/a.c", ["a.c", "src/a.c"]),
        ("src/**/*.c", ["src/[odd].c", "src/a.c", "src/deep/er/c.c", "src/ü.c"]),
        ("src/**", [path for path in TREE.by_path if path.startswith("src/")]),
        ("**", list(TREE.by_path)),
        ("a?c", ["a.c"]),
        ("a[.]c", ["a.c"]),
        ("src", []),
        ("src/", []),
        ("*", ["a.c", "src.c"]),
        # What would be wrong as a regular expression is right as a glob.
        ("[", []),
        ("[z-a].c", []),
        ("[]", []),
        ("[!]", []),
        ("(a.c", []),
        ("[[:alpha:]].c", []),
        ("[a&&b].c", ["a.c"]),
        ("[a||b].c", ["a.c"]),
        ("[a~~b].c", ["a.c"]),
        ("[^a].c", ["a.c"]),
    ],
)
def test_match(pattern: str, matched: list[str]) -> None:
    assert TREE.match([pattern]) == matched


def test_match_of_several_patterns_keeps_the_order_of_the_tree() -> None:
    assert TREE.match(["src/b.cc", "src/a.c", "src/?.c*"]) == ["src/a.c", "src/b.cc", "src/ü.c"]
    assert TREE.match([]) == []


@pytest.mark.parametrize("folder", ["src", "src/"])
def test_below_a_folder(folder: str) -> None:
    assert TREE.below(folder) == [path for path in TREE.by_path if path.startswith("src/")]
    assert TREE.below("src/deep") == ["src/deep/er/c.c"]
    assert TREE.below("sr") == []


@pytest.mark.parametrize("folder", [".", ""])
def test_below_everything(folder: str) -> None:
    assert TREE.below(folder) == list(TREE.by_path)


def test_digest_depends_on_path_content_and_mode_of_each_file() -> None:
    first, *rest = TREE.files
    others = [
        replace(first, path="other.c"),
        replace(first, sha256="0" * 64),
        replace(first, is_executable=True),
    ]
    digests = {SourceTree((file, *rest)).digest for file in (first, *others)} | {SourceTree(tuple(rest)).digest}
    assert len(digests) == 5
    assert SourceTree(TREE.files).digest == TREE.digest


def test_digest_is_as_documented() -> None:
    files = (SourceFile("a b", "11" * 32), SourceFile("ü", "22" * 32, is_executable=True))
    rows = [f"{path}\0{mode}\0{sha256 * 32}\n" for path, mode, sha256 in [("a b", 644, "11"), ("ü", 755, "22")]]
    assert SourceTree(files).digest == hashlib.sha256("".join(rows).encode()).hexdigest()
