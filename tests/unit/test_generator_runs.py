"""Tools and headers that are found in folders, facts, templates, and programs that really run."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from projects import project_of, write_files
from zigbuild_backend.core.base.errors import (
    ConfigurationError,
    MismatchError,
    NotFoundError,
    ToolchainError,
    ZigbuildError,
)
from zigbuild_backend.core.base.pythons import find_python
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.base.targets import TARGETS, find_target
from zigbuild_backend.core.generate.build_inputs import prepare_inputs
from zigbuild_backend.core.generate.facts import describe_python, describe_target, fill_template
from zigbuild_backend.core.generate.generator_runs import GeneratorEnvironment, run_generation
from zigbuild_backend.core.generate.installed_tools import Tools, find_tools, select_requirements, select_tools
from zigbuild_backend.core.generate.numpy_headers import render_config
from zigbuild_backend.core.generate.package_headers import read_headers
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.project import Checkout
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.project.tree_reader import read_tree

FACTS = {"ZIGBUILD_NAME": "spam", "ZIGBUILD_VERSION": "1.0"}


def install(
    folder: Path, name: str, version: str, files: dict[str, str], *, requires: str = "", commands: str = ""
) -> Path:
    """Something installed: its files, and a dist-info that lists them."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/METADATA", f"{info}/RECORD"))
    written = {f"{info}/METADATA": metadata, f"{info}/RECORD": record, f"{info}/entry_points.txt": commands}
    return write_files(folder, {**files, **written})


class TestTools:
    def test_requirements_are_those_of_the_build(self) -> None:
        known = ("zigbuild-backend", "NumPy >=2", "cython<4", "cython>=3", "pybind11; python_version < '3'")
        assert select_requirements(["numpy", "cython"], known) == ("NumPy>=2", "cython<4", "cython>=3")
        assert select_requirements(["pybind11"], known) == ("pybind11",)

    def test_all_that_is_required_by_what_is_required(self, tmp_path: Path) -> None:
        install(tmp_path, "a", "1.0", {}, requires="Requires-Dist: b-c>=2\nRequires-Dist: d; extra == 'more'\n")
        install(tmp_path, "b_c", "2.1", {}, requires="Requires-Dist: a\n")
        install(tmp_path, "d", "3", {})
        assert find_tools(["A>=1"], [tmp_path]).requirements == ("a==1.0", "b-c==2.1")
        assert find_tools(["a[more]"], [tmp_path]).requirements == ("a==1.0", "b-c==2.1", "d==3")
        assert find_tools([], [tmp_path]).requirements == ()

    def test_nothing_that_headers_require(self, tmp_path: Path) -> None:
        install(tmp_path, "a", "1.0", {}, requires="Requires-Dist: b\n")
        install(tmp_path, "b", "2.1", {}, requires="Requires-Dist: c\n")
        install(tmp_path, "c", "3", {})
        assert find_tools((), [tmp_path], headers=["a>=1"]).requirements == ("a==1.0",)
        assert find_tools(["b"], [tmp_path], headers=["a", "b"]).requirements == ("a==1.0", "b==2.1", "c==3")
        with pytest.raises(NotFoundError, match="d>=1: is not installed"):
            find_tools((), [tmp_path], headers=["d>=1"])

    def test_what_generates_is_asked_for_with_what_it_requires_and_headers_without(self) -> None:
        settings = """
            [[extension]]
            name = "spam"
            sources = ["a.pyx", "b.c"]
            headers-from = ["numpy", "cppy"]

            [[generate]]
            with = "cython"
            sources = ["a.pyx"]
            requires = ["numpy"]
        """
        project = replace(project_of(settings, "a.pyx", "b.c"), build_requires=("cython>=3", "numpy>=2", "cppy<2"))
        assert select_tools(project) == (("cython>=3", "numpy>=2"), ("cppy<2",))

    def test_says_all_that_is_missing(self, tmp_path: Path) -> None:
        install(tmp_path, "a", "1.0", {})
        with pytest.raises(NotFoundError) as caught:
            find_tools(["a>=2", "nothing"], [tmp_path])
        assert [(problem.where, problem.hint) for problem in caught.value.problems] == [
            ("a>=2", "pip install 'a>=2'"),
            ("nothing", "pip install 'nothing'"),
        ]
        assert "installed is 1.0" in caught.value.problems[0].message


