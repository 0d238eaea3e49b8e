"""Settings from TOML: everything that can be said, and for everything else a place, a problem and a mend."""

from __future__ import annotations

from typing import Any

import pytest

from zigbuild_backend.core.base.errors import ConfigurationError, Problem
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.settings import rules
from zigbuild_backend.core.settings.conditions import Condition, When
from zigbuild_backend.core.settings.contents import WheelContents
from zigbuild_backend.core.settings.fields import Names
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.parser import parse_settings
from zigbuild_backend.core.settings.product_tables import Addition, Extension, Flags, Std


def problems_of(toml: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as refusal:
        parse_settings(tomllib.loads(toml))
    return refusal.value.problems


def test_everything() -> None:
    table = tomllib.loads("""
        zig = "0.15.2"
        targets = ["manylinux_2_28_x86_64", "macos"]
        pythons = ["cp312", "cp313t", "all"]
        packages = ["src/spam"]
        optimize = "small"

        [[extension]]
        name = "spam._speedups"
        sources = ["src/spam/*.c"]
        exclude = ["src/spam/test_*.c"]
        include-dirs = ["include", "."]
        defines = { TEXT = "a b", ON = true, OFF = false, ZERO = 0 }
        flags = { all = ["-O2"], c = ["-fwrapv"], cxx = ["-fno-rtti"] }
        std = { c = "c11", cxx = "c++17" }
        libraries = ["m"]
        stable-abi = "cp310"

        [[extension.on]]
        when = { os = "windows" }
        libraries = ["ws2_32"]

        [[extension.on]]
        when = { os = ["linux"], arch = ["x86_64", "aarch64"], libc = "musl" }
        include-dirs = ["simd"]
        defines = { ON = false }
        flags = { c = ["-fno-builtin"] }
        std = { c = "c17" }

        [[extension]]
        name = "spam.ünicode"
        sources = ["x.c"]

        [wheel]
        exclude = ["**/*.h"]
    """)
    assert parse_settings(table) == Settings(
        zig="0.15.2",
        targets=("manylinux_2_28_x86_64", "macos"),
        pythons=("cp312", "cp313t", "all"),
        packages=("src/spam",),
        optimize="small",
        extension=(
            Extension(
                name="spam._speedups",
                sources=("src/spam/*.c",),
                exclude=("src/spam/test_*.c",),
                include_dirs=("include", "."),
                defines=(("TEXT", "a b"), ("ON", True), ("OFF", False), ("ZERO", 0)),
                flags=Flags(all=("-O2",), c=("-fwrapv",), cxx=("-fno-rtti",)),
                std=Std(c="c11", cxx="c++17"),
                libraries=("m",),
                stable_abi="cp310",
                on=(
                    Addition(When([Condition(os=Names(["windows"]))]), libraries=("ws2_32",)),
                    Addition(
                        When([Condition(os=Names(["linux"]), arch=Names(["x86_64", "aarch64"]), libc=Names(["musl"]))]),
                        include_dirs=("simd",),
                        defines=(("ON", False),),
                        flags=Flags(c=("-fno-builtin",)),
                        std=Std(c="c17"),
                    ),
                ),
            ),
            Extension(name="spam.ünicode", sources=("x.c",)),
        ),
        wheel=WheelContents(exclude=("**/*.h",)),
    )


def test_defaults() -> None:
    assert parse_settings({}) == Settings(zig=DEFAULT_ZIG, targets=("all",), optimize="fast")


@pytest.mark.parametrize(
    ("toml", "where", "message", "hint"),
    [
        ("zigg = 1", "", "unknown key 'zigg'", "did you mean 'zig'?"),
        ("qqq = 1", "", "unknown key 'qqq'", "known are zig, minimum-version, targets, pythons, packages, optimize"),
        ("include_dirs = 1", "", "unknown key 'include_dirs'", "known are"),
        ("zig = 16", ".zig", "must be a string, not a whole number", "the exact version"),
        ("zig = 0.16", ".zig", "must be a string, not a number", "the exact version"),
        ("zig = true", ".zig", "must be a string, not a boolean", "the exact version"),
        ("zig = 1979-05-27", ".zig", "must be a string, not a date or time", "the exact version"),
        ("zig = {}", ".zig", "must be a string, not a table", "the exact version"),
        ("targets = 'all'", ".targets", "must be an array of strings, not a string", "write targets = ['all']"),
        ("targets = ['all', 3]", ".targets[1]", "must be a string, not a whole number", "the targets of the matrix"),
        ("targets = ['amiga']", ".targets[0]", "'amiga': not a platform", "groups are"),
        ("pythons = ['cp313', 'cp38']", ".pythons[1]", "'cp38': not a CPython that", "known are cp39"),
        ("packages = ['/spam']", ".packages[0]", "'/spam' is absolute", "paths are relative"),
        (
            "optimize = 'fats'",
            ".optimize",
            "must be one of fast, safe, small, debug, not 'fats'",
            "did you mean 'fast'",
        ),
        ("optimize = ['fast']", ".optimize", "must be one of fast, safe, small, debug, not ['fast']", "did you mean"),
        ("optimize = 3", ".optimize", "must be one of fast, safe, small, debug, not 3", "known are fast"),
        ("targets = 3", ".targets", "must be an array of strings, not a whole number", "the targets of the matrix"),
        ("wheel = []", ".wheel", "must be a table, not an array", "write [tool.zigbuild.wheel]"),
        (
            "wheel.exclude = '*.h'",
            ".wheel.exclude",
            "must be an array of strings, not a string",
            "write exclude = ['*.h']",
        ),
        ("wheel.exclude = ['../a']", ".wheel.exclude[0]", "'../a' leads out of the project", "move it inside"),
        ("extension = 3", ".extension", "must be an array of tables, not a whole number", "write [[tool.zigbuild.ext"),
        ("[extension]", ".extension", "must be an array of tables, not a table", "write [[tool.zigbuild.extension]]"),
        ("extension = ['x']", ".extension[0]", "must be a table, not a string", "write [[tool.zigbuild.extension]]"),
    ],
)
def test_refused(toml: str, where: str, message: str, hint: str) -> None:
    (problem,) = problems_of(toml)
    assert problem.where == f"tool.zigbuild{where}"
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("toml", "where", "message"),
    [
        ("source = []", "", "unknown key 'source'"),
        ("name = []", ".name", "must be a string, not an array"),
        ("name = 'spam-x'", ".name", "'spam-x' is not a dotted module name"),
        ("sources = 'a.c'", ".sources", "must be an array of strings, not a string"),
        ("sources = ['a.c', '../b.c']", ".sources[1]", "'../b.c' leads out of the project"),
        ("sources = ['**/*.c', 'src/**.c']", ".sources[1]", "'src/**.c' has '**' beside other characters"),
        ("exclude = [1]", ".exclude[0]", "must be a string, not a whole number"),
        ("defines = ['A']", ".defines", "must be a table of values, not an array"),
        ("defines = { A = 1.5 }", ".defines.A", "must be a string, a whole number or a boolean, not a number"),
        ("defines = { A = { } }", ".defines.A", "must be a string, a whole number or a boolean, not a table"),
        ("defines = { 1A = 1 }", ".defines", "'1A' is not the name of a macro"),
        ("flags = ['-O2']", ".flags", "must be a table, not an array"),
        ("flags = { cpp = [] }", ".flags", "unknown key 'cpp'"),
        ("flags = { c = ['-march=native'] }", ".flags.c[0]", "'-march=native' would tie the wheel"),
        ("std = 'c11'", ".std", "must be a table, not a string"),
        ("std = { c = 'c12' }", ".std.c", "'c12' is not a language standard"),
        ("libraries = ['-lm']", ".libraries[0]", "'-lm' is not the name of a library"),
        ("stable-abi = 'abi3'", ".stable-abi", "'abi3' is no CPython with a stable ABI"),
        ("on = 3", ".on", "must be an array of tables, not a whole number"),
        ("on = [{}]", ".on[0]", "the key 'when' is missing"),
        ("on = [{ when = {}, name = 'x' }]", ".on[0]", "unknown key 'name'"),
        ("on = [{ when = 'windows' }]", ".on[0].when", "must be a table, or an array of tables, not a string"),
        ("on = [{ when = { python = '3' } }]", ".on[0].when.python", "'3' is not a set of versions"),
        (
            "on = [{ when = { python = '<3.9' } }]",
            ".on[0].when.python",
            "'<3.9' admits no CPython that wheels are made for",
        ),
        ("on = [{ when = { abi = 'cp38' } }]", ".on[0].when.abi", "'cp38' is no ABI"),
        ("on = [{ when = { free-threaded = 1 } }]", ".on[0].when.free-threaded", "must be true or false, not a whole"),
        (
            "on = [{ when = { free-threaded = true, abi = 'abi3' } }]",
            ".on[0].when",
            "no target satisfies the condition",
        ),
        ("when = { os = 'linux', not = { os = ['linux', 'macos'] } }", ".when", "no target satisfies the condition"),
        ("when = [{ os = 'linux' }, 3]", ".when[1]", "must be a table, not a whole number"),
        ("when = { not = 3 }", ".when.not", "must be a table, or an array of tables, not a whole number"),
        ("link = ['zlip']", ".link[0]", "there is no library or dependency 'zlip'"),
        ("link-flags = ['-lz']", ".link-flags[0]", "'-lz' is no flag that zig's build system passes to a linker"),
        ("headers-from = ['a b']", ".headers-from[0]", "'a b' is not the name of a project"),
        ("optional = 'yes'", ".optional", "must be true or false, not a string"),
        ("visibility = 'all'", ".visibility", "must be one of hidden, default, not 'all'"),
        ("config-header = { path = 'c.h', template = 'c.in' }", ".config-header[0]", "a template needs a style"),
        ("config-header = { path = 'c.h', style = 'cmake' }", ".config-header[0]", "the style 'cmake' needs a"),
        ("config-header = [{ template = 'c.in' }]", ".config-header[0]", "the key 'path' is missing"),
        ("on = [{ when = { oss = 'linux' } }]", ".on[0].when", "unknown key 'oss'"),
        ("on = [{ when = { os = 3 } }]", ".on[0].when.os", "must be a string or an array of strings"),
        ("on = [{ when = { os = [] } }]", ".on[0].when.os", "must be a string or an array of strings"),
        ("on = [{ when = { os = ['linux', 3] } }]", ".on[0].when.os[1]", "must be a string, not a whole number"),
        ("on = [{ when = { os = 'amiga' } }]", ".on[0].when.os", "'amiga' is no system"),
        ("on = [{ when = { arch = ['x86_64', 'arm64'] } }]", ".on[0].when.arch[1]", "'arm64' is no machine"),
        ("on = [{ when = { libc = 'ucrt' } }]", ".on[0].when.libc", "'ucrt' is no C library of Linux"),
        ("on = [{ when = { os = 'windows', libc = 'musl' } }]", ".on[0].when", "no target satisfies the condition"),
        ("on = [{ when = { os = 'macos', arch = 's390x' } }]", ".on[0].when", "no target satisfies the condition"),
    ],
)
def test_refused_in_an_extension(toml: str, where: str, message: str) -> None:
    given = {key for key in ("name", "sources") if toml.startswith(f"{key} =")}
    rest = "".join(f"{key}\n" for key in ("name = 'spam'", "sources = ['a.c']") if key.split(" ")[0] not in given)
    (problem,) = problems_of(f"[[extension]]\nname = 'ham'\nsources = ['a.c']\n[[extension]]\n{rest}{toml}")
    assert problem.where == f"tool.zigbuild.extension[1]{where}"
    assert problem.message.startswith(message)
    assert problem.hint


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ([], Problem("must be a table, not an array", "tool.zigbuild", "write [tool.zigbuild]")),
        (None, Problem("must be a table, not nothing", "tool.zigbuild", "write [tool.zigbuild]")),
    ],
)
def test_no_table_at_all(table: object, problem: Problem) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_settings(table)
    assert refusal.value.problems == (problem,)


