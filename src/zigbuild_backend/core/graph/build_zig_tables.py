"""The tables of build.zig: a row for each target and each Python, and the types of the rows."""

from __future__ import annotations

from collections.abc import Iterable

from ..base.pythons import ANY_PYTHON, Python
from ..base.targets import Target
from .runtime_sources import find_runtime_source
from .zig_words import pad_list, quote, quote_list

TARGET_TYPE = """\
/// A platform tag, and the triples of its slices: two for universal2, else one.
const Target = struct {
    tag: []const u8,
    triples: []const []const u8,
    cpu: []const u8 = "baseline",
    /// The kind of system, by which CPython's pyconfig.h is chosen.
    system: []const u8 = "posix",
    /// The platform in the file names of extension modules.
    platform: []const u8,
    /// The same for Pythons to which musl is glibc.
    platform_without_musl: ?[]const u8 = null,
    /// The name of musl where Python runs, without its version.
    musl: ?[]const u8 = null,
    /// The name of a machine of Windows in dlltool.
    coff_machine: ?[]const u8 = null,
    /// A source that is linked into every module, shared library and program, for a reason that it tells.
    runtime: ?[]const u8 = null,
};
"""

PYTHON_TYPE = """\
/// An ABI of CPython, or a name alone for wheels without extension modules.
const Python = struct {
    name: []const u8,
    version: []const u8 = "",
    free_threaded: bool = false,
    /// The suffixes of extension modules, in which {platform} stands for that of the target.
    suffix: []const u8 = "",
    windows_suffix: []const u8 = "",
    /// Suffixes tell musl from glibc since CPython 3.11.
    names_musl: bool = true,
    /// The macros that choose the ABI in CPython's headers.
    macros: []const Macro = &.{},
    /// The DLL of Windows that holds the API.
    dll: []const u8 = "",
};
"""

MACRO_TYPE = """\
const Macro = struct { name: []const u8, value: []const u8 };
"""


def render_targets(targets: Iterable[Target]) -> str:
    """Return the table of targets."""
    return _render_table("targets", "Target", map(_render_target, targets))


def render_pythons(pythons: Iterable[Python]) -> str:
    """Return the table of Pythons."""
    return _render_table("pythons", "Python", map(_render_python, pythons))


def _render_table(name: str, type_name: str, rows: Iterable[str]) -> str:
    return f"const {name} = [_]{type_name}{{\n{''.join(f'    {row},{chr(10)}' for row in rows)}}};\n"


def _render_target(target: Target) -> str:
    fields = {
        "tag": quote(target.platform_tag),
        "triples": quote_list([part.triple for part in target.slices or (target,)]),
        "cpu": quote(target.cpu) if target.cpu != "baseline" else "",
        "system": quote(target.system) if target.is_windows else "",
        "platform": quote(target.platform),
        "platform_without_musl": quote(target.platform_without_musl) if target.musl_name else "",
        "musl": quote(target.musl_name.removesuffix(".so.1")) if target.musl_name else "",
        "coff_machine": quote(target.coff_machine) if target.coff_machine else "",
        "runtime": quote(runtime) if (runtime := find_runtime_source(target)) else "",
    }
    return _render_row(fields)


def _render_python(python: Python) -> str:
    if python == ANY_PYTHON:
        return _render_row({"name": quote(python.name)})
    macros = [f".{{ .name = {quote(name)}, .value = {quote(value)} }}" for name, value in python.macros.items()]
    fields = {
        "name": quote(python.name),
        "version": quote(python.version),
        "free_threaded": "true" if python.free_threaded else "",
        "suffix": quote(python.suffix),
        "windows_suffix": quote(python.windows_suffix),
        "names_musl": "" if python.names_musl else "false",
        "macros": f"&.{{{', '.join(macros)}}}" if macros else "",
        "dll": quote(python.windows_dll),
    }
    return _render_row(fields)


def _render_row(fields: dict[str, str]) -> str:
    """Return a struct of *fields* (name → value); fields whose value is empty have their default."""
    return f".{{{pad_list([f'.{name} = {value}' for name, value in fields.items() if value])}}}"
