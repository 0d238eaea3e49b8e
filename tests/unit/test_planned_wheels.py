"""From settings and a tree to the wheels that a project has."""

from __future__ import annotations

import pytest

from projects import project_of, tree_of
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.pythons import PYTHONS, Python, find_python
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.planned_wheels import _list_admitted, choose_all_pythons, choose_pythons, plan
from zigbuild_backend.core.project.project import Project
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.settings.conditions import When
from zigbuild_backend.core.settings.contents import WheelContents
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.product_tables import Addition, Extension
from zigbuild_backend.core.wheel.buildinfo import digest_spec
from zigbuild_backend.core.wheel.spec import WheelSpec

ONE = "[[extension]]\nname = 'spam._c'\nsources = ['spam/*.c']\n"
EVERY_MINOR = range(9, 16)


def names(pythons: tuple[Python, ...]) -> str:
    return " ".join(python.name for python in pythons)


def test_sources_are_resolved_in_the_order_of_the_tree() -> None:
    project = project_of(
        "[[extension]]\nname = 'spam._c'\nsources = ['spam/z.cpp', '**/*.c', 'spam/*.S']\nexclude = ['**/test_*']",
        *("spam/__init__.py", "spam/z.cpp", "spam/b.c", "spam/a.c", "spam/test_a.c", "spam/fast.S", "spam/a.h"),
    )
    (module,) = project.modules
    assert module.sources == ("spam/a.c", "spam/b.c", "spam/fast.S", "spam/z.cpp")
    assert module.is_cxx
    assert set(project.contents) == {"spam/__init__.py", "spam/a.h", "spam/test_a.c"}


def test_files_can_be_left_out_of_the_wheel() -> None:
    settings = ONE + "[wheel]\nexclude = ['**/*.h', 'spam/data/*']"
    files = ("spam/__init__.py", "spam/_c.c", "spam/a.h", "spam/data/a.txt", "spam/data/deep/a.txt")
    assert set(project_of(settings, *files).contents) == {"spam/__init__.py", "spam/data/deep/a.txt"}


def test_module_of_c_alone_is_no_cxx() -> None:
    (module,) = project_of(ONE).modules
    assert not module.is_cxx
    assert module.path(Python(13), find_target("win32")) == "spam/_c.cp313-win32.pyd"


def test_everything_that_cannot_be_resolved_is_reported() -> None:
    settings = Settings(
        extension=(
            Extension("a", ("a.c", "x*.c"), include_dirs=("spam", "include")),
            Extension("b", ()),
            Extension("c", ("*.txt", "a.c")),
            Extension("d", ("a.c",), exclude=("*.c",)),
            Extension("e", ("y.c",), exclude=("*.c",)),
            Extension("f", ("a.c",), on=(Addition(When(), include_dirs=("spam", "simd")),)),
        ),
        wheel=WheelContents(exclude=("spam/*", "eggs/*")),
    )
    with pytest.raises(ConfigurationError) as refusal:
        resolve_project(Metadata("spam", "1", ""), settings, tree_of("a.c", "n.txt", "spam/x.py"), place="here")
    assert [(problem.where, problem.message) for problem in refusal.value.problems] == [
        ("here.extension[0].sources[1]", "no file of the project matches 'x*.c'"),
        ("here.extension[0].include-dirs[1]", "there is no folder 'include' in the project"),
        ("here.extension[1].sources", "needs at least one source"),
        ("here.extension[2].sources", "'n.txt' is in no language that can be compiled"),
        ("here.extension[3].exclude", "leaves out every source"),
        ("here.extension[4].sources[0]", "no file of the project matches 'y.c'"),
        ("here.extension[5].on[0].include-dirs[1]", "there is no folder 'simd' in the project"),
        ("here.wheel.exclude[1]", "no file of the project matches 'eggs/*'"),
    ]
    assert all(problem.hint for problem in refusal.value.problems)