class TestHeaders:
    def test_those_of_the_topmost_folder_named_include(self, tmp_path: Path) -> None:
        files = {
            "a/core/include/a/a.h": "a\r\n",
            "a/core/include/x.hpp": "x",
            "a/core/include/__init__.py": "",
            "a/core/vendor/include/y.h": "y",
        }
        install(tmp_path, "a", "1", files)
        headers = read_headers("a", find_tools(["a"], [tmp_path]).find("a"))
        assert headers == {"a/a.h": b"a\n", "x.hpp": b"x"}

    def test_none(self, tmp_path: Path) -> None:
        install(tmp_path, "a", "1", {"a/__init__.py": ""})
        with pytest.raises(NotFoundError, match="brings no headers"):
            read_headers("a", find_tools(["a"], [tmp_path]).find("a"))

    def test_what_was_changed_is_refused(self, tmp_path: Path) -> None:
        install(tmp_path, "a", "1", {"a/include/a.h": "a"})
        record = tmp_path / "a-1.dist-info" / "RECORD"
        record.write_text(f"a/include/a.h,sha256={'A' * 43},1\n")
        with pytest.raises(MismatchError, match="changed since it was installed"):
            read_headers("a", find_tools(["a"], [tmp_path]).find("a"))

    def test_without_a_list_of_files(self, tmp_path: Path) -> None:
        install(tmp_path, "a-b", "1", {"a_b/include/b.h": "b"})
        (tmp_path / "a_b-1.dist-info" / "RECORD").unlink()
        assert read_headers("a-b", find_tools(["a-b"], [tmp_path]).find("a-b")) == {"b.h": b"b"}

    def test_numpys_one_header_of_a_machine_is_for_all(self) -> None:
        first, second = (
            f"#define NPY_SIZEOF_LONG {size}\n#define NPY_ABI_VERSION 0x02000000\n#define NPY_API_VERSION 0x00000016\n"
            for size in (4, 8)
        )
        assert render_config(first) == render_config(second)
        assert "#define NPY_API_VERSION 0x00000016\n" in render_config(first)
        with pytest.raises(ConfigurationError, match="older than numpy 2"):
            render_config(first.replace("0x02", "0x01"))


