"""Editable installs as developers meet them: installed by uv in isolation, edited, imported, uninstalled by pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from machines import Venv, make_venv
from projects import write_files

BUILD_SYSTEM = '[build-system]\nrequires = ["zigbuild-backend"]\nbuild-backend = "zigbuild_backend"\n'
SPAM = """
[project]
name = "spam"
version = "1.0"

[[tool.zigbuild.extension]]
name = "spam.core._answer"
sources = ["native/*.c"]
include-dirs = ["native/include"]

[tool.zigbuild.wheel]
include = { "assets/logo.txt" = "spam/logo.txt" }

[tool.zigbuild.editable]
rebuild = true
"""
ANSWER = """\
#include <Python.h>
#include "answer.h"
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(ANSWER); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "%s", NULL, 0, methods};
PyMODINIT_FUNC PyInit_%s(void) { return PyModuleDef_Init(&module); }
"""
MODULE = ANSWER % ("_answer", "_answer")
ASK = "from spam.core._answer import answer; print(answer())"


@dataclass(frozen=True)
class Install:
    """A project that is installed as editable."""

    project: Path
    venv: Venv

    def run(self, code: str, *, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        return self.venv.run(self.venv.python, "-c", code, cwd=self.project.parent, env=env, check=check)

    def ask(self, code: str = ASK) -> str:
        """Return what *code* prints, and assert that it writes nothing else."""
        done = self.run(code)
        assert not done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Yield a project with modules, resources and stubs in an environment without the backend or zig."""
    folder = tmp_path_factory.mktemp("editable")
    project = write_files(
        folder / "a copy, é",
        {
            "pyproject.toml": BUILD_SYSTEM + SPAM,
            "src/spam/__init__.py": "",
            "src/spam/words.py": "word = 'before'\n",
            "src/spam/py.typed": "",
            "src/spam/table.txt": "a table\n",
            "src/spam/core/__init__.py": "",
            "src/spam/core/_answer.pyi": "def answer() -> int: ...\n",
            "assets/logo.txt": "a logo\n",
            "native/answer.c": MODULE,
            "native/include/answer.h": "#ifndef ANSWER\n#define ANSWER 42\n#endif\n",
        },
    )
    venv = make_venv(sys.executable, folder / "venv", has_pip=True)
    before = list_files(venv)
    uv = (sys.executable, "-m", "uv", "pip", "install", "--python", venv.python)
    subprocess.run([*uv, "--find-links", backend.parent, "--editable", project], check=True)
    install = Install(project, venv)
    yield install
    state = Path(install.ask("import spam, sys; print(sys.meta_path[0].overlay)")).parent
    shutil.rmtree(state)
    venv.run(venv.python, "-m", "pip", "uninstall", "--yes", "spam")
    assert list_files(venv) == before


def list_files(venv: Venv) -> set[Path]:
    """Return the installed files of an environment, except the bytecode of others."""
    found = {path for folder in ("bin", "lib") for path in (venv.folder / folder).rglob("*")}
    return {path for path in found if "__pycache__" not in path.parts or "editable" in path.name}


@pytest.fixture
def install(installed: Install) -> Iterator[Install]:
    """Yield the install; restore the project's files after the test."""
    texts = {path: path.read_bytes() for path in installed.project.rglob("*") if path.is_file()}
    yield installed
    for path in [path for path in installed.project.rglob("*") if path.is_file() and path not in texts]:
        path.unlink()
    for path, text in texts.items():
        if not path.is_file() or path.read_bytes() != text:
            path.write_bytes(text)


def test_python_is_seen_at_once(install: Install) -> None:
    module = install.project / "src" / "spam" / "words.py"
    assert install.ask("import spam.words; print(spam.words.word)") == "before"
    module.write_text("word = 'afterwards'\n")
    assert install.ask("import spam.words; print(spam.words.word)") == "afterwards"
    module.rename(module.with_name("names.py"))
    assert install.ask("import spam.names; print(spam.names.word)") == "afterwards"
    assert "No module named 'spam.words'" in install.run("import spam.words", check=False).stderr


