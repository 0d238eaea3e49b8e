"""Errors as values: how they read, and which exit code they end a process with."""

from __future__ import annotations

import pytest

from zigbuild_backend.core.base.errors import (
    ConfigurationError,
    MismatchError,
    NotFoundError,
    Problem,
    ProblemList,
    ToolchainError,
    ZigbuildError,
)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("is wrong"), "is wrong"),
        (Problem("is wrong", "here"), "here: is wrong"),
        (Problem("is wrong", "here", "mend it"), "here: is wrong\n  hint: mend it"),
        (Problem("is wrong", hint="do this\nor that"), "is wrong\n  hint: do this\n  hint: or that"),
    ],
)
def test_problem_reads_place_problem_mend(problem: Problem, text: str) -> None:
    assert str(problem) == text


@pytest.mark.parametrize(
    ("error", "code"),
    [(ZigbuildError, 1), (ConfigurationError, 2), (ToolchainError, 3), (MismatchError, 4), (NotFoundError, 5)],
)
def test_exit_codes(error: type[ZigbuildError], code: int) -> None:
    assert error.exit_code == code
    assert issubclass(error, ZigbuildError)


def test_error_of_one_problem() -> None:
    error = ConfigurationError("is wrong", where="here", hint="mend it")
    assert error.problems == (Problem("is wrong", "here", "mend it"),)
    assert str(error) == "here: is wrong\n  hint: mend it"


def test_error_of_several_problems_has_its_class_and_says_them_all() -> None:
    problems = [Problem("one", "a"), Problem("two", "b", "mend")]
    error = MismatchError.of(iter(problems))
    assert type(error) is MismatchError
    assert error.problems == tuple(problems)
    assert str(error) == "a: one\nb: two\n  hint: mend"


def test_collector_knows_where_each_problem_belongs() -> None:
    problems = ProblemList("tool.zigbuild")
    assert not problems
    problems.raise_any()
    for place, table in problems.each("extension", ["a", "b"]):
        place.at("sources").item(1).add(f"{table} is wrong", "mend it")
    problems.at("wheel").extend([Problem("is wrong"), Problem("is missing", "include", "add it")])
    assert len(problems) == 4
    with pytest.raises(ConfigurationError) as refusal:
        problems.raise_any()
    assert str(refusal.value).splitlines() == [
        "tool.zigbuild.extension[0].sources[1]: a is wrong",
        "  hint: mend it",
        "tool.zigbuild.extension[1].sources[1]: b is wrong",
        "  hint: mend it",
        "tool.zigbuild.wheel: is wrong",
        "tool.zigbuild.wheel.include: is missing",
        "  hint: add it",
    ]


@pytest.mark.parametrize(
    ("place", "whole", "inside"),
    [
        ("", "", "key"),
        ("tool.zigbuild", "tool.zigbuild", "tool.zigbuild.key"),
        ("recipe.toml: ", "recipe.toml", "recipe.toml: key"),
        ("spam.whl/", "spam.whl", "spam.whl/key"),
    ],
)
def test_places_in_keys_files_and_folders(place: str, whole: str, inside: str) -> None:
    problems = ProblemList(place)
    problems.add("is wrong")
    problems.at("key").add("is wrong")
    assert [problem.where for problem in problems.found] == [whole, inside]
