"""Reads a dynamic version: from a text, from Python code that is not run, or from git.

An sdist has the version in PKG-INFO, so that its builds need neither git nor vcs-versioning.
"""

from __future__ import annotations

import ast
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.errors import ConfigurationError, NotFoundError
from ..settings.contents import VersionSource
from .package_layout import SOURCE_ROOTS
from .tree_reader import is_sdist

WHERE = "tool.zigbuild.version"
VCS_REQUIREMENT = "vcs-versioning>=2.6,<3"
"""The requirement of builds that read the version from git."""

_ASSIGNED = re.compile(
    r"""^(?:__version__|VERSION|version)\s*(?::[^=\n]+)?=\s*(["'])(?P<version>[^"'\n]+)\1""", re.MULTILINE
)
_NO_TAG = "0.0"
"""The version from which vcs-versioning counts in a history without tags."""


def find_requirements(source: VersionSource | None, root: Path) -> list[str]:
    """Return the requirements for reading the version of the project in *root*."""
    return [VCS_REQUIREMENT] if source and source.from_ == "vcs" and not is_sdist(root) else []


def read_version(source: VersionSource, root: Path, name: str) -> str:
    """Return the normalised version of the project *name* in *root*.

    :raises NotFoundError: if its file, its tag, git or vcs-versioning is missing.
    :raises ConfigurationError: if the text is no version by PEP 440.
    """
    text = (is_sdist(root) and _read_pkg_info(root, name)) or _READERS[source.from_](source, root, name)
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion:
        hint = "write it by PEP 440, such as '1.0', '2.1rc1' or '1.0.dev3'"
        raise ConfigurationError(f"{text!r} is no version by PEP 440", where=WHERE, hint=hint) from None


def render_version_file(path: str, version: str) -> bytes:
    """Return the content of the file *path* that ``write-to`` names."""
    if path.endswith((".py", ".pyi")):
        return f'"""Written by the build."""\n\n__version__ = version = "{version}"\n'.encode()
    return f"{version}\n".encode()


def _read_pkg_info(root: Path, name: str) -> str:
    """Return the version in PKG-INFO in *root*; it is empty if PKG-INFO is not of the project *name*."""
    from packaging.metadata import parse_email
    from packaging.utils import canonicalize_name

    raw, _ = parse_email((root / "PKG-INFO").read_bytes())
    return raw.get("version", "") if canonicalize_name(raw.get("name", "")) == canonicalize_name(name) else ""


def _read_from_file(source: VersionSource, root: Path, _: str) -> str:
    text = _read_text(root / source.path, source.path, f"{WHERE}.path")
    if not source.pattern:
        if found := _ASSIGNED.search(text):
            return found["version"]
        if len(text.split()) == 1:
            return text.strip()
        hint = "write only the version into it, or __version__ = \"…\", or set 'pattern' to find it"
        raise ConfigurationError(f"{source.path} contains no version", where=f"{WHERE}.path", hint=hint)
    if found := re.search(source.pattern, text, re.MULTILINE):
        return str(found["version" if "version" in found.re.groupindex else 1] or "").strip()
    raise ConfigurationError(
        f"nothing in {source.path} matches {source.pattern!r}",
        where=f"{WHERE}.pattern",
        hint="'^' and '$' match at each line",
    )


