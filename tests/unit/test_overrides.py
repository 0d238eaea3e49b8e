"""Overrides of settings for one run: keys, values, precedence, and their part in a wheel's specification."""

from __future__ import annotations

import re
from typing import Any

import pytest

from machines import ROOT
from zigbuild_backend import hooks
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.settings.overrides import (
    OTHER_VARIABLES,
    PREFIX,
    apply_overrides,
    collect_overrides,
    list_keys,
    parse_assignments,
    render_overrides,
)
from zigbuild_backend.core.settings.parser import parse_settings

TABLE: dict[str, Any] = {
    "optimize": "small",
    "extension": [
        {
            "name": "spam._c",
            "sources": ["c.c"],
            "defines": {"A": 1},
            "on": [{"when": {"os": "windows"}, "defines": {"A": 2}}, {"when": {"os": "linux"}, "libraries": ["m"]}],
        }
    ],
}


def assign(*texts: str, environ: dict[str, str] | None = None) -> Any:
    return collect_overrides(parse_assignments(texts, "--set"), environ or {})


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("optimize=debug", "optimize=debug"),
        ("editable.rebuild=on", "editable.rebuild=true"),
        ("editable.rebuild=0", "editable.rebuild=false"),
        ("packages=src/a;src/b", 'packages=["src/a","src/b"]'),
        ('packages=["src/a"]', 'packages=["src/a"]'),
        ("packages=", "packages=[]"),
        ("wheel.exclude=[ab].py", 'wheel.exclude=["[ab].py"]'),
        ("define.A=1", "define.A=1"),
        ("define.A=true", "define.A=true"),
        ("define.A=a=b", "define.A=a=b"),
        ("extension.spam._c.optional=true", "extension.spam._c.optional=true"),
        ("extension.spam._c.flags.c=-g;-O1", 'extension.spam._c.flags.c=["-g","-O1"]'),
    ],
)
def test_one_text_for_each_meaning(text: str, canonical: str) -> None:
    (override,) = assign(text)
    assert str(override) == canonical
    assert assign(canonical) == (override,) or override.key.startswith("zig")


def test_environment_goes_first() -> None:
    environ = {"ZIGBUILD_OPTIMIZE": "debug", "ZIGBUILD_EDITABLE_REBUILD": "1", "ZIGBUILD_DEFINE_A": "7", "HOME": "/"}
    chosen = assign("optimize=fast", "define.B=2", environ=environ)
    settings = parse_settings(apply_overrides(TABLE, chosen))
    assert settings.optimize == "debug"
    assert settings.editable.rebuild
    (extension,) = settings.extension
    assert dict(extension.defines) == {"A": "7", "B": "2"}
    assert [dict(addition.defines) for addition in extension.on] == [{"A": "7"}, {}]
    assert {override.key: override.origin for override in chosen}["optimize"] == "ZIGBUILD_OPTIMIZE"


def test_an_empty_variable_says_nothing() -> None:
    assert assign(environ={"ZIGBUILD_OPTIMIZE": "", "ZIGBUILD_CACHE_DIR": "/tmp"}) == ()


def test_a_table_that_is_not_there_begins_with_the_first_key() -> None:
    chosen = assign("version.from=file", "version.path=VERSION")
    assert apply_overrides({}, chosen) == {"version": {"from": "file", "path": "VERSION"}}


def test_tables_with_names() -> None:
    chosen = assign("extension.spam._c.optional=true", "extension.spam._c.flags.c=-g")
    (extension,) = parse_settings(apply_overrides(TABLE, chosen)).extension
    assert extension.optional
    assert extension.flags.c == ("-g",)
    assert "optional" not in TABLE["extension"][0]


def test_what_is_part_of_a_specification() -> None:
    said_elsewhere = ("optimize=debug", "editable.rebuild=1", "sdist.exclude=b", "version.fallback=1")
    chosen = assign("wheel.exclude=a", *said_elsewhere, "define.A=1")
    assert render_overrides(chosen) == ("define.A=1", 'wheel.exclude=["a"]')


