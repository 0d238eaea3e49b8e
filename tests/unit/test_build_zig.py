"""The parts of build.zig and build.zig.zon; their whole text is in tests/golden."""

from __future__ import annotations

import re
import zlib

import pytest

from projects import project_of, render_build_zig
from zig_literals import split_literals
from zigbuild_backend.core.base.pythons import PYTHONS, Python
from zigbuild_backend.core.base.targets import TARGETS, find_target
from zigbuild_backend.core.graph.build_zig_zon import render_zon
from zigbuild_backend.core.graph.zig_words import quote

ONE = "[[extension]]\nname = 'spam._c'\nsources = ['spam/*.c']\n"


def rows_of(text: str, key: str) -> list[str]:
    return re.findall(rf'^    \.\{{ \.{key} = "([^"]+)"', text, re.MULTILINE)


def test_rows_are_every_target_and_python() -> None:
    text = render_build_zig(project_of(ONE))
    assert rows_of(text, "tag") == [target.platform_tag for target in TARGETS]
    assert rows_of(text, "name") == [python.name for python in PYTHONS]


def test_file_names_tell_musl_from_glibc_since_3_11_only() -> None:
    rows = re.findall(r'\.name = "(\w+)".*\.names_musl = false', render_build_zig(project_of(ONE)))
    assert rows == ["cp39", "cp310"]


def test_text_does_not_depend_on_the_wheels_that_are_wanted() -> None:
    text = render_build_zig(project_of(ONE))
    assert render_build_zig(project_of("pythons = ['cp313']\ntargets = ['windows']\n" + ONE)) == text
    assert render_build_zig(project_of(ONE), extra_targets=[find_target("win32")]) == text


@pytest.mark.parametrize(
    "settings", ["targets = ['manylinux_2_28_x86_64', 'all']\n", "targets = ['manylinux_2_28_x86_64']\n"]
)
def test_targets_above_the_lowest_come_last(settings: str) -> None:
    extra = [find_target("manylinux_2_28_x86_64"), find_target("macosx_12_0_arm64")]
    tags = rows_of(render_build_zig(project_of(settings + ONE), extra_targets=extra), "tag")
    assert tags == [*(target.platform_tag for target in TARGETS), "manylinux_2_28_x86_64", "macosx_12_0_arm64"]


def test_stable_abi_is_one_more_python() -> None:
    text = render_build_zig(project_of(ONE + "stable-abi = 'cp310'"))
    assert rows_of(text, "name")[-1] == "cp310-abi3"
    assert '.macros = &.{.{ .name = "Py_LIMITED_API", .value = "0x030A0000" }}' in text


def test_rows_of_fewer_pythons() -> None:
    assert rows_of(render_build_zig(project_of(ONE), pythons=[Python(13, free_threaded=True)]), "name") == ["cp313t"]


@pytest.mark.parametrize(
    ("sources", "languages", "cxx"),
    [
        ("a.c", ["c"], "false"),
        ("a.cc b.cpp c.cxx d.c++ e.C", ["cpp"], "true"),
        ("a.c b.cpp c.S d.s", ["c", "cpp", "assembly", "assembly_with_preprocessor"], "true"),
        ("a.m b.mm", ["objective_c", "objective_cpp"], "true"),
        ("a.s", ["assembly"], "false"),
    ],
)
def test_each_language_has_a_list_of_its_own(sources: str, languages: list[str], cxx: str) -> None:
    settings = """
        [[extension]]
        name = "spam"
        sources = ["**"]
        flags = { all = ["-fall"], c = ["-fc"], cxx = ["-fcxx"] }
        std = { c = "c11", cxx = "c++17" }
    """
    text = render_build_zig(project_of(settings, *sources.split()))
    assert re.findall(r"\.language = \.(\w+)", text) == languages
    assert ("{ .cxx = true }" in text) is (cxx == "true")
    flags = {"c": '"-std=c11", "-fall", "-fc"', "cpp": '"-std=c++17", "-fall", "-fcxx"'}
    flags.update(objective_c=flags["c"], objective_cpp=flags["cpp"])
    for language in languages:
        assert (
            f".flags = wheel.flags(b, &.{{ {flags[language]} }})" in text
            if language in flags
            else '&.{"-fall"}' in text
        )


