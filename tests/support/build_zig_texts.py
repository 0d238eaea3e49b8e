"""The part of a ``build.zig`` in which it differs from the one that is kept whole."""

from __future__ import annotations

import difflib
import re

_CALLS = re.compile(r"(?:^ +\w+\(b, wheel\);\n)+", re.MULTILINE)
_DECLARATION = re.compile(r"^ *(?:pub )?(?:const|fn) (\w+)", re.MULTILINE)


def render_difference(text: str, whole: str) -> str:
    """Render a ``build.zig`` without the paragraphs that it shares with *whole*.

    A comment names the shared paragraphs. Of a paragraph that declares the same name the lines that differ are shown,
    with ``-`` and ``+``; the project's own calls and functions are shown in full.
    """
    known = dict(_split(whole))
    shown: list[str] = []
    shared: list[str] = []
    for name, paragraph in [*_split(text), ("", "")]:
        if known.get(name) == paragraph:
            shared.append(name)
            continue
        if shared:
            shown.append(f"// As in the whole: {', '.join(shared)}")
        shared = []
        is_fixed = name in known and _DECLARATION.search(paragraph)
        shown.append(_compare(known[name], paragraph) if is_fixed else paragraph)
    return "\n\n".join(shown[:-1]) + "\n"


def _split(text: str) -> list[tuple[str, str]]:
    """Split a text at its empty lines into names and paragraphs; the calls in ``build()`` are one of their own."""
    paragraphs = []
    for paragraph in text.removesuffix("\n").split("\n\n"):
        declared = _DECLARATION.search(paragraph)
        name = declared[1] if declared else "introduction"
        if name != "build":
            paragraphs.append((name, paragraph))
            continue
        frame, calls = _CALLS.sub("...\n", paragraph), "".join(_CALLS.findall(paragraph))
        paragraphs += [(name, frame), ("calls", calls.removesuffix("\n"))]
    assert len(dict(paragraphs)) == len(paragraphs), "two paragraphs have one name"
    return paragraphs


def _compare(old: str, new: str) -> str:
    lines = difflib.ndiff(old.split("\n"), new.split("\n"))
    return "\n".join(line for line in lines if line.startswith(("- ", "+ ")))