@pytest.mark.parametrize(
    ("requires_python", "expected"),
    [
        ("", "cp39 cp310 cp311 cp312 cp313 cp314 cp315 cp313t cp314t cp315t"),
        (">=3.12", "cp312 cp313 cp314 cp315 cp313t cp314t cp315t"),
        (">=3.10,<3.13", "cp310 cp311 cp312"),
        ("~=3.11,!=3.12.*", "cp311 cp313 cp314 cp315 cp313t cp314t cp315t"),
        (">=3.9.2,<3.10", "cp39"),
        ("<3.9.1", "cp39"),
        ("<3.13.0", "cp39 cp310 cp311 cp312"),
        (">=4", ""),
    ],
)
def test_requires_python_narrows_the_matrix(requires_python: str, expected: str) -> None:
    assert names(choose_all_pythons(project_of(ONE, requires_python=requires_python))) == expected


def test_asked_pythons_go_before_set_ones_and_these_before_requires_python() -> None:
    project = project_of("pythons = ['cp313', 'cp312']\n" + ONE, requires_python=">=3.11")
    assert names(choose_all_pythons(project)) == "cp312 cp313"
    assert names(choose_all_pythons(project, ["cp313t", "cp311"])) == "cp311 cp313t"
    assert choose_all_pythons(project, ["all"]) == PYTHONS


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("all", "cp39 cp310-abi3 cp313t cp314t cp315t"),
        ("cp310 cp311 cp312 cp313", "cp310-abi3"),
        ("cp39 cp313 cp313t", "cp39 cp310-abi3 cp313t"),
        ("cp313", "cp310-abi3"),
        ("cp312-abi3", "cp310-abi3"),
        ("cp310-abi3 cp310", "cp310-abi3"),
    ],
)
def test_stable_abi_stands_for_every_later_python_with_the_gil(asked: str, chosen: str) -> None:
    project = project_of(ONE + "stable-abi = 'cp310'")
    assert names(choose_all_pythons(project, asked.split())) == chosen


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("all", "cp39 cp310 cp311 cp312 cp313 cp314 cp313t cp314t cp315-abi3t"),
        ("cp315t cp315 cp314t", "cp314t cp315-abi3t"),
        ("cp315-abi3", "cp315-abi3t"),
    ],
)
def test_stable_abi_of_free_threaded_pythons_stands_for_those_with_the_gil_too(asked: str, chosen: str) -> None:
    project = project_of(ONE + "stable-abi = 'cp315t'")
    assert names(choose_all_pythons(project, asked.split())) == chosen
    (wheel,) = plan(project, ["win32"], ["cp315"], has_headers=[15])
    assert (wheel.identifier, wheel.tag) == ("cp315-abi3t-win32", "cp315-abi3.abi3t-win32")


@pytest.mark.parametrize(
    ("floors", "stable"),
    [
        *(("", None), ("cp310", "cp310-abi3"), ("cp39 cp312 cp310", "cp312-abi3"), ("cp310 -", None), ("- -", None)),
        *(("cp315t", "cp315-abi3t"), ("cp315t cp310", None)),
    ],
)
def test_stable_abi_of_a_project_is_what_all_its_modules_share(floors: str, stable: str | None) -> None:
    tables = "".join(
        f"[[extension]]\nname = 'spam._{number}'\nsources = ['spam/_c.c']\n"
        + (f"stable-abi = '{floor}'\n" if floor != "-" else "")
        for number, floor in enumerate(floors.split())
    )
    assert project_of(tables).stable_abi_for(find_target("win32")) == (stable and find_python(stable))


OF_SOME_TARGETS = """
[[extension]]
name = 'spam._posix'
sources = ['spam/_c.c']
stable-abi = 'cp310'
when = { not = { os = 'windows' } }
[[extension]]
name = 'spam._windows'
sources = ['spam/_c.c']
stable-abi = 'cp312'
when = { os = 'windows' }
[[extension]]
name = 'spam._new'
sources = ['spam/_c.c']
stable-abi = 'cp310'
when = [{ python = '>=3.12', os = 'windows' }, { free-threaded = true, arch = 'x86_64' }]
"""


