"""``zigbuild cache add``: adds sdists, wheels and manifests to the repository."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...core.base.errors import NotFoundError, Problem
from ...core.project.recipes import find_recipes
from ...index.adding_files import AddedFile, add_files
from ...index.repository import find_repository_folder, open_repository
from ...release.release_manifest import FILE_NAME as MANIFEST
from ..session import Session, choose_exit_code, format_size, join_shortened


def run(arguments: Namespace, session: Session) -> int:
    missing: list[Problem] = []
    paths = list(_list_files(arguments.files, missing))
    recipes = [_find_recipe(recipe, session) for recipe in arguments.recipes]
    repository = open_repository(find_repository_folder(arguments.data, session.environ), session.environ, session.say)
    added: list[AddedFile] = []
    try:
        for file in add_files(repository, paths, recipes=recipes, user_store=session.store, cwd=session.cwd):
            added.append(file)
            _print(file, session)
    finally:
        repository.close()
    for problem in missing:
        session.fail(problem)
    wheels: dict[Problem, list[str]] = {}
    for file in added:
        for notice in file.notices:
            wheels.setdefault(notice, []).append(file.name)
    for notice, names in wheels.items():
        session.notice(notice)
        session.say(f"  until that is mended, these cannot be rebuilt: {join_shortened(names)}")
    if added:
        new, refused = sum(file.is_new for file in added), sum(file.error is not None for file in added)
        known = len(added) - new - refused
        session.say(f"{new or 'none'} added, {known or 'none'} already known, {refused or 'none'} refused")
    errors = [file.error for file in added if file.error]
    return choose_exit_code([*errors, *(NotFoundError.of([problem]) for problem in missing)])


def _list_files(paths: Iterable[Path], missing: list[Problem]) -> Iterator[Path]:
    """Yield the files that *paths* name; add a problem to *missing* for each folder without one."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for pattern in ("*.whl", "*.tar.gz", MANIFEST) for file in path.glob(pattern))
        if not found:
            missing.append(Problem("holds no wheel, sdist or manifest", str(path)))
        yield from found


def _find_recipe(argument: str, session: Session) -> Path:
    """Return the folder of the recipe that *argument* names: a folder, or a recipe's name.

    :raises NotFoundError: if there is neither.
    """
    folder = session.cwd / argument
    if folder.is_dir():
        return folder
    recipes = find_recipes(session.environ, session.cwd)
    if found := recipes.get(argument):
        return found
    raise NotFoundError(
        "is neither a folder nor a recipe's name", where=argument, hint=f"known: {', '.join(recipes) or 'none'}"
    )


def _print(added: AddedFile, session: Session) -> None:
    if added.error:
        for problem in added.error.problems:
            session.fail(problem)
    elif added.file:
        session.result(f"{added.name}: {'added' if added.is_new else 'known'}, {format_size(added.file.size)}")