def test_nothing_is_started_where_nothing_changed(install: Install) -> None:
    (install.project / "src" / "spam" / "more.py").write_text("")
    code = f"{ASK}; import sys; print('subprocess' in sys.modules, 'zigbuild_backend' in sys.modules)"
    assert install.run(code, ZIGBUILD_EDITABLE_VERBOSE="1").stderr == ""
    assert install.ask(code).split() == ["42", "False", "False"]


def test_edited_sources_and_headers_are_compiled_again(install: Install) -> None:
    native = install.project / "native"
    (native / "answer.c").write_text(MODULE.replace("(ANSWER)", "(ANSWER + 100)"))
    assert install.ask() == "142"
    (native / "include" / "answer.h").write_text("#define ANSWER 43\n")
    done = install.run(ASK, ZIGBUILD_EDITABLE_VERBOSE="1")
    assert done.stdout == "143\n"
    assert "zigbuild: spam: native/include/answer.h was edited\nzigbuild: spam: rebuilt in " in done.stderr


def test_what_a_killed_process_left_is_compiled(install: Install) -> None:
    overlay = Path(install.ask("import spam, sys; print(sys.meta_path[0].overlay)"))
    for folder in (install.project, overlay.with_name("root")):
        (folder / "native" / "answer.c").write_text(MODULE.replace("(ANSWER)", "(ANSWER + 200)"))
    assert install.ask() == "242"


def test_sources_that_come_and_go_are_noticed(install: Install) -> None:
    native = install.project / "native"
    called = MODULE.replace("static PyObject *a", "long more(void);\nstatic PyObject *a", 1)
    (native / "answer.c").write_text(called.replace("(ANSWER)", "(more())"))
    (native / "more.c").write_text("long more(void) { return 1; }\n")
    assert install.ask() == "1"
    (native / "more.c").unlink()
    (native / "other.c").write_text("long more(void) { return 2; }\n")
    assert install.ask() == "2"


def test_settings_that_change_are_noticed(install: Install) -> None:
    pyproject = install.project / "pyproject.toml"
    text = pyproject.read_text()
    late = '[[tool.zigbuild.extension]]\nname = "spam._late"\nsources = ["other/late.c"]\n'
    write_files(install.project, {"other/late.c": ANSWER.replace('#include "answer.h"', "") % ("_late", "_late")})
    pyproject.write_text(f"{text}\n{late}defines = {{ ANSWER = 7 }}\n")
    assert install.ask("import spam._late; print(spam._late.answer())") == "7"
    pyproject.write_text(text)
    assert "No module named 'spam._late'" in install.run("import spam._late", check=False).stderr
    pyproject.write_text(f"{text}\n[tool.zigbuild.editabel]\n")
    said = install.run(ASK, check=False).stderr
    assert re.search(r"ImportError: spam could not be rebuilt: .*pyproject.toml was edited\n", said)
    assert "unknown key 'editabel'" in said
    assert "did you mean 'editable'?" in said


def test_compiler_is_quoted_until_the_source_is_mended(install: Install) -> None:
    source = install.project / "native" / "answer.c"
    source.write_text(MODULE.replace("(ANSWER)", "(ANSWR)"))
    for _ in range(2):
        failed = install.run(ASK, check=False)
        assert failed.returncode == 1
        assert re.search(r"ImportError: spam could not be rebuilt: .*native/answer.c was edited\n", failed.stderr)
        assert "native/answer.c:3:82: error: use of undeclared identifier 'ANSWR'" in failed.stderr
    assert install.ask("import sys, json; print('fine')") == "fine"
    skipped = install.run(ASK, ZIGBUILD_EDITABLE_SKIP="1")
    assert (skipped.stdout, skipped.stderr) == ("42\n", "")
    mend = f"""
try:
    import spam
except ImportError:
    open({str(source)!r}, "w").write({MODULE!r})
{ASK}
"""
    assert install.ask(mend) == "42"