@pytest.mark.parametrize(
    ("toml", "hint"),
    [
        ("[[extension]]\nname = 'a'\nsources = []\nflags = 3", "write flags = { … }"),
        ("extension = [3]", "write [[tool.zigbuild.extension]]"),
        ("[[extension]]\nname = 'a'\nsources = []\non = 3", "write [[tool.zigbuild.extension.on]]"),
        ("[[extension]]\nname = 'a'\nsources = []\non = [3]", "write [[tool.zigbuild.extension.on]]"),
        ("[[extension]]\nname = 'a'\nsources = []\non = [{ when = 3 }]", "write when = { … }"),
        (
            "[[extension]]\nname = 'a'\nsources = []\non = [{ when = { os = 'macos', libc = 'musl' } }]",
            "loosen 'os' or 'libc'",
        ),
        ("[[extension]]\nname = 'a'\nsources = []\non = [{ when = { arch = 'amd64' } }]", "did you mean 'x86_64'?"),
    ],
)
def test_hint_shows_how_a_table_is_written(toml: str, hint: str) -> None:
    assert [problem.hint for problem in problems_of(toml)] == [hint]


@pytest.mark.parametrize(
    ("when", "target", "holds"),
    [
        ({}, "win32", True),
        ({"os": ["windows"]}, "win32", True),
        ({"os": ["windows"]}, "musllinux_1_2_x86_64", False),
        ({"os": ["linux", "windows"], "arch": ["x86_64"]}, "win_amd64", True),
        ({"os": ["linux", "windows"], "arch": ["x86_64"]}, "win32", False),
        ({"arch": ["aarch64"]}, "win_arm64", True),
        ({"arch": ["aarch64"]}, "macosx_11_0_arm64", True),
        ({"libc": ["glibc"]}, "manylinux_2_28_s390x", True),
        ({"libc": ["glibc"]}, "musllinux_1_2_s390x", False),
    ],
)
def test_conditions(when: dict[str, list[str]], target: str, holds: bool) -> None:
    condition = Condition(**{key: Names(names) for key, names in when.items()})
    assert condition.holds(find_target(target)) is holds


