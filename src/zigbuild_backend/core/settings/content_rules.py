"""Rules of the values in :mod:`.contents`: expressions, patterns, and paths. See :mod:`.rules`."""

from __future__ import annotations

import re

from ..base.errors import Problem
from .rules import path


def pattern(value: str) -> Problem | None:
    """Check a regular expression."""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        return Problem(f"{value!r} is not a regular expression: {error}", hint="see Python's re; TOML's '…' keeps '\\'")
    return None if value else Problem("the expression is empty", hint="leave the key out, or write one")


def group_pattern(value: str) -> Problem | None:
    """Check a regular expression with a group."""
    if problem := pattern(value):
        return problem
    if re.compile(value).groups:
        return None
    return Problem(f"{value!r} has no group", hint="put '(' and ')' around the part that is taken")


def version_pattern(value: str) -> Problem | None:
    """Check a regular expression with a group for the version."""
    if problem := group_pattern(value):
        return problem
    expression = re.compile(value)
    if expression.groups == 1 or "version" in expression.groupindex:
        return None
    return Problem(f"{value!r} has {expression.groups} groups", hint="name the one with the version, (?P<version>…)")


def attribute(value: str) -> Problem | None:
    """Check the name of a variable in a module."""
    name, colon, variable = value.partition(":")
    if colon and all(part.isidentifier() for part in (*name.split("."), variable)):
        return None
    return Problem(f"{value!r} names no variable", hint="write it as 'package.module:NAME', such as 'spam:__version__'")


def tag_prefix(value: str) -> Problem | None:
    """Check the beginning of tags."""
    if re.fullmatch(r"[A-Za-z0-9@_+][A-Za-z0-9@_+./-]*", value):
        return None
    return Problem(f"{value!r} cannot begin a tag", hint="write letters, digits and '@_+./-', such as 'spam-v'")


def ignore_pattern(value: str) -> Problem | None:
    """Check a pattern as in .gitignore, without escapes and comments."""
    body = value.removeprefix("!")
    if body.startswith("#"):
        return Problem(
            f"{value!r} would be a comment", hint="put the comment behind the string, or write '[#]' for a '#'"
        )
    if not body.strip("/"):
        return Problem(f"{value!r} matches nothing", hint="'*' matches everything")
    if ".git" in body.split("/"):
        return Problem(f"{value!r} names git's own folder", hint="it is never part of a project; remove the pattern")
    return path(body.removeprefix("/"))


def inclusion(value: tuple[str, str]) -> Problem | None:
    """Check a path in the project with its path in the wheel."""
    if problem := placement(value):
        return problem
    if value[1].split("/")[0].endswith((".dist-info", ".data")):
        return Problem(
            f"{value[1]!r} is written by the backend", hint="'scripts', 'headers' and 'data' put files there"
        )
    return None


def placement(value: tuple[str, str]) -> Problem | None:
    """Check a path in the project with its path elsewhere."""
    for text in value:
        if problem := path(text):
            return problem
        if not set(text.rstrip("/").split("/")).isdisjoint(("", ".")):
            return Problem(f"{text!r} has a part that is empty or '.'", hint="write the plain path")
    return None
