"""A readme that is joined from fragments, for projects with 'readme' in ``dynamic``."""

from __future__ import annotations

import re
from pathlib import Path

from ..base.errors import ProblemList
from ..settings.contents import Fragment, Readme

WHERE = "tool.zigbuild.readme"


def read_readme(readme: Readme, root: Path) -> str:
    """Return the text of the *readme* of the project in *root*.

    :raises ConfigurationError: with the problems of all fragments and substitutions.
    """
    problems = ProblemList(WHERE)
    fragments = problems.each("fragments", readme.fragments)
    text = "".join([_read_fragment(fragment, root, place) for place, fragment in fragments])
    for place, substitution in problems.each("substitutions", readme.substitutions):
        try:
            text = re.sub(substitution.pattern, substitution.replacement, text, flags=re.MULTILINE)
        except (re.error, IndexError) as error:
            hint = r"write a group of 'pattern' as \1 or \g<name>, and a backslash as \\"
            place.at("replacement").add(f"{error}", hint)
    if not problems and not text.strip():
        problems.at("fragments").add("all fragments are empty", "give one a text or a file")
    problems.raise_any()
    return text


def _read_fragment(fragment: Fragment, root: Path, problems: ProblemList) -> str:
    """Return the text of a fragment; it is empty if a problem was added to *problems*."""
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
            message = f"{fragment.path} does not contain {mark!r}"
            if key == "end-before" and fragment.start_after:
                message += f" after {fragment.start_after!r}"
            problems.at(key).add(message, "copy the text from the file")
        elif mark:
            text = after if key == "start-after" else before
    if fragment.pattern:
        match = re.search(fragment.pattern, text, re.DOTALL)
        if match is None:
            message = f"nothing in {fragment.path} matches {fragment.pattern!r}"
            problems.at("pattern").add(message, "'.' matches line breaks, too")
            return ""
        text = match[1] or ""
    return text
