"""Editable installs of every layout, with modules that stay as they were compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from machines import Venv, make_venv
from projects import write_files

SETTINGS = """
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "shop"
version = "1.0"

[project.scripts]
till = "shop.till:main"

[tool.zigbuild]
packages = ["shop", "lib/stock", "stand.py", "shop-stubs"]

[tool.zigbuild.wheel]
scripts = ["tools/open-till"]
include = { "assets" = "shop/till/texts" }

[[tool.zigbuild.extension]]
name = "shop.till._count"
sources = ["native/_count.c"]

[[tool.zigbuild.extension]]
name = "_stand"
sources = ["native/_stand.c"]

[[tool.zigbuild.extension]]
name = "shop.native._weigh"
sources = ["native/_weigh.c"]

[[tool.zigbuild.extension]]
name = "stock.hall._shelf"
sources = ["native/_shelf.c"]
"""
MODULE = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "%s", NULL, 0};
PyMODINIT_FUNC PyInit_%s(void) { return PyModuleDef_Init(&module); }
"""
FILES = {
    "pyproject.toml": SETTINGS,
    "shop/till/__init__.py": "from . import _count\ndef main(): print(_count.__name__)\n",
    "shop/till/receipt.txt": "a receipt\n",
    "shop-stubs/till/__init__.pyi": "def main() -> None: ...\n",
    "shop/till/texts/greeting.txt": "hello\n",
    "assets/farewell.txt": "bye\n",
    "lib/stock/__init__.py": "",
    "lib/stock/hall/door.py": "from . import _shelf\n",
    "stand.py": "import _stand\n",
    "tools/open-till": "#!/usr/bin/env python3\nimport shop.till\nshop.till.main()\n",
    **{f"native/{name}.c": MODULE % (name, name) for name in ("_count", "_stand", "_weigh", "_shelf")},
}
OTHER = {
    "other/shop/door/__init__.py": "open = True\n",  # of another distribution in the same namespace
}
USE = """
import os, pkgutil, shop.till, shop.native._weigh, shop.door, stock.hall.door, stand
from importlib.resources import files
def walk(package):
    print(*sorted(module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")))
folder = files("shop.till")
print(shop.till._count.__file__, folder.joinpath("receipt.txt").read_text(), sep="\\n", end="")
print((folder / "texts" / "greeting.txt").read_text(), (folder / "texts/farewell.txt").read_text(), sep="", end="")
print(os.fspath(folder) == os.path.dirname(shop.till.__file__))
print(*sorted(path.name for path in folder.iterdir() if path.name[0] != "_"))
walk(shop)
walk(stock.hall)
"""


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """Return an environment with nothing but pip."""
    return make_venv(sys.executable, tmp_path_factory.mktemp("environment") / "venv", "pip")


def install(project: Path, venv: Venv) -> None:
    """Install *project* as editable, without isolation."""
    out = project.with_name(f"{project.name}-out")
    make = "import zigbuild_backend, sys; zigbuild_backend.build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", make, out], cwd=project, check=True)
    venv.run(venv.python, "-m", "pip", "install", "--no-deps", *out.glob("*.whl"))


@pytest.mark.usefixtures("zig")
def test_modules_are_found_in_every_layout(venv: Venv, tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", FILES)
    others = write_files(tmp_path, OTHER) / "other"
    install(project, venv)
    used = venv.run(venv.python, "-c", USE, cwd=tmp_path, env={"PYTHONPATH": str(others)})
    file, *said = used.stdout.splitlines()
    assert Path(file).is_relative_to(venv.folder)
    assert said[:5] == ["a receipt", "hello", "bye", "True", "receipt.txt texts"]
    assert said[5:] == ["shop.door shop.till shop.till._count", "stock.hall._shelf stock.hall.door"]
    assert venv.run(venv.folder / "bin" / "till").stdout == "shop.till._count\n"
    assert venv.run(venv.folder / "bin" / "open-till").stdout == "shop.till._count\n"
    stale = project / "shop" / "till" / Path(file).name
    stale.write_bytes(b"left here by another backend")
    venv.run(venv.python, "-c", "import shop.till", cwd=tmp_path)


def test_interpreters_start_whatever_became_of_the_finder(venv: Venv, tmp_path: Path) -> None:
    project = write_files(
        tmp_path / "egg",
        {
            "pyproject.toml": '[project]\nname = "egg"\nversion = "1"\n'
            '[tool.zigbuild.wheel]\ninclude = { "data/yolk.txt" = "egg/yolk.txt" }\n',
            "egg/__init__.py": "",
            "data/yolk.txt": "yellow\n",
        },
    )
    install(project, venv)
    read = "from importlib.resources import files; print(files('egg').joinpath('yolk.txt').read_text())"
    assert venv.run(venv.python, "-c", read).stdout == "yellow\n\n"
    (finder,) = venv.folder.glob("lib/*/site-packages/_egg_editable/finder.py")
    finder.write_text("raise ImportError")
    broken = venv.run(venv.python, "-c", "import egg; print('started')")
    assert broken.stdout == "started\n"
    assert "_egg_editable.pth" in broken.stderr
