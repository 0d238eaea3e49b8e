"""Rules of :mod:`.contents`: expressions, patterns, and the places of files. See :mod:`.rules`."""

from __future__ import annotations

import re

from ..base.errors import Problem
from .rules import path


def pattern(value: str) -> Problem | None:
    """Regular expressions of Python."""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        return Problem(f"{value!r} is not a regular expression: {error}", hint="see Python's re; TOML's '…' keeps '\\'")
    return None if value else Problem("the expression is empty", hint="leave the key out, or write one")


def group_pattern(value: str) -> Problem | None:
    if problem := pattern(value):
        return problem
    if re.compile(value).groups:
        return None
    return Problem(f"{value!r} has no group", hint="put '(' and ')' around what is taken")


def version_pattern(value: str) -> Problem | None:
    if problem := group_pattern(value):
        return problem
    expression = re.compile(value)
    if expression.groups == 1 or "version" in expression.groupindex:
        return None
    return Problem(f"{value!r} has {expression.groups} groups", hint="name the one with the version, (?P<version>…)")


def attribute(value: str) -> Problem | None:
    name, colon, variable = value.partition(":")
    if colon and all(part.isidentifier() for part in (*name.split("."), variable)):
        return None
    return Problem(f"{value!r} names no variable", hint="write it as 'package.module:NAME', such as 'spam:__version__'")


def tag_prefix(value: str) -> Problem | None:
    if re.fullmatch(r"[A-Za-z0-9@_+][A-Za-z0-9@_+./-]*", value):
        return None
    return Problem(f"{value!r} is not what a tag begins with", hint="letters, digits and '@_+./-', such as 'spam-v'")


def ignore_pattern(value: str) -> Problem | None:
    """Patterns of gitignore, without escapes and comments."""
    body = value.removeprefix("!")
    if body.startswith("#"):
        return Problem(f"{value!r} would be a comment", hint="put it behind the string, or write '[#]' for a '#'")
    if not body.strip("/"):
        return Problem(f"{value!r} names nothing", hint="'*' is everything")
    if ".git" in body.split("/"):
        return Problem(f"{value!r} is about git's own folder", hint="it is never part of a project; remove the pattern")
    return path(body.removeprefix("/"))


def inclusion(value: tuple[str, str]) -> Problem | None:
    """Where something of the project goes in the wheel."""
    if problem := placement(value):
        return problem
    if value[1].split("/")[0].endswith((".dist-info", ".data")):
        return Problem(
            f"{value[1]!r} is for the backend to write", hint="'scripts', 'headers' and 'data' put files there"
        )
    return None


def placement(value: tuple[str, str]) -> Problem | None:
    """Where something of the project is, and where it goes."""
    for text in value:
        if problem := path(text):
            return problem
        if not set(text.rstrip("/").split("/")).isdisjoint(("", ".")):
            return Problem(f"{text!r} has a part that is empty or '.'", hint="write the plain path")
    return None