@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_lists_are_as_zig_fmt_wants_them(count: int) -> None:
    flags = [f"-fflag-{number}" for number in range(count)]
    text = render_build_zig(project_of(f"{ONE}flags = {{ all = {flags} }}"))
    on_one_line = {0: "&.{}", 1: '&.{"-fflag-0"}', 2: '&.{ "-fflag-0", "-fflag-1" }'}
    one_to_a_line = "&.{\n" + "".join(f'            "{flag}",\n' for flag in flags) + "        }"
    assert f".flags = wheel.flags(b, {on_one_line.get(count, one_to_a_line)})," in text


def test_macros() -> None:
    defines = """defines = { A = "{name} {version}", B = true, C = false, D = 0, E = "" }"""
    _, literals = split_literals(render_build_zig(project_of(ONE + defines, name="Spam-Eggs", version="2.0")))
    start = literals.index(b"-DA=Spam-Eggs 2.0")
    assert literals[start : start + 5] == [b"-DA=Spam-Eggs 2.0", b"-DB=1", b"-UC", b"-DD=0", b"-DE="]


def test_what_is_replaced_on_some_targets_is_undefined_first() -> None:
    on = "defines = { A = 1, B = 2 }\n[[extension.on]]\nwhen.os = 'linux'\ndefines = { A = 3, B = false, C = 'x' }\n"
    _, literals = split_literals(render_build_zig(project_of(ONE + on)))
    start = literals.index(b"-DA=1")
    assert literals[start : start + 6] == [b"-DA=1", b"-DB=2", b"-UA", b"-DA=3", b"-UB", b"-DC=x"]


@pytest.mark.parametrize("name", ["PROJECT", "TARGETS", "PYTHONS", "CALLS", "a.PYTHONS-b"])
def test_name_of_the_project_is_never_taken_for_another_part(name: str) -> None:
    text = render_build_zig(project_of(ONE, name=name))
    assert text.startswith(f"//! The extension modules of {name}, for every")
    assert text.partition("\n")[2] == render_build_zig(project_of(ONE)).partition("\n")[2]


@pytest.mark.parametrize(
    "modules", [["a.b", "a_b"], ["a.b", "a_b", "a.b_", "a_b_"], ["a.ü", "a.ufc"], ["a.fn", "fn", "_", "__"]]
)
def test_each_module_has_a_function_of_its_own(modules: list[str]) -> None:
    tables = "".join(f"[[extension]]\nname = '{module}'\nsources = ['spam/_c.c']\n" for module in modules)
    text = render_build_zig(project_of(tables))
    functions = re.findall(r"^/// (\S+)\nfn (add_[a-z0-9_]+)\(", text, re.MULTILINE)
    assert [module for module, _ in functions] == modules
    assert len({function for _, function in functions}) == len(modules)
    assert re.findall(r"^ +(add_\w+)\(b, wheel\);", text, re.MULTILINE) == [function for _, function in functions]


@pytest.mark.parametrize("name", ["spam", "Spam-Eggs.x", "1999", "a" * 80, "ziggy-" * 9])
def test_zon(name: str) -> None:
    text = render_zon(project_of(ONE, name=name))
    match = re.search(r"\.name = \.([a-zA-Z_][a-zA-Z0-9_]*),\n.*\n    \.fingerprint = 0x([0-9a-f]{16}),", text)
    assert match
    assert len(match[1]) <= 32
    assert int(match[2], 16) >> 32 == zlib.crc32(match[1].encode())


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", '""'),
        ("plain ü", '"plain ü"'),
        ('"\\', '"\\"\\\\"'),
        ("\n\r\t", '"\\n\\r\\t"'),
        ("\0\x1b\x7f", '"\\x00\\x1b\\x7f"'),
        ("\u202e", '"\\xe2\\x80\\xae"'),
        ("\udcff", '"\\xff"'),
    ],
)
def test_quote(text: str, literal: str) -> None:
    assert quote(text) == literal
