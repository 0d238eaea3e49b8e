"""A readme that is put together from pieces, for projects whose ``dynamic`` asks for one."""

from __future__ import annotations

import re
from pathlib import Path

from ..base.errors import ProblemList
from ..settings.contents import Fragment, Readme

WHERE = "tool.zigbuild.readme"


def read_readme(readme: Readme, root: Path) -> str:
    """Return the text of the *readme* of the project in *root*.

    :raises ConfigurationError: naming all pieces that are not there.
    """
    problems = ProblemList(WHERE)
    fragments = problems.each("fragments", readme.fragments)
    text = "".join([_read_fragment(fragment, root, place) for place, fragment in fragments])
    for place, substitution in problems.each("substitutions", readme.substitutions):
        try:
            text = re.sub(substitution.pattern, substitution.replacement, text, flags=re.MULTILINE)
        except (re.error, IndexError) as error:
            hint = r"it names groups of 'pattern', as  or \g<name>; a backslash is written '\'"
            place.at("replacement").add(f"{error}", hint)
    if not problems and not text.strip():
        problems.at("fragments").add("its pieces are empty", "name a text or a file")
    problems.raise_any()
    return text


def _read_fragment(fragment: Fragment, root: Path, problems: ProblemList) -> str:
    """Return the text of a piece of the readme, empty after adding to *problems*."""
    if not fragment.path:
        return fragment.text
    try:
        text = (root / fragment.path).read_text(encoding="utf-8")
    except OSError as error:
        problems.at("path").add(f"{fragment.path} cannot be read: {error.strerror}", "check the path")
        return ""
    except UnicodeDecodeError:
        problems.at("path").add(f"{fragment.path} is not UTF-8", "save it as UTF-8")
        return ""
    for key, mark in (("start-after", fragment.start_after), ("end-before", fragment.end_before)):
        before, found, after = text.partition(mark) if mark else (text, "", text)
        if mark and not found:
            message = f"{fragment.path} does not hold {mark!r}" + (" there" if key == "end-before" else "")
            problems.at(key).add(message, "copy the text from the file")
        elif mark:
            text = after if key == "start-after" else before
    if fragment.pattern:
        match = re.search(fragment.pattern, text, re.DOTALL)
        if match is None:
            problems.at("pattern").add(f"nothing in {fragment.path} matches it", "'.' matches line breaks, too")
            return ""
        text = match[1] or ""
    return text
