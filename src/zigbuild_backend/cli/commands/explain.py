"""``zigbuild explain``: each effective value of the settings with its origin, and what holds for a wheel or target."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.base.errors import ConfigurationError
from ...core.base.host import find_host_python, find_host_target
from ...core.base.targets import Target, find_target
from ...core.cpython.header_sets import list_minors_at_hand
from ...core.project.planned_wheels import PURE_TAG, choose_all_pythons
from ...core.project.project import Project
from ...core.project.recipes import open_project
from ...core.settings.recipe_model import FILE_NAME as RECIPE
from ...core.zig.macos_sdk import find_sdk
from ..session import Session
from ..session import to_json as problems_to_json
from ..setting_effects import Effect, find_effects
from ..setting_origins import Origins, Row, list_rows, render_value
from ..setting_origins import to_json as row_to_json
from ..wheel_selection import NATIVE, Candidate, Choice, read_overrides, select_wheels


@dataclass(frozen=True)
class _Subject:
    """The explained target or wheel, with the effects of the settings by slice of the target."""

    name: str
    target: Target | None
    candidate: Candidate | None
    effects: Mapping[str, Sequence[Effect]]


def run(arguments: Namespace, session: Session) -> int:
    overrides = read_overrides(arguments, session)
    argument, name = arguments.project, arguments.identifier
    if not name and not (session.cwd / argument).exists() and _names_wheel(argument):
        argument, name = ".", argument
    checkout = open_project(argument, session.machine, session.cwd, overrides)
    project = checkout.project
    file = RECIPE if project.recipe_digest else "pyproject.toml"
    text = "" if project.recipe_digest else (checkout.root / file).read_text("utf-8")
    origins = Origins(file, text, "tool.zigbuild", overrides)
    rows = [*list_rows(project.settings, origins), *_list_found(project)]
    subject = _explain(project, name, origins, session, arguments.headers) if name else None
    if arguments.json:
        session.result_json(_to_document(project, rows, subject))
        return 0
    session.say(f"{project.metadata.name} {project.metadata.version}")
    if subject is None:
        _print_rows(rows, session)
    else:
        _print_subject(subject, session)
    return 0


def _names_wheel(text: str) -> bool:
    """Return whether *text* looks like a wheel identifier or a target."""
    try:
        return text in (NATIVE, PURE_TAG) or bool(find_target(text.rpartition("-")[2]))
    except ConfigurationError:
        return False


def _list_found(project: Project) -> list[Row]:
    """Return the values that are found where the settings leave them open."""
    rows = []
    if not project.settings.pythons and project.is_compiled:
        rows.append(Row("pythons", [str(python) for python in choose_all_pythons(project)], "requires-python"))
    if not project.settings.packages:
        rows.append(Row("packages", sorted({path.split("/")[0] for path in project.contents}), "found"))
    return rows


def _explain(project: Project, name: str, origins: Origins, session: Session, headers: Sequence[Path]) -> _Subject:
    """Explain the wheel or target *name*.

    :raises ConfigurationError: if it is neither.
    """
    if name == NATIVE:
        target = find_host_target()
        name = f"{find_host_python()}-{target}" if project.is_compiled else PURE_TAG
    if name != PURE_TAG and "-" not in name:
        target = find_target(name)
        return _Subject(name, target, None, _by_slice(project, target, None, origins))
    has_headers = list_minors_at_hand(session.machine, headers)
    has_sdk = bool(find_sdk(session.environ))
    if name == PURE_TAG:
        (candidate,) = select_wheels(project, Choice(targets=("all",)), has_headers, has_sdk)[:1]
        return _Subject(name, None, candidate, {})
    (candidate,) = select_wheels(project, Choice(only=(name,)), has_headers, has_sdk)
    wheel = candidate.wheel
    effects = _by_slice(project, wheel.target, wheel.python, origins) if wheel.target else {}
    return _Subject(name, wheel.target, candidate, effects)


def _by_slice(project: Project, target: Target, python: Any, origins: Origins) -> dict[str, list[Effect]]:
    return {part.triple: list(find_effects(project, part, python, origins)) for part in target.slices or (target,)}


def _print_rows(rows: Iterable[Row], session: Session, indent: str = "") -> None:
    listed = list(rows)
    width = max((len(row.key) for row in listed), default=0)
    origin_width = max((len(row.origin) for row in listed), default=0)
    for row in listed:
        session.result(f"{indent}{row.key:{width}}  {row.origin:{origin_width}}  {render_value(row.value)}")


def _print_subject(subject: _Subject, session: Session) -> None:
    candidate = subject.candidate
    session.result(f"{subject.name}: {candidate.verdict}" if candidate else subject.name)
    for problem in candidate.problems if candidate else ():
        session.result(f"  obstacle: {problem}".replace("\n", "\n  "))
    if subject.target:
        session.result(f"  target: {', '.join(subject.effects)}")
    for triple, effects in subject.effects.items():
        for effect in effects:
            head = f"{effect.kind} {effect.name}" + (f" for {triple}" if len(subject.effects) > 1 else "")
            if effect.absence:
                session.result(f"\n{head}: not built, {effect.absence}")
                continue
            session.result(f"\n{head}" + (f": {effect.path}" if effect.path else ""))
            _print_rows(effect.rows, session, "  ")


def _to_document(project: Project, rows: Iterable[Row], subject: _Subject | None) -> dict[str, object]:
    document: dict[str, object] = {
        "name": project.metadata.name,
        "version": project.metadata.version,
        "settings": [row_to_json(row) for row in rows],
    }
    if subject:
        candidate = subject.candidate
        document["subject"] = {
            "name": subject.name,
            "tag": candidate.wheel.tag if candidate else None,
            "verdict": candidate.verdict if candidate else None,
            "problems": problems_to_json(candidate.problems) if candidate else [],
            "slices": {
                triple: [{**asdict(effect), "rows": [row_to_json(row) for row in effect.rows]} for effect in effects]
                for triple, effects in subject.effects.items()
            },
        }
    return document