@pytest.mark.parametrize(
    ("texts", "environ", "where", "message", "hint"),
    [
        (["optimise=fast"], {}, "--set optimise", "is no setting that can be replaced", "did you mean 'optimize'?"),
        (["optimize=O2"], {}, "--set optimize", "must be one of fast, safe, small, debug", "known are"),
        (["editable.rebuild=maybe"], {}, "--set editable.rebuild", "must be true or false, not 'maybe'", "1 and 0"),
        (["packages=[1]"], {}, "--set packages[0]", "must be a string", "folders"),
        (["packages=/etc"], {}, "--set packages[0]", "", ""),
        (["extension=x"], {}, "--set extension", "is no setting", ""),
        (["extension.spam._c.sourcse=x"], {}, "--set extension.spam._c.sourcse", "is no setting", ""),
        (["define.1A=x"], {}, "--set define.1A", "'1A' is not the name of a macro", ""),
        (["define=x"], {}, "--set define", "is no setting", "define.NAME"),
        (["optimize=fast", "optimize=debug"], {}, "--set optimize", "is already given by --set optimize", "once"),
        (["optimize"], {}, "--set optimize", "has no '='", "write --set KEY=VALUE"),
        ([], {"ZIGBUILD_OPTIMIZE": "O2"}, "ZIGBUILD_OPTIMIZE", "must be one of", "known are"),
        ([], {"ZIGBUILD_OPTIMISE": "1"}, "ZIGBUILD_OPTIMISE", "is no variable", "did you mean 'ZIGBUILD_OPTIMIZE'?"),
        ([], {"ZIGBUILD_CACHE": "1"}, "ZIGBUILD_CACHE", "is no variable", "did you mean"),
    ],
)
def test_refused(texts: list[str], environ: dict[str, str], where: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        assign(*texts, environ=environ)
    problem = caught.value.problems[0]
    assert problem.where == where
    assert problem.message.startswith(message)
    assert hint in problem.hint


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError) as caught:
        apply_overrides(TABLE, assign("extension.spam._d.optional=true"))
    (problem,) = caught.value.problems
    assert (problem.where, problem.hint) == ("--set extension.spam._d.optional", "did you mean 'spam._c'?")
    with pytest.raises(ConfigurationError, match="there is no library 'z'"):
        apply_overrides(TABLE, assign("library.z.recipe=x"))


def test_what_is_no_table_is_for_the_parser_to_tell() -> None:
    chosen = assign("define.A=1", "editable.rebuild=1")
    with pytest.raises(ConfigurationError, match=r"extension\[0\]: must be a table"):
        parse_settings(apply_overrides({"extension": ["c.c"], "editable": 3}, chosen))


def test_every_variable_has_one_meaning() -> None:
    names = [PREFIX + re.sub("[.-]", "_", key).upper() for key in list_keys()]
    assert len(names) == len(set(names))
    assert OTHER_VARIABLES.isdisjoint(names)


def test_every_variable_of_the_program_is_known() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    used = {name for text in sources for name in re.findall(r'"(ZIGBUILD_[A-Z_]*[A-Z])"', text)}
    assert used <= OTHER_VARIABLES


def test_a_frontend_s_settings_can_be_given_again() -> None:
    """An editable install compiles anew without the environment in which it was installed."""
    settings = {"target": "win32", "verbose": "yes", "optimize": "debug", "wheel.exclude": ["a", "b;c"]}
    options = hooks._parse_options(settings, {"ZIGBUILD_OPTIMIZE": "small", "ZIGBUILD_EDITABLE_REBUILD": "1"})
    again = hooks._parse_options(options.texts, {})
    assert (again.target, again.python, again.verbose) == ("win32", "", True)
    assert again.texts == options.texts
    assert [str(override) for override in again.overrides] == [
        "optimize=small",
        'wheel.exclude=["a","b;c"]',
        "editable.rebuild=true",
    ]
    assert hooks._parse_options(None, {"HOME": "/"}).texts == {}