def modules_of(project: Project, target: str, python: str) -> str:
    return " ".join(module.name for module in project.products.modules_for(find_target(target), find_python(python)))


def test_modules_can_be_for_some_targets_and_pythons() -> None:
    project = project_of(OF_SOME_TARGETS)
    assert modules_of(project, "manylinux_2_17_x86_64", "cp313") == "spam._posix"
    assert modules_of(project, "manylinux_2_17_x86_64", "cp313t") == "spam._posix spam._new"
    assert modules_of(project, "manylinux_2_17_s390x", "cp313t") == "spam._posix"
    assert modules_of(project, "win32", "cp311") == "spam._windows"
    assert modules_of(project, "win32", "cp312") == "spam._windows spam._new"
    # its slices have no more in common
    assert modules_of(project, "macosx_10_13_universal2", "cp313t") == "spam._posix"


def test_stable_abi_may_differ_between_targets() -> None:
    project = project_of(OF_SOME_TARGETS)
    assert names(choose_pythons(project, find_target("macosx_11_0_arm64"), ["cp311", "cp313"])) == "cp310-abi3"
    assert names(choose_pythons(project, find_target("win32"), ["cp311", "cp313"])) == "cp311 cp312-abi3"
    assert names(project.stable_abis) == "cp310-abi3 cp312-abi3"


def test_where_no_module_is_the_wheel_is_pure() -> None:
    project = project_of(ONE + "when = { os = 'linux' }")
    wheels = plan(project, ["win32", "macosx_11_0_arm64", "musllinux_1_2_s390x"], ["cp313"], has_headers=EVERY_MINOR)
    assert [wheel.identifier for wheel in wheels] == ["py3-none-any", "cp313-musllinux_1_2_s390x"]


def test_programs_alone_have_one_wheel_a_platform() -> None:
    project = project_of("[[executable]]\nname = 'spam'\nsources = ['spam/_c.c']")
    wheels = plan(project, ["win32", "macosx_11_0_arm64"], ["cp313"], has_headers=())
    assert [(wheel.identifier, wheel.tag) for wheel in wheels] == [
        ("py3-macosx_11_0_arm64", "py3-none-macosx_11_0_arm64"),
        ("py3-win32", "py3-none-win32"),
    ]


GENERATED = """
[[generate]]
with = "template"
sources = ["spam/_version.py.in", "spam/config.h.in"]
[[generate]]
with = "template"
sources = ["spam/_target.py.in"]
per = "target"
[[generate]]
with = "command"
sources = ["tools/tables.py"]
command = ["python", "tools/tables.py"]
outputs = ["spam/_c.c", "spam/table.txt", "made/more.txt"]
[[extension]]
name = "spam._c"
sources = ["spam/_c.c"]
[wheel]
exclude = ["spam/*.h"]
include = { "made/more.txt" = "spam/more.txt" }
headers = ["spam/config.h", "spam/api.h"]
"""


def test_what_is_generated_goes_into_wheels_unless_it_is_compiled() -> None:
    paths = ("spam/__init__.py", "spam/_version.py.in", "spam/config.h.in", "spam/_target.py.in", "tools/tables.py")
    project = project_of(GENERATED, *paths, "spam/api.h")
    assert project.contents == {"spam/__init__.py": "spam/__init__.py"}
    assert project.data == {"headers/api.h": "spam/api.h"}
    assert project.generated == {
        "spam/_version.py": "spam/_version.py",
        "spam/table.txt": "spam/table.txt",
        "spam/more.txt": "made/more.txt",
        "spam-1.0.data/headers/config.h": "spam/config.h",
    }


