"""Values that replace settings for one build: from the environment, the build frontend or the command line.

A key is the dotted path of a value or an array of strings: ``optimize``, ``editable.rebuild``, ``sdist.exclude``.
``define.NAME`` is a macro of every extension, and ``extension.NAME.KEY`` a key of the extension with that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..base.errors import ConfigurationError, ProblemList
from ..base.frozen import dataclass
from ..base.suggestions import suggest
from . import rules
from .fields import key_of, table_of
from .model import Settings
from .parser import parse_value

PREFIX = "ZIGBUILD_"
"""The prefix of environment variables: ``ZIGBUILD_EDITABLE_REBUILD`` is ``editable.rebuild``."""

OTHER_VARIABLES = frozenset(
    PREFIX + name
    for name in (
        *("CACHE_DIR", "DATA_DIR", "BLOBS", "DEBUG", "HEADERS", "RECIPES", "MACOS_SDK", "KEEP_ZIG"),
        *("EDITABLE_SKIP", "EDITABLE_VERBOSE"),
        # Set for commands that generate sources, one of which may run a build.
        *("NAME", "VERSION", "TARGET", "TRIPLE", "OS", "ARCH", "LIBC", "POINTER_SIZE", "ENDIAN"),
        *("PYTHON", "PYTHON_VERSION", "ABI", "FREE_THREADED"),
        *("TEST_CACHE", "TEST_ZIGS", "WHOLE_MATRIX"),  # of this project's own tests
    )
)
"""The variables with that prefix that are no settings of a project."""

_EXTENSION = "extension"
_MACRO = "define"
_SAID_ELSEWHERE = ("zig", "optimize", "targets", "pythons", "minimum-version", "editable.", "sdist.", "version.")
"""The settings that reach no byte of a wheel, or have a field of their own in its specification."""

_TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True)
class Override:
    """A value, as in TOML, for one key; ``origin`` is the name of its place in messages."""

    key: str
    value: str | bool | tuple[str, ...]
    origin: str

    def __str__(self) -> str:
        """Return ``KEY=VALUE``: one text for each meaning."""
        if isinstance(self.value, bool):
            return f"{self.key}={str(self.value).lower()}"
        if isinstance(self.value, str):
            return f"{self.key}={self.value}"
        import json

        return f"{self.key}={json.dumps(self.value, ensure_ascii=False, separators=(',', ':'))}"


def list_keys(cls: Any = Settings) -> tuple[str, ...]:
    """Return the dotted keys of the settings that can be replaced, without those of tables with names."""
    keys: list[str] = []
    hints = get_type_hints(cls)
    for field in fields(cls):
        key, hint = key_of(field.name), hints[field.name]
        if table := table_of(hint):
            keys += [f"{key}.{inner}" for inner in list_keys(table)]
        elif _is_replaceable(hint):
            keys.append(key)
    return tuple(keys)


def collect_overrides(
    given: Iterable[tuple[str, object, str]], environ: Mapping[str, str], *, beside: Sequence[str] = ()
) -> tuple[Override, ...]:
    """Return the overrides *given*, as key, value and origin, replaced by those of the environment *environ*.

    *beside* are other keys of the same place, which are no settings.

    :raises ConfigurationError: naming every unknown key, impossible value, and key that is given twice.
    """
    problems = ProblemList()
    chosen: dict[str, Override] = {}
    for key, value, origin in given:
        override = _parse_override(key, value, problems.at(origin), beside)
        if override and override.key in chosen:
            problems.at(origin).add(f"is already given by {chosen[override.key].origin}", "give it once")
        elif override:
            chosen[override.key] = override
    for key, value, origin in _read_variables(environ, problems):
        if override := _parse_override(key, value, problems.at(origin)):
            chosen[override.key] = override
    problems.raise_any()
    return tuple(chosen.values())


def parse_assignments(texts: Iterable[str], option: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, value and origin of each ``KEY=VALUE`` that was given with *option*.

    :raises ConfigurationError: for a text without ``=``.
    """
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError("has no '='", where=f"{option} {text}", hint=f"write {option} KEY=VALUE")
        yield key, value, f"{option} {key}"


def apply_overrides(table: Mapping[str, Any], overrides: Iterable[Override]) -> dict[str, Any]:
    """Return *table*, the settings as in TOML, with *overrides* in it.

    :raises ConfigurationError: for the name of a table that does not exist.
    """
    changed = dict(table)
    for override in overrides:
        value = list(override.value) if isinstance(override.value, tuple) else override.value
        first, *rest = override.key.split(".")
        if first == _MACRO:
            changed[_EXTENSION] = [_define(row, rest[0], value) for row in _rows(changed.get(_EXTENSION))]
        elif names := _named_tables().get(first):
            name, path = _split_name(names, rest)
            rows = _rows(changed.get(first))
            known = [str(row.get("name")) for row in rows if isinstance(row, Mapping)]
            if name not in known:
                hint = suggest(name, known) if known else f"the project has no [[tool.zigbuild.{first}]]"
                raise ConfigurationError(f"there is no {first} {name!r}", where=override.origin, hint=hint)
            changed[first] = [
                _replace(row, path, value) if isinstance(row, Mapping) and row.get("name") == name else row
                for row in rows
            ]
        else:
            changed = _replace(changed, (first, *rest), value)
    return changed


