"""``zigbuild init``: writes the first files of a project with an extension module."""

from __future__ import annotations

import keyword
import re
import sys
from argparse import Namespace
from pathlib import Path

from ...core.base.errors import ConfigurationError, Problem
from ...core.base.store import write_atomically
from ...core.settings import rules
from ..new_project import LANGUAGES, render_project
from ..session import Session


def run(arguments: Namespace, session: Session) -> int:
    root = (session.cwd / arguments.folder).resolve()
    name, language, stable_abi = arguments.name, arguments.language, arguments.stable_abi
    if not language and sys.stdin.isatty():
        name = name or _ask("name of the project", _propose_name(root))
        language = _ask(f"language ({', '.join(LANGUAGES)})", "c")
        if language in LANGUAGES and LANGUAGES[language].has_stable_abi and not stable_abi:
            stable_abi = _ask("one wheel for all later Pythons, by the stable ABI (y/n)", "n").lower().startswith("y")
    name, language = name or _propose_name(root), language or "c"
    if problem := _find_unfit(name, language, stable_abi):
        raise ConfigurationError.of([problem])
    files = render_project(name, _package_of(name), language, stable_abi=stable_abi)
    if present := [path for path in files if (root / path).exists()]:
        raise ConfigurationError(
            f"already has {', '.join(present)}", where=str(root), hint="name another folder, or move the files away"
        )
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / path, text.encode())
        session.result(str(root / path))
    place = "" if root == session.cwd else f"cd {arguments.folder} && "
    session.say(f"To build it for this machine: {place}zigbuild wheels --target native --python native")
    return 0


def _ask(question: str, default: str) -> str:
    """Return the user's answer, or *default*; the question goes to stderr, since it is not a result."""
    print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default


def _propose_name(root: Path) -> str:
    """Return a name for the project in the folder *root*."""
    return re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-") or "spam"


def _package_of(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _find_unfit(name: str, language: str, stable_abi: bool) -> Problem | None:
    if problem := rules.project_name(name):
        return Problem(problem.message, "--name", problem.hint)
    package = _package_of(name)
    if not package.isidentifier() or keyword.iskeyword(package):
        return Problem(f"a package cannot be called {package!r}", "--name", "choose a name that begins with a letter")
    if language not in LANGUAGES:
        return Problem(f"there is no template for {language!r}", "--language", f"choose one of {', '.join(LANGUAGES)}")
    if stable_abi and not LANGUAGES[language].has_stable_abi:
        able = ", ".join(key for key, value in LANGUAGES.items() if value.has_stable_abi)
        return Problem(f"the template for {language} cannot use the stable ABI", "--stable-abi", f"{able} can")
    return None