class TestFacts:
    @pytest.mark.parametrize(
        ("tag", "expected"),
        [
            ("musllinux_1_2_armv7l", ("linux", "armv7l", "musl", "4", "little")),
            ("manylinux_2_17_s390x", ("linux", "s390x", "glibc", "8", "big")),
            ("macosx_11_0_arm64", ("macos", "aarch64", "libSystem", "8", "little")),
            ("win32", ("windows", "i686", "ucrt", "4", "little")),
        ],
    )
    def test_of_targets(self, tag: str, expected: tuple[str, ...]) -> None:
        names = ("OS", "ARCH", "LIBC", "POINTER_SIZE", "ENDIAN")
        facts = describe_target(find_target(tag))
        assert tuple(facts[f"ZIGBUILD_{name}"] for name in names) == expected

    def test_of_pythons(self) -> None:
        facts = describe_python(find_python("cp313t"))
        assert facts["ZIGBUILD_PYTHON_VERSION"] == "3.13"
        assert facts["ZIGBUILD_FREE_THREADED"] == "1"

    def test_templates(self) -> None:
        values = (("NAME", "{name} {version}"), ("YES", True), ("NUMBER", 3), ("EMPTY", ""))
        text = "@NAME@ @YES@ @NUMBER@@EMPTY@ @ZIGBUILD_VERSION@ me@home {name}\n"
        assert fill_template(text, values, FACTS, "x.in") == "spam 1.0 1 3 1.0 me@home {name}\n"

    def test_templates_have_no_unknown_names(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            fill_template("\n@WHAT@\n", (), FACTS, "x.in")
        assert caught.value.problems[0].where == "x.in:2"


def run_command(
    tmp_path: Path, script: str, *, tools: Tools | None = None, command: str = "['python', 'make.py']"
) -> bytes:
    settings = f"[[generate]]\nwith = 'command'\ncommand = {command}\nsources = ['make.py']\noutputs = ['out/x.c']\n"
    (run,) = project_of(settings, "spam/__init__.py", "make.py").generations
    environment = GeneratorEnvironment(tools or Tools(), {**os.environ, "SECRET": "1"}, Store(tmp_path / "store"), 0)
    facts = {**FACTS, "ZIGBUILD_OS": "windows"}
    return run_generation(run, {"make.py": script.encode()}, facts, environment, tmp_path)["out/x.c"]


class TestCommands:
    def test_sees_facts_and_nothing_of_this_process(self, tmp_path: Path) -> None:
        script = "import os; open('out/x.c', 'w').write(repr(sorted(os.environ)) + os.environ['ZIGBUILD_OS'])"
        said = run_command(tmp_path, script).decode()
        assert said.endswith("windows")
        assert not {"SECRET", "PATH", "HOME"}.intersection(eval(said.removesuffix("windows")))

    def test_imports_tools_and_nothing_else_that_is_installed(self, tmp_path: Path) -> None:
        tools = find_tools(["a"], [install(tmp_path / "installed", "a", "1", {"a/__init__.py": "x = 'a'"})])
        write_files(tmp_path / "installed", {"b.py": ""})
        script = (
            "import a, importlib.util\n"
            "found = [name for name in ('b', 'pytest') if importlib.util.find_spec(name)]\n"
            "open('out/x.c', 'w').write(f'{a.x} {found}')\n"
        )
        assert run_command(tmp_path / "scratch", script, tools=tools) == b"a []"

    def test_programs_of_tools(self, tmp_path: Path) -> None:
        program = "import sys\nclass c:\n    def run():\n        open(sys.argv[2], 'w').write(sys.argv[0])\n"
        entry_points = "[console_scripts]\nmake-it = a.cli:c.run\n"
        tools = find_tools(["a"], [install(tmp_path / "a", "a", "1", {"a/cli.py": program}, commands=entry_points)])
        made = run_command(tmp_path / "x", "", tools=tools, command="['make-it', '-o', 'out/x.c']")
        assert made == b"make-it"
        with pytest.raises(NotFoundError, match="is no command of the build requirements"):
            run_command(tmp_path / "y", "", tools=tools, command="['sh', '-c', 'true']")

    @pytest.mark.parametrize(
        ("script", "error", "message"),
        [
            ("import sys; print('on line 3'); sys.exit('it failed')", ToolchainError, "on line 3\nit failed"),
            ("raise SystemExit(2)", ToolchainError, "ended with exit code 2"),
            ("pass", ToolchainError, "out/x.c was not made"),
            ("import os; open('out/x.c', 'w').write(os.getcwd())", MismatchError, "holds the path of a folder"),
        ],
    )
    def test_problems(self, tmp_path: Path, script: str, error: type[ZigbuildError], message: str) -> None:
        with pytest.raises(error) as caught:
            run_command(tmp_path, script)
        assert message in caught.value.problems[0].message
        assert caught.value.problems[0].where == "make.py"


def test_generates_once_for_the_same_inputs(tmp_path: Path) -> None:
    runs, command = [], "with = 'command'\ncommand = ['python', 'make.py']\nsources = ['make.py']\n"
    settings = f"[[generate]]\n{command}outputs = ['p.h']\n[[generate]]\n{command}per = 'target'\noutputs = ['t.h']\n"
    script = (
        "import os\nfor name in 'pt':\n    open(name + '.h', 'w').write(os.environ.get('ZIGBUILD_TRIPLE', 'all'))\n"
    )
    root = write_files(tmp_path / "root", {"spam/__init__.py": "", "make.py": script})

    planned = project_of(settings, "spam/__init__.py", "make.py").settings
    project = resolve_project(Metadata("spam", "1.0", ""), planned, read_tree(root))
    environment = GeneratorEnvironment(Tools(), os.environ, Store(tmp_path / "store"), 0, runs.append)
    wheels = [(target, find_python("cp312")) for target in TARGETS]

    made = prepare_inputs(Checkout(project, root), wheels, environment).files
    assert made["p.h"] == b"all"
    places = {path for path in made if path != "p.h"}
    slices = {part.triple for target in TARGETS for part in target.slices or (target,)}
    assert places == {f"zigbuild/generated/{triple}/t.h" for triple in slices}
    assert all(path.split("/")[2].encode() == made[path] for path in places)
    assert len(runs) == 1 + len(slices)
    assert prepare_inputs(Checkout(project, root), wheels[:3], environment).files["p.h"] == b"all"
    assert len(runs) == 1 + len(slices)
    assert sys.executable in runs[0]
