"""The wheels that the options choose, and those whose absence is a failure."""

from __future__ import annotations

from argparse import Namespace

import pytest

from projects import project_of
from zigbuild_backend.cli.wheel_selection import Choice, read_choice, select_wheels
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.host import find_host_python, find_host_target

MODULE = "[[extension]]\nname = 'spam._c'\nsources = ['spam/*.c']\n"
PROJECT = project_of("targets = ['windows']\npythons = ['cp312', 'cp313']\n" + MODULE)
EVERY_MINOR = range(9, 16)


def chosen(choice: Choice, has_headers: range = EVERY_MINOR) -> list[tuple[str, str, bool]]:
    return [
        (candidate.wheel.identifier, candidate.verdict, candidate.is_asked)
        for candidate in select_wheels(PROJECT, choice, has_headers)
    ]


def test_default_is_the_projects_matrix() -> None:
    assert chosen(Choice(), range(13, 14)) == [
        ("cp312-win32", "headers missing", False),
        ("cp312-win_amd64", "headers missing", False),
        ("cp312-win_arm64", "headers missing", False),
        ("cp313-win32", "buildable", False),
        ("cp313-win_amd64", "buildable", False),
        ("cp313-win_arm64", "buildable", False),
    ]


def test_named_pythons_are_asked_for() -> None:
    assert chosen(Choice(("win32",), ("cp313", "cp313t")), range(0)) == [
        ("cp313-win32", "headers missing", True),
        ("cp313t-win32", "headers missing", True),
    ]
    assert not any(asked for _, _, asked in chosen(Choice(pythons=("all",)), range(0)))


def test_a_python_may_stand_for_the_stable_abi() -> None:
    project = project_of(MODULE + "stable-abi = 'cp310'")
    (candidate,) = select_wheels(project, Choice(("win32",), ("cp313",)), range(0))
    assert (candidate.wheel.identifier, candidate.is_asked) == ("cp310-abi3-win32", True)


def test_what_requires_python_excludes_is_unsupported() -> None:
    project = project_of(MODULE, requires_python=">=3.11")
    (candidate,) = select_wheels(project, Choice(("win32",), ("cp39",)), EVERY_MINOR)
    assert candidate.verdict == "unsupported"
    assert ">=3.11" in candidate.problems[0].message


def test_identifiers_select_wheels_also_outside_the_matrix() -> None:
    identifiers = ("cp313-win_amd64", "cp314t-manylinux_2_28_x86_64")
    assert chosen(Choice(only=identifiers)) == [(identifier, "buildable", True) for identifier in identifiers]
    pure = project_of("", "spam/__init__.py")
    (candidate,) = select_wheels(pure, Choice(only=("py3-none-any",)), ())
    assert candidate.wheel.identifier == "py3-none-any"


@pytest.mark.parametrize("identifier", ["cp313-win_amd65", "cp313", "win32", "cp313-windows", "py3-none-any", "", "-"])
def test_unknown_identifiers(identifier: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        chosen(Choice(only=(identifier,)))
    (problem,) = raised.value.problems
    assert problem.where == f"--only {identifier}"
    assert problem.hint


def test_close_identifiers_are_offered() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'cp313-win_amd64'"):
        chosen(Choice(only=("cp313-win_amd65",)))


def test_native_is_this_machine() -> None:
    choice = read_choice(Namespace(targets=["native", "win32"], pythons=["native"], only=[]))
    assert choice == Choice((str(find_host_target()), "win32"), (str(find_host_python()),))


def test_identifiers_exclude_other_options() -> None:
    with pytest.raises(ConfigurationError, match="--only"):
        read_choice(Namespace(targets=[], pythons=["cp313"], only=["cp313-win32"]))