def test_identifiers_and_tags() -> None:
    project = project_of(ONE)
    wheels = plan(project, ["manylinux2014_x86_64", "win32"], ["cp313t", "cp39"], has_headers=EVERY_MINOR)
    assert [(wheel.identifier, wheel.tag) for wheel in wheels] == [
        ("cp39-manylinux_2_17_x86_64", "cp39-cp39-manylinux_2_17_x86_64"),
        ("cp39-win32", "cp39-cp39-win32"),
        ("cp313t-manylinux_2_17_x86_64", "cp313-cp313t-manylinux_2_17_x86_64"),
        ("cp313t-win32", "cp313-cp313t-win32"),
    ]
    assert not any(wheel.obstacle for wheel in wheels)


def test_stable_abi_wheels() -> None:
    project = project_of(f"targets = ['win32']\npythons = ['cp310', 'cp312']\n{ONE}stable-abi = 'cp310'")
    (wheel,) = plan(project, has_headers=EVERY_MINOR)
    assert (wheel.identifier, wheel.tag) == ("cp310-abi3-win32", "cp310-abi3-win32")
    assert wheel.obstacle is None


def test_whole_matrix() -> None:
    assert len(plan(project_of(ONE), has_headers=EVERY_MINOR)) == 22 * len(PYTHONS)


def test_project_without_modules_has_one_wheel_for_all() -> None:
    (wheel,) = plan(project_of(""), ["all"], ["all"], has_headers=())
    assert (wheel.identifier, wheel.tag, wheel.obstacle) == ("py3-none-any", "py3-none-any", None)


@pytest.mark.parametrize(
    ("floor", "requires_python", "python", "message"),
    [
        ("", ">=3.12", "cp311", "requires-python is >=3.12"),
        ("", "", "cp312-abi3", "not every module of the project has 'stable-abi'"),
        ("cp312", "", "cp310-abi3", "the stable ABI of the project is cp312-abi3"),
        ("cp312", "", "cp315-abi3t", "the stable ABI of the project is cp312-abi3"),
        ("cp315t", "", "cp314-abi3", "the stable ABI of the project is cp315-abi3t"),
        ("", "", "cp315", "the headers of CPython 3.15 are not at hand"),
        ("cp310", "<3.10", "cp310", "requires-python is <3.10"),
        # One wheel for 3.10 and later also serves a project that asks for 3.12.
        ("cp310", ">=3.12", "cp312", None),
        ("cp310", ">=3.12", "cp312-abi3", None),
        ("cp310", ">=3.12", "cp313t", None),
    ],
)
def test_obstacles(floor: str, requires_python: str, python: str, message: str | None) -> None:
    project = project_of(f"{ONE}stable-abi = '{floor}'" if floor else ONE, requires_python=requires_python)
    (wheel,) = plan(project, ["win32"], [python], has_headers=range(9, 15))
    problems = wheel.obstacle.problems if wheel.obstacle else ()
    assert [problem.message for problem in problems] == ([message] if message else [])
    assert all(problem.where == str(wheel.python) and problem.hint for problem in problems)


@pytest.mark.parametrize(("targets", "pythons"), [(["amiga"], []), ([], ["cp38"])])
def test_names_that_are_unknown(targets: list[str], pythons: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        plan(project_of(ONE), targets, pythons, has_headers=EVERY_MINOR)


def test_file_name_of_a_wheel() -> None:
    tag = "cp313-cp313-win32"
    spec = WheelSpec("a_b", "1.0+c", tag, "0" * 64, "x 1 y", (), "stored", 0, python=None)
    assert spec.file_name == "a_b-1.0+c-cp313-cp313-win32.whl"
    assert len(digest_spec(spec)) == 64


def test_every_python_is_found_by_its_name() -> None:
    assert all(find_python(python.name) == python for python in PYTHONS)


@pytest.mark.parametrize("floor", range(8, 17))
def test_the_common_requires_python_is_read_as_packaging_reads_it(floor: int) -> None:
    assert _list_admitted(f">=3.{floor}") == _list_admitted(f">=3.{floor},<4")
