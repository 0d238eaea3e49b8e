"""``zigbuild import``: reads what setuptools would build for a project, and writes it as ``[tool.zigbuild]``."""

from __future__ import annotations

import json
import re
import sys
import sysconfig
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.base import store_folders
from ...core.base.errors import ConfigurationError, NotFoundError, ToolchainError
from ...core.base.pins import NAME, VERSION
from ...core.base.store import write_atomically
from ...core.fetch.sdists import open_sdist
from ...core.project.pyproject import parse_toml
from ...core.project.source_tree import SourceTree
from ...core.project.tree_reader import read_file, read_tree
from ...rebuild.environments.interpreters import read_interpreter
from ...rebuild.environments.project_tools import obtain_tools
from ...rebuild.sandbox.command import Command
from ..sandbox_choice import choose_sandbox
from ..session import Session
from ..setuptools_project import Tables, convert, render_project, render_tables

_PROGRAM = Path(__file__).parents[1] / "programs" / "read_setup.py"
_REPLACED = ("setuptools", "setuptools-scm", "wheel")
_CONDITIONS = re.compile(rb"sys\.platform|os\.name|platform\.(system|machine)|get_platform\(|implementation\.name")


def run(arguments: Namespace, session: Session) -> int:
    path = session.cwd / arguments.project
    root = open_sdist(path, session.store) if path.is_file() else path.resolve()
    if path.is_file() and arguments.write:
        raise ConfigurationError(
            f"cannot change {arguments.project}, which is an sdist", where="--write", hint="unpack it, or omit --write"
        )
    if not any((root / name).is_file() for name in ("setup.py", "setup.cfg", "pyproject.toml")):
        raise NotFoundError("there is no setup.py, setup.cfg or pyproject.toml", where=arguments.project)
    text = (root / "pyproject.toml").read_text("utf-8") if (root / "pyproject.toml").is_file() else ""
    pyproject = parse_toml(text.encode(), "pyproject.toml")
    if "zigbuild" in pyproject.get("tool", {}):
        raise ConfigurationError("exists already", where="tool.zigbuild", hint="remove it to import it again")
    tree = read_tree(root)
    document, tables = _read(root, tree, pyproject, arguments, session)
    result = _render(document, tables, text, pyproject)
    if arguments.write:
        write_atomically(root / "pyproject.toml", result.encode())
        session.result(str(root / "pyproject.toml"))
    else:
        session.result(result.rstrip("\n"))
    for problem in tables.left_out:
        session.notice(problem)
    if (root / "setup.py").is_file() and _CONDITIONS.search((root / "setup.py").read_bytes()):
        session.say(
            "setup.py depends on the platform, and these tables hold for this machine. Write the settings for other "
            "targets into [[tool.zigbuild.extension.on]]."
        )
    return 0


def _list_requires(pyproject: Mapping[str, Any]) -> list[str]:
    """Return the requirements of ``[build-system]``."""
    table = pyproject.get("build-system", {})
    requires = table.get("requires", []) if isinstance(table, dict) else []
    return [text for text in requires if isinstance(text, str)] if isinstance(requires, list) else []


def _read(
    root: Path, tree: SourceTree, pyproject: Mapping[str, Any], arguments: Namespace, session: Session
) -> tuple[dict[str, Any], Tables]:
    """Return what setuptools gives for a copy of the project in *root*, and that as tables."""
    requires = _list_requires(pyproject)
    wanted = requires if any(_name(text) == "setuptools" for text in requires) else ["setuptools", *requires]
    folders = [str(folder) for folder in obtain_tools(wanted, session.machine)]
    folders = folders or list(dict.fromkeys(sysconfig.get_path(key) for key in ("purelib", "platlib")))
    sandbox = choose_sandbox(arguments, session, is_required=False)
    interpreter = read_interpreter(Path(sys.executable))
    session.say("running the project's setup.py, on a copy of its files")
    with session.store.scratch(store_folders.IMPORTS) as scratch:
        for file in tree.files:
            (scratch / file.path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / file.path).write_bytes(read_file(root, file))
        environ = {"PATH": session.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(scratch)}
        if (root / "PKG-INFO").is_file():
            (scratch / "PKG-INFO").write_bytes((root / "PKG-INFO").read_bytes())
        else:
            environ["SETUPTOOLS_SCM_PRETEND_VERSION"] = "0"  # the copy has no history
        command = Command(
            [interpreter.executable, "-I", "-S", "-B", _PROGRAM, scratch, *folders],
            cwd=scratch,
            readable=(*interpreter.prefixes, *map(Path, folders), _PROGRAM.parent),
            writable=(scratch,),
            environ=environ,
        )
        completed = sandbox.run(command)
        if completed.returncode:
            said = completed.stderr.decode(errors="replace").strip()
            raise ToolchainError(
                said or "failed without a message", where="setup.py", hint="check that pip can build the project here"
            )
        document: dict[str, Any] = json.loads(completed.stdout)
        return document, convert(document, pyproject, tree, str(scratch), folders)


def _render(document: Mapping[str, Any], tables: Tables, text: str, pyproject: Mapping[str, Any]) -> str:
    """Return the pyproject.toml *text* with this backend, the tables, and ``[project]`` if it had none."""
    requires = [text for text in _list_requires(pyproject) if _name(text) not in _REPLACED]
    packages = {name for table in tables.extensions for name in table.get("headers-from", ())}
    if any(source.endswith(".pyx") for table in tables.extensions for source in table.get("sources", ())):
        packages.add("cython")
    requires += sorted(packages - {_name(text) for text in requires})
    listed = ", ".join(json.dumps(text) for text in (f"{NAME}>={VERSION}", *requires))
    build_system = f'[build-system]\nrequires = [{listed}]\nbuild-backend = "zigbuild_backend"\n'
    rest = re.sub(r"^\[build-system\][^\n]*\n(?:(?!\[[\w\"'\[]).*\n?)*", "", text, flags=re.MULTILINE).strip()
    project = "" if "project" in pyproject else render_project(document).strip()
    return "\n\n".join(filter(None, [build_system.strip(), project, rest, render_tables(tables).strip()])) + "\n"


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0].lower().replace("_", "-")
