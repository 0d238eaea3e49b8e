"""A readme that is put together from pieces, for projects whose ``dynamic`` asks for one."""

from __future__ import annotations

import re
from pathlib import Path

from ..base.errors import ConfigurationError, Problem
from ..settings.contents import Fragment, Readme

WHERE = "tool.zigbuild.readme"


def read_readme(readme: Readme, root: Path) -> str:
    """The text of the *readme* of the project in *root*.

    :raises ConfigurationError: naming all pieces that are not there.
    """
    problems: list[Problem] = []
    pieces = [
        _read_fragment(fragment, root, f"{WHERE}.fragments[{index}]", problems)
        for index, fragment in enumerate(readme.fragments)
    ]
    text = "".join(pieces)
    for index, substitution in enumerate(readme.substitutions):
        try:
            text = re.sub(substitution.pattern, substitution.replacement, text, flags=re.MULTILINE)
        except (re.error, IndexError) as error:
            hint = r"it names groups of 'pattern', as \1 or \g<name>; a backslash is written '\\'"
            problems.append(Problem(f"{error}", f"{WHERE}.substitutions[{index}].replacement", hint))
    if not problems and not text.strip():
        problems.append(Problem("its pieces are empty", f"{WHERE}.fragments", "name a text or a file"))
    if problems:
        raise ConfigurationError.of(problems)
    return text


def _read_fragment(fragment: Fragment, root: Path, where: str, problems: list[Problem]) -> str:
    if not fragment.path:
        return fragment.text
    try:
        text = (root / fragment.path).read_text(encoding="utf-8")
    except OSError as error:
        problems.append(Problem(f"{fragment.path} cannot be read: {error.strerror}", f"{where}.path", "check the path"))
        return ""
    except UnicodeDecodeError:
        problems.append(Problem(f"{fragment.path} is not UTF-8", f"{where}.path", "save it as UTF-8"))
        return ""
    for key, mark in (("start-after", fragment.start_after), ("end-before", fragment.end_before)):
        before, found, after = text.partition(mark) if mark else (text, "", text)
        if mark and not found:
            message = f"{fragment.path} does not hold {mark!r}" + (" there" if key == "end-before" else "")
            problems.append(Problem(message, f"{where}.{key}", "copy the text from the file"))
        elif mark:
            text = after if key == "start-after" else before
    if fragment.pattern:
        match = re.search(fragment.pattern, text, re.DOTALL)
        if match is None:
            hint = "'.' matches line breaks, too"
            problems.append(Problem(f"nothing in {fragment.path} matches it", f"{where}.pattern", hint))
            return ""
        text = match[1] or ""
    return text
