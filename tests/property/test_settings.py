"""Whatever stands in pyproject.toml, it is understood or refused with a place and a mend: nothing else can happen."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, time
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from projects import tree_of
from zigbuild_backend.build_zig import render
from zigbuild_backend.dist_info import Metadata
from zigbuild_backend.errors import ConfigurationError
from zigbuild_backend.plan import plan, resolve_project
from zigbuild_backend.settings import (
    Addition,
    Condition,
    Extension,
    Flags,
    Settings,
    Std,
    WheelContents,
    parse_settings,
)

SCALARS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["all", "cp313", "win32", "spam._c", "*.c", "[a-z].c", "c11", "-O2", "0.16.0", "fast", "m", "cp310"]
    ),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.just(date(2000, 1, 1)) | st.just(datetime(2000, 1, 1)) | st.just(time(1)),
)
MODELS = (Settings, Extension, Addition, Condition, Flags, Std, WheelContents)
KEYS = [field.name.replace("_", "-") for model in MODELS for field in fields(model)]
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def tables(model: Any, **nested: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with some of *model*'s keys, most with values of a likely kind, and now and then another key."""
    likely = VALUES | st.lists(SCALARS, max_size=3)
    keys = {field.name.replace("_", "-"): nested.get(field.name, likely) for field in fields(model)}
    return st.fixed_dictionaries({}, optional={**keys, "other": VALUES})


parts = {"flags": tables(Flags), "std": tables(Std), "defines": st.dictionaries(st.text(max_size=3), SCALARS)}
additions = tables(Addition, when=tables(Condition), **parts)
extensions = tables(Extension, on=st.lists(additions, max_size=2), **parts)
documents = st.one_of(VALUES, tables(Settings, extension=st.lists(extensions, max_size=2), wheel=tables(WheelContents)))


@given(documents)
@example({"extension": [{"name": "a", "sources": ["[z-a]", "[!]", "[[:x:]]", "[a&&b]", "**/**/*"]}]})
@example({"pythons": ["cp3" + "9" * 5000], "targets": ["manylinux_2_" + "9" * 5000 + "_x86_64"]})
def test_understood_or_refused(table: Any) -> None:
    try:
        settings = parse_settings(table)
        project = resolve_project(Metadata("spam", "1.0", ""), settings, tree_of("spam/__init__.py", "a.c"))
        plan(project, has_headers=())
        render(project)
    except ConfigurationError as error:
        for problem in error.problems:
            assert problem.where.startswith("tool.zigbuild")
            assert problem.message
            assert problem.hint
