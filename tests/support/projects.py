"""Projects, as values and as folders, from a few lines of TOML and a few files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.graph.build_zig import render
from zigbuild_backend.core.graph.graph import Graph
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.project import Project
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.project.source_tree import SourceFile, SourceTree
from zigbuild_backend.core.settings.parser import parse_settings

Files = Mapping[str, "str | bytes"]


def tree_of(*paths: str) -> SourceTree:
    """Return a tree with files of these paths, each with its own path as content."""
    return SourceTree(tuple(SourceFile(path, hashlib.sha256(path.encode()).hexdigest()) for path in sorted(paths)))


def project_of(settings: str, *paths: str, name: str = "spam", version: str = "1.0", **metadata: Any) -> Project:
    """Return the project whose ``[tool.zigbuild]`` has the TOML *settings*, and whose tree has these files."""
    paths = paths or ("spam/__init__.py", "spam/_c.c")
    table = tomllib.loads(settings)
    return resolve_project(Metadata(name, version, "", **metadata), parse_settings(table), tree_of(*paths))


def write_files(root: Path, files: Files) -> Path:
    """Write *files* (path → content) below *root*, and return it."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def render_pyproject(name: str, settings: str = "", *, project: str = 'version = "1.0.0"', requires: str = "") -> str:
    """Return a pyproject.toml; *settings* is the TOML behind ``[project]``, *requires* more build requirements."""
    packages = ", ".join(f'"{package}"' for package in ("zigbuild-backend", *requires.split()))
    system = f'[build-system]\nrequires = [{packages}]\nbuild-backend = "zigbuild_backend"\n'
    return f'{system}[project]\nname = "{name}"\n{project}\n{settings}'


def render_module(name: str, *functions: tuple[str, str], head: str = "") -> str:
    """C of an extension module; each function is its name and the expression that it returns, of ``PyObject *args``."""
    bodies = "".join(
        f"static PyObject *f_{function}(PyObject *self, PyObject *args) {{ return {result}; }}\n"
        for function, result in functions
    )
    rows = "".join(f'{{"{function}", f_{function}, METH_VARARGS, NULL}}, ' for function, _ in functions)
    return (
        f"#include <Python.h>\n{head}\n{bodies}static PyMethodDef methods[] = {{{rows}{{NULL}}}};\n"
        f'static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{name}", NULL, 0, methods}};\n'
        f"PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModuleDef_Init(&module); }}\n"
    )


def render_build_zig(project: Project, **options: Any) -> str:
    """Return the build.zig of a project that builds no library by a recipe and has no sources for MSVC."""
    return render(Graph(project, project.products), **options)
