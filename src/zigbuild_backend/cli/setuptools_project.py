"""Converts setuptools' extension modules to tables of ``[tool.zigbuild]``, and lists what cannot be converted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ..core.base.errors import Problem
from ..core.project.package_layout import SOURCE_ROOTS
from ..core.project.products import CXX_SUFFIXES, LANGUAGES
from ..core.project.source_tree import SourceTree
from ..core.settings import rules

_DROPPED = re.compile(
    r"-Werror(=.*)?|-O.*|-g[0-9]?|-march=.*|-mtune=.*|-m(macosx-version-min|ios.*)=.*|-stdlib=.*|-arch|-fPIC|-pthread|/.*"
)
"""Flags for one compiler or machine, and those that the backend sets itself."""

_LIMITED_API = re.compile(r"0x03([0-9A-Fa-f]{2})[0-9A-Fa-f]{4}")
_C_SUFFIXES = (*(suffix for suffixes in LANGUAGES.values() for suffix in suffixes), ".pyx")


@dataclass
class Tables:
    """Converted tables as in TOML, by kind, and in ``left_out`` the settings that cannot be converted, with reasons."""

    extensions: list[dict[str, Any]] = field(default_factory=list)
    libraries: list[dict[str, Any]] = field(default_factory=list)
    generators: list[dict[str, Any]] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    included: dict[str, str] = field(default_factory=dict)
    version: dict[str, str] = field(default_factory=dict)
    left_out: list[Problem] = field(default_factory=list)


def convert(
    document: Mapping[str, Any], pyproject: Mapping[str, Any], tree: SourceTree, root: str, folders: Sequence[str]
) -> Tables:
    """Convert *document*, which setuptools gave for a project in *root* with the files *tree*.

    *pyproject* is its pyproject.toml; *folders* have the packages that its setup.py could import.
    """
    tables = Tables()
    _read_dynamic(pyproject, tables)
    reader = _TableReader(tree, root, tuple(folders), tables.left_out)
    names = {name for name, _ in document["libraries"]}
    for name, options in document["libraries"]:
        described = {
            "sources": options.get("sources", []),
            "include_dirs": options.get("include_dirs", []),
            "define_macros": options.get("macros", []),
            "extra_compile_args": options.get("cflags", []),
        }
        tables.libraries.append({"name": name, **reader.read(described, f"library {name}", names)})
    for extension in document["extensions"]:
        name = extension["name"]
        table = reader.read(extension, f"extension {name}", names)
        tables.extensions.append({"name": name, **table})
        written = [source for source in table.get("sources", ()) if source.endswith(".pyx")]
        if written and _is_cxx(extension):
            tables.generators.append({"with": "cython", "sources": written, "cxx": True})
    if document["error"]:
        tables.left_out.append(
            Problem("the project's own build_ext failed, so what it adds is missing", "setup.py", document["error"])
        )
    for kind in document["others"]:
        tables.left_out.append(
            Problem(f"the project has {kind}", "setup.py", "write [[tool.zigbuild.generate]] for it")
        )
    for path, name in _find_packages(document, tree):
        if path in (name, *(f"{folder}/{name}" for folder in SOURCE_ROOTS)):
            tables.packages.append(path)
        else:
            tables.included[path] = name
    return tables


@dataclass(frozen=True)
class _TableReader:
    tree: SourceTree
    root: str
    folders: tuple[str, ...]
    left_out: list[Problem]

    def read(self, said: Mapping[str, Any], where: str, libraries: Iterable[str]) -> dict[str, Any]:
        """Return the keys of a table."""
        sources = [self._read_source(str(source), where) for source in said["sources"]]
        table: dict[str, Any] = {"sources": [source for source in sources if source]}
        defines: dict[str, Any] = {str(name): True if text is None else str(text) for name, text in self._pairs(said)}
        defines |= {str(name): False for name in said.get("undef_macros") or ()}
        include, flags, standard = list(said["include_dirs"] or ()), [], ""
        for flag in self._list(said, "extra_compile_args"):
            if match := re.fullmatch(r"-D([A-Za-z_]\w*)(?:=(.*))?", flag):
                defines[match[1]] = True if match[2] is None else match[2]
            elif match := re.fullmatch(r"-U([A-Za-z_]\w*)", flag):
                defines[match[1]] = False
            elif flag.startswith("-I"):
                include.append(flag[2:])
            elif flag.startswith("-std="):
                standard = flag.removeprefix("-std=")
            elif _DROPPED.fullmatch(flag):
                self._leave_out(flag, where, "the backend sets it itself, or it is for another compiler")
            elif problem := rules.compiler_flag(flag):
                self._leave_out(flag, where, problem.message)
            else:
                flags.append(flag)
        limited = _LIMITED_API.fullmatch(str(defines.pop("Py_LIMITED_API", "")))
        places = [self._read_folder(str(folder), where) for folder in include]
        table["include-dirs"] = [place for place, _ in places if place]
        table["headers-from"] = list(dict.fromkeys(package for _, package in places if package))
        table["defines"] = defines
        table["flags"] = {"all": flags} if flags else {}
        if standard:
            is_for_cxx = "++" in standard
            table["std"] = {"cxx" if is_for_cxx else "c": standard}
        table |= self._read_links(said, where, libraries)
        if said.get("py_limited_api") or limited:
            minor = int(limited[1], 16) if limited else 10
            table["stable-abi"] = f"cp3{minor}"
        if said.get("optional"):
            table["optional"] = True
        if _is_cxx(said) and any(source.endswith(".c") for source in table["sources"]):
            self._leave_out("language='c++'", where, "each file is compiled in the language of its suffix")
        return {key: value for key, value in table.items() if value not in ([], {}, "")}

    def _read_source(self, source: str, where: str) -> str:
        """Return the path of a source in the tree, or that of the ``.pyx`` file that Cython generates it from."""
        path = self._relative(source)
        written = PurePosixPath(path).with_suffix(".pyx").as_posix() if path else ""
        if path not in self.tree.by_path and written in self.tree.by_path:
            path = written
        if path not in self.tree.by_path:
            self._leave_out(source, where, "it is not a file of the project")
            return ""
        if not path.endswith(_C_SUFFIXES):
            self._leave_out(source, where, "it is in no language that can be compiled")
            return ""
        return path

    def _read_folder(self, folder: str, where: str) -> tuple[str, str]:
        """Return the path of a folder of the project, or the name of the package whose headers are in it."""
        path = self._relative(folder)
        if path and (path == "." or self.tree.below(path)):
            return path, ""
        for place in self.folders:
            if folder.startswith(f"{place}/"):
                return "", folder.removeprefix(f"{place}/").split("/")[0].lower().replace("_", "-")
        if path:
            self._leave_out(f"the folder {folder}", where, "it does not exist, or has no files")
        elif "/python3" not in folder:
            self._leave_out(f"the folder {folder}", where, "it belongs to this machine, not to the project")
        return "", ""

    def _read_links(self, said: Mapping[str, Any], where: str, own: Iterable[str]) -> dict[str, Any]:
        names, flags = self._list(said, "libraries"), []
        for flag in self._list(said, "extra_link_args"):
            if flag.startswith("-l"):
                names.append(flag[2:])
            elif problem := rules.link_flag(flag):
                self._leave_out(flag, where, problem.message)
            else:
                flags.append(flag)
        objects = [self._relative(path) for path in self._list(said, "extra_objects")]
        for key in ("library_dirs", "runtime_library_dirs", "swig_opts"):
            for text in self._list(said, key):
                self._leave_out(f"{key} {text}", where, "libraries are compiled from sources, or are those of zig")
        known = set(own)
        return {
            "link": [name for name in names if name in known],
            "libraries": [name for name in names if name not in known and not rules.library(name)],
            "objects": [path for path in objects if path],
            "link-flags": flags,
        }

    def _relative(self, path: str) -> str:
        """Return *path* relative to the root of the project, empty if it is elsewhere."""
        text = path.replace("\\", "/").removeprefix(f"{self.root}/")
        parts: list[str] = []
        for part in text.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        if text.startswith("/") or ".." in parts:
            return "." if text == self.root else ""
        return "/".join(parts) or "."

    def _leave_out(self, what: str, where: str, why: str) -> None:
        problem = Problem(f"{what} is left out", where, why)
        if problem not in self.left_out:
            self.left_out.append(problem)

    @staticmethod
    def _pairs(said: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        return [(pair[0], pair[1] if len(pair) > 1 else None) for pair in said.get("define_macros") or ()]

    @staticmethod
    def _list(said: Mapping[str, Any], key: str) -> list[str]:
        return [str(item) for item in said.get(key) or ()]


def _is_cxx(said: Mapping[str, Any]) -> bool:
    return said.get("language") == "c++" or any(str(source).endswith(CXX_SUFFIXES) for source in said["sources"])


def _read_dynamic(pyproject: Mapping[str, Any], tables: Tables) -> None:
    """Convert the source of a dynamic version; other dynamic fields are left out."""
    project, tool = pyproject.get("project", {}), pyproject.get("tool", {})
    said = tool.get("setuptools", {}).get("dynamic", {})
    for name in project.get("dynamic", []):
        place = said.get(name, {})
        if name == "version" and "attr" in place:
            module, _, attribute = str(place["attr"]).rpartition(".")
            tables.version = {"from": "attribute", "attribute": f"{module}:{attribute}"}
        elif name == "version" and "file" in place:
            files = place["file"]
            tables.version = {"from": "file", "path": str(files if isinstance(files, str) else files[0])}
        elif name == "version" and not place:
            tables.version = {"from": "vcs"}
            if "write_to" in tool.get("setuptools_scm", {}) or "version_file" in tool.get("setuptools_scm", {}):
                why = "'write-to' of [tool.zigbuild.version] writes it, if it is a Python or a text file"
                tables.left_out.append(
                    Problem("the file that setuptools-scm writes is left out", "pyproject.toml", why)
                )
        else:
            tables.left_out.append(Problem("is left out", f"project.dynamic {name!r}", "write it into [project]"))


def render_tables(tables: Tables) -> str:
    """Return the tables as TOML."""
    packages = f"packages = {_render_value(tables.packages)}\n" if tables.packages else ""
    text = f"[tool.zigbuild]\n{packages}"
    if tables.included:
        text += f"\n[tool.zigbuild.wheel]\ninclude = {_render_value(tables.included)}\n"
    if tables.version:
        text += "\n[tool.zigbuild.version]\n"
        text += "".join(f"{key} = {_render_value(value)}\n" for key, value in tables.version.items())
    kinds = (("library", tables.libraries), ("extension", tables.extensions), ("generate", tables.generators))
    for kind, rows in kinds:
        for row in rows:
            text += f"\n[[tool.zigbuild.{kind}]]\n"
            text += "".join(f"{key} = {_render_value(value)}\n" for key, value in row.items())
    return text


def render_project(document: Mapping[str, Any]) -> str:
    """Return the table ``[project]`` with the metadata from setuptools."""
    keys = ("name", "version", "requires-python", "dependencies")
    found = {key: document[key] for key in keys if document[key] not in ("", [], "UNKNOWN")}
    return "[project]\n" + "".join(f"{key} = {_render_value(value)}\n" for key, value in found.items())


def _render_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_render_key(key)} = {_render_value(item)}' for key, item in value.items())} }}"
    if isinstance(value, list) and len(json.dumps(value)) > 100:
        return "[\n" + "".join(f"    {_render_value(item)},\n" for item in value) + "]"
    if isinstance(value, list):
        return f"[{', '.join(map(_render_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _render_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _find_packages(document: Mapping[str, Any], tree: SourceTree) -> Iterator[tuple[str, str]]:
    """Yield the folders of the top-level packages and the single modules, each with its path in the wheel."""
    folders = document["package-dir"]
    base = str(folders.get("", "")).strip("/")
    for name in sorted({package.partition(".")[0] for package in document["packages"]}):
        path = str(folders.get(name, f"{base}/{name}" if base else name)).strip("/")
        if tree.below(path):
            yield path, name
    for module in sorted(document["modules"]):
        path = f"{base}/{module}.py" if base else f"{module}.py"
        if path in tree.by_path:
            yield path, f"{module}.py"
