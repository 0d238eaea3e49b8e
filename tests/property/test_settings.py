"""Whatever stands in pyproject.toml, it is understood or refused with a place and a mend: nothing else can happen."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any, get_args, get_type_hints

from hypothesis import example, given
from hypothesis import strategies as st

from projects import render_build_zig, tree_of
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.planned_wheels import plan
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.settings.conditions import Condition, When
from zigbuild_backend.core.settings.fields import key_of, table_of
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.parser import parse_settings

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
KEYS = [
    *("os", "arch", "not", "name", "sources", "when", "on", "values", "link", "libraries", "path", "template", "style"),
    *("extension", "library", "executable", "dependency", "wheel", "sdist", "version", "url", "hash", "config-header"),
]
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
LIKELY = VALUES | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


@cache
def tables(model: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with some of *model*'s keys, most with values of a likely kind, and now and then another key."""
    hints = get_type_hints(model)
    keys = {key_of(field.name): values(hints[field.name]) for field in fields(model)}
    return st.fixed_dictionaries({}, optional={**keys, "other": VALUES})


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for values where *hint* is expected, tables in tables included."""
    if hint is When:
        conditions = st.deferred(lambda: tables(Condition))
        return conditions | st.lists(conditions, max_size=2) | VALUES
    if table := table_of(hint):
        return tables(table) | VALUES
    items = [item for item in get_args(hint) if is_dataclass(item)]
    return st.lists(tables(items[0]), max_size=2) | tables(items[0]) if items else LIKELY


documents = st.one_of(VALUES, tables(Settings))


@given(documents)
@example({"extension": [{"name": "a", "sources": ["[z-a]", "[!]", "[[:x:]]", "[a&&b]", "**/**/*"]}]})
@example({"pythons": ["cp3" + "9" * 5000], "targets": ["manylinux_2_" + "9" * 5000 + "_x86_64"]})
def test_understood_or_refused(table: Any) -> None:
    try:
        settings = parse_settings(table)
        project = resolve_project(Metadata("spam", "1.0", ""), settings, tree_of("spam/__init__.py", "a.c"))
        plan(project, has_headers=())
        render_build_zig(project)
    except ConfigurationError as error:
        for problem in error.problems:
            assert problem.where.startswith("tool.zigbuild")
            assert problem.message
            assert problem.hint