def test_missing_keys_say_what_they_are_for() -> None:
    missing = problems_of("[[extension]]")
    assert [(problem.where, problem.message) for problem in missing] == [
        ("tool.zigbuild.extension[0]", "the key 'name' is missing"),
    ]
    assert "such as 'spam._speedups'" in missing[0].hint


def test_one_module_in_two_tables() -> None:
    table = "[[extension]]\nname = 'a'\nsources = ['a.c']\n"
    assert [(problem.where, problem.message) for problem in problems_of(table * 3)] == [
        ("tool.zigbuild.extension[1].name", "the module 'a' is already tool.zigbuild.extension[0]"),
        ("tool.zigbuild.extension[2].name", "the module 'a' is already tool.zigbuild.extension[0]"),
    ]


def test_all_problems_are_reported_at_once() -> None:
    toml = "zig = '0.1'\nx = 1\ntargets = ['q', 'all', 'r']\n[[extension]]\nname = '1'\n[[extension]]\nsources = 3"
    assert [problem.where.removeprefix("tool.zigbuild") for problem in problems_of(toml)] == [
        *("", ".zig", ".targets[0]", ".targets[2]"),
        *(".extension[0].name", ".extension[1]", ".extension[1].sources"),
    ]


RULES: list[tuple[Any, list[Any], list[Any]]] = [
    (
        rules.module_name,
        ["spam", "spam._x", "a.b.c", "ünicode", "_"],
        ["", ".", "a.", "a..b", "1a", "a-b", "a/b", "a b", "spam.class", "None", "a\n", "a\0"],
    ),
    (
        rules.path,
        ["a.c", "src/**/*.c", ".", "a b/ü.c", "..a/b..c", "xx:y"],
        ["", "/a", "~/a", "C:/a", "c:a", "..", "a/../b", "a\\b", "a\0"],
    ),
    (
        rules.compiler_flag,
        ["-O2", "-fno-strict-aliasing", "-march=armv8-a", "-", '-DX="a b"'],
        ["", "O2", "-march=native", "-mcpu=native", "-mtune=native", "-a\n-b", "-a\r", "-a\0"],
    ),
    (
        rules.standard,
        ["c11", "gnu17", "c99", "c2x", "c23", "c++17", "gnu++20", "c++2b", "c++98"],
        ["", "c12", "c++", "C11", "c11 ", "-std=c11", "c++99", "iso9899:1999"],
    ),
    (rules.library, ["m", "ws2_32", "stdc++", "a-b.c"], ["", "-lm", "a/b", "a b", "libü", 'a"', "a\n"]),
    (
        rules.define,
        [("A", "x"), ("_a1", 3), ("A", True), ("A", '"quo\\ted"'), ("A", "")],
        [("", 1), ("1A", 1), ("A-B", 1), ("A(x)", "x"), ("A\n", 1), ("Ü", 1), ("A", "a\nb"), ("A", "\0"), ("A", "\r")],
    ),
    (rules.stable_abi, ["cp39", "cp310", "cp315"], ["", "abi3", "cp38", "cp316", "cp313t", "cp310-abi3", "cp3١٠"]),
    (rules.zig_version, ["0.15.2", "0.16.0", "0.17.0"], ["", "0.16", "0.14.1", "latest"]),
    (rules.target, ["all", "linux", "win32", "manylinux_2_28_aarch64"], ["", "native", "manylinux1_x86_64"]),
    (rules.python, ["all", "cp39", "cp313t", "cp310-abi3"], ["", "cp38", "python3"]),
    (rules.project_name, ["spam", "Spam.Eggs_1-x", "1"], ["", "-x", "x.", "a b", "ü", "x\n"]),
    (rules.version, ["1", "1!2.0rc1+x"], ["", "one", "1-x-y"]),
    (rules.requirement, ["pytest", "pytest>=8; python_version > '3.9'"], ["", "a b", ">=8"]),
    (rules.sha256, ["0af" + "1" * 61], ["", "1" * 63, "A" * 64, "g" * 64]),
    (rules.sdist_name, ["spam-1.0.tar.gz"], ["", "spam-1.0.zip", "a/b.tar.gz", "a\\b.tar.gz", ".tar.gz"]),
    (
        rules.url,
        ["https://example.org/x.tar.gz", "http://localhost:8000/x", "file:///x"],
        ["", "x", "ftp://x/y", "https://", "file://x"],
    ),
    (
        rules.package_url,
        ["https://z.example/z.tar.gz", "git+https://z.example/z#0123abc", "file:///z.tar.gz"],
        ["", "git+file:///z", "git+https:///z", "z.tar.gz"],
    ),
]


@pytest.mark.parametrize(
    ("rule", "value"), [pytest.param(rule, v, id=f"{rule.__name__}-{v}") for rule, good, _ in RULES for v in good]
)
def test_rules_admit(rule: Any, value: Any) -> None:
    assert rule(value) is None


@pytest.mark.parametrize(
    ("rule", "value"), [pytest.param(rule, v, id=f"{rule.__name__}-{v!a}") for rule, _, bad in RULES for v in bad]
)
def test_rules_refuse_with_a_hint(rule: Any, value: Any) -> None:
    problem = rule(value)
    assert problem.message
    assert problem.hint
    assert problem.where == ""