def _read_from_attribute(source: VersionSource, root: Path, _: str) -> str:
    """Return the value that the source of a module assigns to a variable last; the module is not imported."""
    module, _, variable = source.attribute.partition(":")
    where = f"{WHERE}.attribute"
    stem = module.replace(".", "/")
    places = [f"{folder}/{stem}{end}" for folder in (*SOURCE_ROOTS, ".") for end in (".py", "/__init__.py")]
    found = next((place.removeprefix("./") for place in places if (root / place).is_file()), None)
    if found is None:
        raise NotFoundError(
            f"there is no module {module!r} in the project",
            where=where,
            hint=f"looked for {stem}.py and {stem}/__init__.py in {', '.join(SOURCE_ROOTS)} and the project's folder",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the compiler, about escapes in strings
            tree = ast.parse(_read_text(root / found, found, where))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{found} is no Python: {error}", where=where, hint="mend it") from None
    values = [value for name, value in _find_assignments(tree) if name == variable]
    if not values:
        raise ConfigurationError(
            f"{found} assigns no value to {variable!r} at its top level",
            where=where,
            hint=f'write {variable} = "…" there',
        )
    try:
        value = ast.literal_eval(values[-1])
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise ConfigurationError(
            f"the value of {variable!r} in {found} is no literal, and no code of the project is run to find it",
            where=where,
            hint=f"write {variable} = \"…\", or choose another 'from'",
        ) from None
    if isinstance(value, list | tuple) and value and all(type(part) in (int, str) for part in value):
        return ".".join(map(str, value))
    if isinstance(value, str):
        return value
    raise ConfigurationError(
        f"{variable!r} in {found} is {value!r}, not a string", where=where, hint=f'write {variable} = "…"'
    )


def _find_assignments(tree: ast.Module) -> list[tuple[str, ast.expr]]:
    """Return, in order, the names that a module assigns at its top level, each with its value."""
    assignments = []
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            targets, value = [statement.target], statement.value
        else:
            continue
        assignments += [(target.id, value) for target in targets if isinstance(target, ast.Name)]
    return assignments


def _read_from_vcs(source: VersionSource, root: Path, name: str) -> str:
    try:
        import vcs_versioning  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise NotFoundError(
            "vcs-versioning, which reads the version from git, is not installed",
            where=WHERE,
            hint=f"pip install '{VCS_REQUIREMENT}'; build frontends install it by themselves",
        ) from None
    data = vcs_versioning.PyProjectData(
        path=root / "pyproject.toml",
        tool_name="zigbuild",
        project={"name": name},
        section={},
        is_required=True,
        section_present=True,
        project_present=True,
        build_requires=[],
        definition={},
    )
    tag = {"prefix": source.tag_prefix, "strict": False}
    if source.tag_pattern:
        tag["regex"] = source.tag_pattern
    options = {
        "root": str(root.absolute()),
        "fallback_root": str(root.absolute()),
        "search_parent_directories": True,
        "write_to_source": False,
        "version_scheme": [_refuse_without_tag, "guess-next-dev"],
        "local_scheme": _name_commit,
        "tag": tag,
    }
    environment = vcs_versioning.VcsEnvironment.from_env("SETUPTOOLS_SCM", dist_name=name)
    return _ask(lambda: str(vcs_versioning.infer_version_string(name, data, options, env=environment)), source)


def _ask(infer: Callable[[], str], source: VersionSource) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return infer()
    except LookupError:
        if source.fallback:
            return source.fallback
        if not shutil.which("git"):
            hint = "install git, or build from an sdist"
            raise NotFoundError(
                "the version is read from git, which is not installed", where=WHERE, hint=hint
            ) from None
        raise NotFoundError(
            "git finds no tag that is a version in the history of this clone",
            where=WHERE,
            hint="'git fetch --tags --unshallow' fetches the whole history; 'fallback' is the version without a tag",
        ) from None
    except (ValueError, AssertionError, OSError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigurationError(
            f"no version can be read from git: {first}", where=WHERE, hint="run 'git describe --tags' to see the tag"
        ) from None


def _refuse_without_tag(version: Any) -> None:
    """Refuse a version that no tag gives; leave others to the next scheme of vcs-versioning.

    :raises LookupError: if there is no tag.
    """
    if str(version.tag) == _NO_TAG:
        raise LookupError("no tag")


def _name_commit(version: Any) -> str:
    """Return the local part of a version between tags: the commit, of fixed length, and no date."""
    if version.exact:
        return ""
    commit = (version.node or "")[:10]
    return "+" + ".".join([*filter(None, [commit]), *(["dirty"] if version.dirty else [])])


_READERS: dict[str, Callable[[VersionSource, Path, str], str]] = {
    "file": _read_from_file,
    "attribute": _read_from_attribute,
    "vcs": _read_from_vcs,
}


def _read_text(path: Path, name: str, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFoundError(f"{name} cannot be read: {error.strerror}", where=where, hint="check the path") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name} is not UTF-8", where=where, hint="save it as UTF-8") from None
