"""The planned generations, and their place in build.zig."""

from __future__ import annotations

import pytest

from projects import project_of, render_build_zig, tree_of
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.product_tables import Extension

EXTENSION = "[[extension]]\nname = 'spam._c'\n"
PYX = EXTENSION + "sources = ['spam/*.pyx']\n"
FILES = ("spam/__init__.py", "spam/_c.pyx", "spam/_c.pxd", "spam/common.pxi", "spam/_c.h.in", "tools/make.py")


def test_cython_needs_no_table() -> None:
    project = project_of(PYX, *FILES)
    (generation,) = project.generations
    assert (generation.sources, generation.outputs, generation.module) == (("spam/_c.pyx",), ("spam/_c.c",), "spam._c")
    assert generation.inputs == ("spam/_c.pyx", "spam/_c.pxd", "spam/common.pxi")
    assert project.modules[0].sources == ("spam/_c.c",)
    assert project.tools == ("cython",)


def test_sources_of_cython_stay_out_of_the_wheel_and_declarations_do_not() -> None:
    assert {*project_of(PYX, *FILES).contents} == {"spam/__init__.py", "spam/_c.pxd", "spam/common.pxi", "spam/_c.h.in"}


@pytest.mark.parametrize("marked", [(), ("spam/_c.pyx",)])
def test_cxx_is_asked_for_by_setting_or_in_the_source(marked: tuple[str, ...]) -> None:
    table = "" if marked else "[[generate]]\nwith = 'cython'\nsources = ['spam/_c.pyx']\ncxx = true\n"
    settings = project_of(PYX + table, *FILES).settings
    project = resolve_project(Metadata("spam", "1.0", ""), settings, tree_of(*FILES), cxx_marked=marked)
    assert project.modules[0].sources == ("spam/_c.cpp",)
    assert project.modules[0].is_cxx


def test_extension_may_name_what_is_made() -> None:
    settings = EXTENSION + "sources = ['spam/*.c']\n[[generate]]\nwith = 'cython'\nsources = ['spam/_c.pyx']\n"
    assert project_of(settings, *FILES).modules[0].sources == ("spam/_c.c",)


def test_what_one_makes_another_reads() -> None:
    settings = PYX + "[[generate]]\nwith = 'template'\nsources = ['spam/_d.pyx.in']\n"
    project = project_of(
        settings + "[[generate]]\nwith = 'cython'\nsources = ['spam/*.pyx']\n", *FILES, "spam/_d.pyx.in"
    )
    assert [run.outputs[0] for run in project.generations] == ["spam/_d.pyx", "spam/_c.c", "spam/_d.c"]


@pytest.mark.parametrize(
    ("settings", "where", "message"),
    [
        (PYX + "[[generate]]\nwith = 'cython'\nsources = ['x.pyx']\n", "generate[0].sources[0]", "no file"),
        (PYX + "[[generate]]\nwith = 'cython'\n", "generate[0].sources", "needs at least one source"),
        (PYX + "[[generate]]\nwith = 'cython'\nsources = ['spam/_c.pxd']\n", "generate[0].sources", "does not compile"),
        (
            PYX + "[[generate]]\nwith = 'cython'\nsources = ['spam/_c.pyx']\nffi = 'x'\n",
            "generate[0].ffi",
            "does not apply to 'cython'",
        ),
        (PYX + "[[generate]]\nwith = 'cython'\nsources = ['spam/_c.pyx']\nper = 'target'\n", "generate[0].per", "same"),
        (PYX + "[[generate]]\nwith = 'template'\nsources = ['spam/_c.pxd']\n", "generate[0].sources", "itself"),
        (PYX + "[[generate]]\nwith = 'command'\noutputs = ['x.c']\n", "generate[0]", "'command' is missing"),
        (
            PYX + "[[generate]]\nwith = 'template'\nsources = ['spam/_c.h.in']\noutputs = ['a.h', 'b.h']\n",
            "generate[0].outputs",
            "2 files for 1 sources",
        ),
        (
            PYX + "[[generate]]\nwith = 'command'\ncommand = ['python', 'tools/make.py']\noutputs = ['spam/_c.c']\n",
            "generate",
            "already generated",
        ),
        (
            "[[library]]\nname = 'x'\nsources = ['x.c']\n[[generate]]\nwith = 'command'\nper = 'wheel'\n"
            "command = ['python', 'tools/make.py']\noutputs = ['x.c']\n" + PYX,
            "library[0].sources",
            "compiled once",
        ),
    ],
)
def test_problems(settings: str, where: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        project_of(settings, *FILES)
    (problem,) = caught.value.problems
    assert problem.where == f"tool.zigbuild.{where}"
    assert message in problem.message
    assert problem.hint


def test_sources_of_a_target_are_compiled_from_its_folder() -> None:
    command = "with = 'command'\ncommand = ['python', 'tools/make.py']\n"
    text = render_build_zig(
        project_of(
            EXTENSION
            + "sources = ['spam/a.c', 'made/*.c']\ninclude-dirs = ['made', 'spam']\n"
            + f"[[generate]]\n{command}per = 'target'\noutputs = ['made/t.c', 'made/t.h']\n"
            + f"[[generate]]\n{command}per = 'wheel'\noutputs = ['made/w.c']\n",
            *FILES,
            "spam/a.c",
        )
    )
    (flags,) = (line for line in text.splitlines() if "c_flags = " in line)
    assert flags.split() == ["const", "c_flags", "=", "wheel.flags(b,", "&.{});"]
    for key, name in (("wheel.triple", "t"), ("wheel.id", "w")):
        place = f'b.path(b.fmt("zigbuild/generated/{{s}}", .{{{key}}}))'
        assert f'.root = {place},\n        .files = &.{{"made/{name}.c"}},' in text
        assert f'module.addIncludePath(b.path(b.fmt("zigbuild/generated/{{s}}/made", .{{{key}}})));' in text
    assert 'generated/{s}/spam"' not in text


def test_nanobind_is_compiled_once_for_each_wheel() -> None:
    one = EXTENSION + "sources = ['spam/a.cpp']\nheaders-from = ['nanobind']\n"
    text = render_build_zig(project_of(one + one.replace("_c", "_d"), *FILES, "spam/a.cpp"))
    assert text.count("fn compile_nanobind(") == 1
    assert text.count("module.linkLibrary(compile_nanobind(b, wheel));") == 2
    assert 'b.path("zigbuild/headers/nanobind")' in text
    assert text.count('module.addCMacro("NB_FREE_THREADED", "1")') == 3


def test_headers_of_others_alone_are_folders() -> None:
    text = render_build_zig(
        project_of(EXTENSION + "sources = ['spam/a.c']\nheaders-from = ['numpy']\n", *FILES, "spam/a.c")
    )
    assert 'module.addIncludePath(b.path("zigbuild/headers/numpy"));' in text
    assert "libraries" not in text


def test_no_settings_no_tools() -> None:
    assert Settings(extension=(Extension("spam._c"),)).generate == ()
    assert project_of(EXTENSION + "sources = ['spam/a.c']\n", *FILES, "spam/a.c").tools == ()