def render_overrides(overrides: Iterable[Override]) -> tuple[str, ...]:
    """Return those of *overrides* that can reach the bytes of a wheel, as canonical texts, sorted."""
    return tuple(sorted(str(override) for override in overrides if not override.key.startswith(_SAID_ELSEWHERE)))


def _is_replaceable(hint: Any) -> bool:
    return hint in (str, bool, tuple[str, ...]) or get_origin(hint) is Literal


def _named_tables() -> dict[str, Any]:
    """Return the dataclasses of the arrays of tables that have names, by their keys."""
    hints = get_type_hints(Settings)
    items = {key: get_args(hint)[0] for key, hint in hints.items() if get_origin(hint) is tuple}
    return {
        key_of(key): item
        for key, item in items.items()
        if is_dataclass(item) and "name" in {field.name for field in fields(item)}
    }


def _read_variables(environ: Mapping[str, str], problems: ProblemList) -> Iterator[tuple[str, str, str]]:
    """Yield key, value and name of each variable that replaces a setting; empty ones are ignored."""
    known = {PREFIX + key.replace(".", "_").replace("-", "_").upper(): key for key in list_keys()}
    macros = f"{PREFIX}{_MACRO.upper()}_"
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES or not environ[name]:
            continue
        if name.startswith(macros):
            yield f"{_MACRO}.{name.removeprefix(macros)}", environ[name], name
        elif name in known:
            yield known[name], environ[name], name
        else:
            hint = suggest(
                name, (*known, *sorted(OTHER_VARIABLES)), f"variables of settings are named as {PREFIX}OPTIMIZE"
            )
            problems.at(name).add("is no variable of zigbuild", hint)


def _parse_override(key: str, value: object, problems: ProblemList, beside: Sequence[str] = ()) -> Override | None:
    """Return the override of *key*, or None after adding to *problems*, whose place is the origin."""
    before = len(problems)
    first, *rest = key.split(".")
    if first == _MACRO and rest:
        name, text = ".".join(rest), str(value)
        macro = {"true": True, "false": False}.get(text, text)
        if problem := rules.define((name, macro)):
            problems.extend([problem])
        return Override(key, macro, problems.where) if len(problems) == before else None
    found = _find_key(key)
    if found is None:
        words = (*beside, f"{_MACRO}.NAME", f"{_EXTENSION}.NAME.KEY")
        mend = f"known are {', '.join(words)}, and keys of [tool.zigbuild] with a single value or an array of strings"
        hint = suggest(key, [*beside, *list_keys(), f"{_MACRO}.NAME"], mend)
        problems.add("is no setting that can be replaced", hint)
        return None
    field, hint = found
    if hint is bool and isinstance(value, str) and value.lower() not in _TRUTHS:
        problems.add(f"must be true or false, not {value!r}", "1 and 0, yes and no are understood, too")
        return None
    parsed = parse_value(hint, _parse_text(hint, value), field, problems)
    return Override(key, parsed, problems.where) if len(problems) == before else None


def _parse_text(hint: Any, value: object) -> object:
    """Return *value*, parsed if it is text, for the annotation *hint*."""
    if not isinstance(value, str):
        return value
    if hint is bool:
        return _TRUTHS.get(value.lower(), value)
    if hint != tuple[str, ...]:
        return value
    if value.startswith("["):
        import json

        try:
            return json.loads(value)
        except ValueError:
            pass  # a glob can begin like this
    return [part for part in value.split(";") if part]


def _find_key(key: str) -> tuple[Field[Any], Any] | None:
    first, *rest = key.split(".")
    if cls := _named_tables().get(first):
        _, path = _split_name(cls, rest)
        return _find_field(cls, path)
    return _find_field(Settings, (first, *rest))


def _split_name(cls: Any, parts: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the name of a table and the path of a key of it, from the *parts* of a dotted key."""
    for index in range(1, len(parts)):
        if _find_field(cls, parts[index:]):
            return ".".join(parts[:index]), tuple(parts[index:])
    return ".".join(parts), ()


def _find_field(cls: Any, path: Sequence[str]) -> tuple[Field[Any], Any] | None:
    """Return the field of *cls*, or of a table in it, with its annotation; None if it cannot be replaced."""
    for field in fields(cls):
        if path and key_of(field.name) == path[0]:
            hint = get_type_hints(cls)[field.name]
            if len(path) > 1 and (table := table_of(hint)):
                return _find_field(table, path[1:])
            return (field, hint) if len(path) == 1 and _is_replaceable(hint) else None
    return None


def _rows(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _replace(table: Mapping[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    """Return *table* with *value* at *path*; a value on the way that is no table is replaced by one."""
    key, *rest = path
    inner = table.get(key)
    return {**table, key: _replace(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value}


def _define(row: Any, name: str, value: object) -> Any:
    """Return the table of an extension with a macro, which replaces that of its additions, too."""
    if not isinstance(row, Mapping):
        return row
    changed = _replace(row, ("defines", name), value)
    if isinstance(row.get("on"), list):
        changed["on"] = [
            _replace(part, ("defines", name), value)
            if isinstance(part, Mapping) and isinstance(part.get("defines"), Mapping) and name in part["defines"]
            else part
            for part in row["on"]
        ]
    return changed