def test_processes_that_import_at_once_build_once(install: Install) -> None:
    (install.project / "native" / "answer.c").write_text(MODULE.replace("(ANSWER)", "(ANSWER * 2)"))
    environ = {**install.venv.environ(), "ZIGBUILD_EDITABLE_VERBOSE": "1"}
    children = [
        subprocess.Popen(
            [install.venv.python, "-c", ASK], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = [child.communicate(timeout=300) for child in children]
    assert [stdout for stdout, _ in said] == ["84\n"] * 4
    assert sum(stderr.count("rebuilt in") for _, stderr in said) == 1


def test_resources_and_modules_are_listed(install: Install) -> None:
    read = "from importlib.resources import files; print(files('spam').joinpath({!r}).read_text().strip())"
    assert install.ask(read.format("table.txt")) == "a table"
    assert install.ask(read.format("logo.txt")) == "a logo"
    (install.project / "assets" / "logo.txt").write_text("a new logo\n")
    assert install.ask(read.format("logo.txt")) == "a new logo"
    walk = "import pkgutil, spam; print(*sorted(m.name for m in pkgutil.walk_packages(spam.__path__, 'spam.')))"
    assert install.ask(walk) == "spam.core spam.core._answer spam.words"
    loader = "import spam.core._answer as m; print(type(m.__loader__).__name__, m.__spec__.origin == m.__file__)"
    assert install.ask(loader) == "ExtensionFileLoader True"


def test_type_checkers_find_it(install: Install, tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(
        "import spam.words\nfrom spam.core._answer import answer\nreveal_type((answer(), spam.words.word))\n"
    )
    command = [sys.executable, "-m", "mypy", "--python-executable", install.venv.python, "--cache-dir", os.devnull]
    done = subprocess.run([*command, user], cwd=tmp_path, capture_output=True, text=True)
    assert re.search(r"tuple\[(builtins\.)?int, (builtins\.)?str\]", done.stdout)
    assert "Success" in done.stdout


def test_lost_caches_are_made_again_or_missed_plainly(install: Install) -> None:
    (init,) = install.venv.folder.glob("lib/*/site-packages/_spam_editable/__init__.py")
    text = init.read_text()
    shutil.rmtree(install.ask("import spam, sys, pathlib; print(pathlib.Path(sys.meta_path[0].overlay).parent)"))
    init.write_text(text.replace("/editable-environments/", "/of-yore/"))
    said = install.run(ASK, check=False).stderr
    assert re.search(r"ImportError: spam cannot be rebuilt: .*/of-yore/.* does not exist", said)
    assert f'pip install --editable "{install.project}"' in said
    init.write_text(text)
    assert install.ask() == "42"


def test_an_edited_source_is_compiled_by_the_command_of_its_module(install: Install) -> None:
    """Without `zig build`, which takes as long as the compiler; where the command fails, the backend compiles."""
    install.ask()
    folder = Path(install.ask("import spam, sys; print(sys.meta_path[0].overlay)")).parent
    text = (folder / "state").read_text()
    assert "link\tspam/core/_answer." in text
    (folder / "state").write_text(re.sub(r"(?m)^argument\t.*$", "argument\tfalse", text))
    header = install.project / "native" / "include" / "answer.h"
    for number in (43, 44):
        header.write_text(f"#define ANSWER {number}\n")
        assert install.ask() == str(number)
    source = install.project / "native" / "answer.c"
    source.write_text(MODULE.replace("PyLong_FromLong(ANSWER)", "PyLong_FromLong(45)"))
    assert install.ask() == "45"
    (folder / "state").write_text(re.sub(r"(?m)^(link\t[^\t]*)\t.*$", r"\1\tfalse", (folder / "state").read_text()))
    source.write_text(MODULE.replace("PyLong_FromLong(ANSWER)", "PyLong_FromLong(46)"))
    assert install.ask() == "46"
