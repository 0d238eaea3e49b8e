"""Explains what zig printed when a graph failed: which wheel each part belongs to, and what mends it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from ..base.errors import Problem, ToolchainError
from ..zig.toolchain import CompileError

_STEP = re.compile(r"^install\n\+- (\S+)\n", re.MULTILINE)
_NOISE = re.compile(
    r"^ *\+- .*\n|^failed command: .*\n?|^error: (?:the following|\d+ compilation|process exited).*\n?(?:/.*\n)?"
    r"|/\S*/o/[0-9a-f]{32}/|^:1:1: |^error: (?=error: |\S+:\d+: |\S+: error: )|^error: HeaderConfigFailed$|^ +\n",
    re.MULTILINE,
)
_MENDS = {
    "@GLIBC_": "it is newer than the glibc of the target: raise the target, or avoid the call",
    "undefined symbol": "add the source file or the library that defines it",
    "file not found": "add its folder to 'include-dirs'; what git ignores is no part of the project",
    "unspecified config header value": "give it a value in 'config-header'; false leaves it undefined",
    "MissingValue": "give each name in that line of the template a value in 'config-header'",
    "config header value unused": "its template does not know it: mend the name in 'config-header', or take it out",
    "unable to find dynamic system library": "take it out of 'libraries': zig does not bring it for this target",
    "unknown argument": "take it out of 'flags'",
}
"""By words that zig and clang print, what mends it."""


def attribute_errors(error: CompileError, root: Path, failed: Collection[str]) -> dict[str, ToolchainError]:
    """Return, by wheel identifier, the errors of the wheels that *failed*; zig heads each with its path of steps.

    The parts of zig's output come in the order in which compilers end; here they are sorted.
    """
    output = error.output.replace(f"{root}/", "").replace("\n./", "\n")
    said: dict[str, set[str]] = defaultdict(set)
    parts = _STEP.split(output)
    for identifier, text in zip(parts[1::2], parts[2::2], strict=True):
        said[identifier].add(_NOISE.sub("", text).strip())
    return {
        identifier: ToolchainError.of(
            Problem(text, identifier, _find_mend(text, identifier))
            for text in sorted(said[identifier] or {output.strip()})
        )
        for identifier in failed
    }


def _find_mend(text: str, identifier: str) -> str:
    mend = next((f"{mend}\n" for words, mend in _MENDS.items() if words in text), "")
    return f"{mend}to see it again: zigbuild wheels --only {identifier}"
