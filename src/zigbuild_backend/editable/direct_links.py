"""Finds, in what ``zig build`` prints, the command that compiles and links each module.

``zig build`` itself takes about as long as compiling a small file: an editable install runs the commands without it.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

_LISTEN = "--listen=-"
"""Makes zig speak with ``zig build`` instead of ending when it is done."""


def find_direct_links(printed: str, zig: Path, artifacts: Path) -> dict[str, list[str]]:
    """Return path below *artifacts* → the command that links that file, but for the option that names its output.

    *printed* is what ``zig build --verbose`` said. The result is empty if a file was made by more than one command, as
    with static libraries or objects in Zig, or on Windows, where import libraries lie beside modules.
    """
    if os.name == "nt":
        return {}
    lines = [shlex.split(line) for line in printed.splitlines() if line.startswith((f"{zig} ", "install -C "))]
    commands = [words for words in lines if words[0] == str(zig) and words[1] != "build"]
    if any(words[1] != "build-lib" or "-dynamic" not in words for words in commands):
        return {}
    by_name = {words[words.index("--name") + 1]: words for words in commands}
    installed = [(Path(words[2]).name, Path(words[3])) for words in lines if words[0] == "install"]
    links = {}
    for name, path in installed:
        stem = name.removeprefix("lib").partition(".")[0]
        found = [words for key, words in by_name.items() if key.partition(".")[0] == stem]
        if len(found) == 1 and path.is_relative_to(artifacts):
            links[path.relative_to(artifacts).as_posix()] = [word for word in found[0] if word != _LISTEN]
    return links if len(links) == len(by_name) == len(commands) == len(installed) else {}
