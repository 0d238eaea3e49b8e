"""Writes ``build.zig``: the whole matrix of a project as one graph, as a person who knows Zig would write it.

The text depends on the project alone, never on which wheels are asked for: those are named when it is run, so that a
project's build configuration is compiled once. It is accepted by every zig of :data:`.pins.SUPPORTED_ZIGS`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import repeat

from .plan import ASSEMBLER_SUFFIXES, C_SUFFIXES, CXX_SUFFIXES, Module, Project
from .pythons import PYTHONS, Python
from .settings import Extension
from .targets import TARGETS, Target, select_targets

LANGUAGES = {"c": C_SUFFIXES, "cpp": CXX_SUFFIXES, "assembly_with_preprocessor": ASSEMBLER_SUFFIXES}
"""Zig's names of the languages, and the suffixes of their files."""

SUPPORT_FOLDER = "zigbuild"
"""Where, beside build.zig, the graph finds CPython: ``include/3.13``, ``pyconfig/posix``, ``exports/cp313.def``."""


def render(project: Project, *, pythons: Iterable[Python] = (), extra_targets: Iterable[Target] = ()) -> str:
    """The text of ``build.zig``, with rows for all targets and Pythons that the project can have.

    *pythons* are the rows of a graph that knows fewer; *extra_targets* adds targets above the lowest versions, which
    neither the table nor the project names.
    """
    rows = dict.fromkeys((*TARGETS, *select_targets(project.settings.targets), *extra_targets))
    abis = tuple(pythons) or _all_pythons(project)
    names = _function_names(project.modules)
    parts = {
        "PROJECT": project.metadata.name,
        "TARGETS": "".join(map(_render_target, rows)),
        "PYTHONS": "".join(map(_render_python, abis)),
        "CALLS": "".join(f"                {name}(b, wheel);\n" for name in names),
    }
    head = re.sub("|".join(parts), lambda match: parts[match[0]], _HEAD)
    return head + "\n".join(map(_render_module, repeat(project), project.modules, names)) + _TAIL


def render_zon(project: Project) -> str:
    """The text of ``build.zig.zon`` beside it, which names the package."""
    name = f"{_identifier(project.metadata.name)[:24]}_modules"
    # zig checks that the upper half of the fingerprint is the name's checksum; the lower half is a number of our own.
    fingerprint = zlib.crc32(name.encode()) << 32 | 0x7A696762
    return (
        ".{\n"
        f"    .name = .{name},\n"
        '    .version = "0.0.0",\n'
        f"    .fingerprint = 0x{fingerprint:016x},\n"
        '    .paths = .{""},\n'
        "}\n"
    )


def quote(text: str) -> str:
    """*text* as a string literal of Zig, whatever it holds."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _quote_list(items: Sequence[str], indent: str) -> str:
    """A list of string literals: on one line if it is short, else one to a line."""
    if not items:
        return "&.{}"
    line = f"&.{{{', '.join(map(quote, items))}}}" if len(items) == 1 else f"&.{{ {', '.join(map(quote, items))} }}"
    if len(line) <= 80:
        return line
    return "&.{\n" + "".join(f"{indent}    {quote(item)},\n" for item in items) + indent + "}"


def _function_names(modules: Iterable[Module]) -> list[str]:
    """The name of each module's function: ``add_spam__speedups``, with more ``_`` where two would share one."""
    names: list[str] = []
    for module in modules:
        name = f"add_{_identifier(module.name)}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _identifier(name: str) -> str:
    """*name* as an identifier of ASCII letters, digits and ``_``; different names may share one in odd cases."""
    text = "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else "_" if c in ".-" else f"u{ord(c):x}" for c in name
    )
    return text if text[:1].isalpha() or text[:1] == "_" else f"_{text}"


def _all_pythons(project: Project) -> tuple[Python, ...]:
    floor = project.stable_abi
    stable = (Python(floor.minor, stable_abi=True),) if floor else ()
    return (*PYTHONS, *stable)


def _render_target(target: Target) -> str:
    fields = [f".tag = {quote(target.platform_tag)}"]
    fields.append(f".triples = {_quote_list([part.triple for part in target.slices or (target,)], '')}")
    if target.multiarch:
        fields.append(f".multiarch = {quote(target.multiarch)}")
    if target.musl_name:
        fields.append(f".musl = {quote(target.musl_name.removesuffix('.so.1'))}")
    if target.cpu != "baseline":
        fields.append(f".cpu = {quote(target.cpu)}")
    return f"    .{{ {', '.join(fields)} }},\n"


def _render_python(python: Python) -> str:
    fields = [f".name = {quote(python.name)}", f".version = {quote(python.version)}"]
    if python.free_threaded:
        fields.append(".free_threaded = true")
    if python.stable_abi:
        fields.append(f".limited_api = {quote(python.limited_api)}")
    if python.minor < 11:
        fields.append(".names_musl = false")
    fields.append(f".dll = {quote(python.windows_dll)}")
    return f"    .{{ {', '.join(fields)} }},\n"


def _render_module(project: Project, module: Module, function: str) -> str:
    extension = module.settings
    lines = [f"/// {module.name}", f"fn {function}(b: *std.Build, wheel: Wheel) void {{"]
    lines.append(f"    const module = wheel.createModule(b, .{{ .cxx = {str(module.is_cxx).lower()} }});")
    lines += [f"    module.addIncludePath(b.path({quote(folder)}));" for folder in extension.include_dirs]
    for language, suffixes in LANGUAGES.items():
        sources = [source for source in module.sources if source.endswith(suffixes)]
        if sources:
            flags = compiler_flags(project, extension, language)
            lines += [
                "    module.addCSourceFiles(.{",
                f"        .files = {_quote_list(sources, '        ')},",
                f"        .flags = wheel.flags(b, {_quote_list(flags, '        ')}),",
                f"        .language = .{language},",
                "    });",
            ]
    lines += [
        f"    module.linkSystemLibrary({quote(library)}, .{{ .use_pkg_config = .no }});"
        for library in extension.libraries
    ]
    lines.append(f"    wheel.install(b, module, {quote(module.name)});")
    return "\n".join([*lines, "}", ""])


def compiler_flags(project: Project, extension: Extension, language: str) -> list[str]:
    """The project's own flags for one language; what every module has is added by the graph."""
    flags = []
    if language == "c":
        flags += [f"-std={extension.std.c}"] * bool(extension.std.c)
    if language == "cpp":
        flags += [f"-std={extension.std.cxx}"] * bool(extension.std.cxx)
    for name, text in extension.defines:
        if text is False:
            flags.append(f"-U{name}")
        elif isinstance(text, str):
            known = text.replace("{version}", project.metadata.version).replace("{name}", project.metadata.name)
            flags.append(f"-D{name}={known}")
        else:
            flags.append(f"-D{name}={int(text)}")
    flags += extension.flags.all
    flags += {"c": extension.flags.c, "cpp": extension.flags.cxx}.get(language, ())
    return flags


_HEAD = """\
//! The extension modules of PROJECT, for every platform and Python.
//!
//!     zig build --release=fast cp313-manylinux_2_17_x86_64     the modules of one wheel, into zig-out
//!     zig build --release=fast -Dwheel=ID -Dwheel=ID           those of several
//!     zig build --release=fast                                 those of all
//!
//! Written by zigbuild-backend from [tool.zigbuild] in pyproject.toml.

const std = @import("std");

const targets = [_]Target{
TARGETS};

const pythons = [_]Python{
PYTHONS};

pub fn build(b: *std.Build) void {
    const optimize = b.standardOptimizeOption(.{});
    const strip = b.option(bool, "strip", "Leave out debug information (default: true)") orelse true;
    const chosen = b.option([]const []const u8, "wheel", "The identifier of a wheel to build (default: all)");
    for (pythons) |python| {
        for (targets) |target| {
            const id = b.fmt("{s}-{s}", .{ python.name, target.tag });
            if (!isChosen(chosen, id)) continue;
            const step = b.step(id, target.triples[0]);
            b.getInstallStep().dependOn(step);
            for (target.triples) |triple| {
                const wheel: Wheel = .{
                    .id = if (target.triples.len == 1) id else b.fmt("{s}/{s}", .{ id, triple }),
                    .step = step,
                    .python = python,
                    .target = target,
                    .resolved = resolve(b, triple, target.cpu),
                    .optimize = optimize,
                    .strip = strip,
                };
CALLS            }
        }
    }
}

"""

_TAIL = """\

/// A platform tag, and the triples of its slices: two for universal2, else one.
const Target = struct {
    tag: []const u8,
    triples: []const []const u8,
    /// What CPython calls the platform in file names, on Linux.
    multiarch: []const u8 = "",
    /// What musl calls itself where Python runs, without its version.
    musl: ?[]const u8 = null,
    cpu: []const u8 = "baseline",
};

/// An ABI of CPython.
const Python = struct {
    name: []const u8,
    version: []const u8,
    free_threaded: bool = false,
    limited_api: ?[]const u8 = null,
    /// Since 3.11 file names tell musl from glibc.
    names_musl: bool = true,
    dll: []const u8,
};

/// One slice of one wheel.
const Wheel = struct {
    id: []const u8,
    step: *std.Build.Step,
    python: Python,
    target: Target,
    resolved: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
    strip: bool,

    fn createModule(wheel: Wheel, b: *std.Build, language: struct { cxx: bool }) *std.Build.Module {
        const is_windows = wheel.resolved.result.os.tag == .windows;
        const module = b.createModule(.{
            .target = wheel.resolved,
            .optimize = wheel.optimize,
            .link_libc = true,
            .link_libcpp = language.cxx,
            .strip = wheel.strip,
            .pic = true,
            .sanitize_c = .off,
        });
        // The headers hold no pyconfig.h: the one for the target's system stands before them.
        module.addIncludePath(b.path(if (is_windows) "zigbuild/pyconfig/windows" else "zigbuild/pyconfig/posix"));
        module.addIncludePath(b.path(b.fmt("zigbuild/include/{s}", .{wheel.python.version})));
        if (wheel.python.free_threaded) module.addCMacro("Py_GIL_DISABLED", "1");
        if (wheel.python.limited_api) |version| module.addCMacro("Py_LIMITED_API", version);
        if (is_windows) module.addObjectFile(wheel.importLibrary(b));
        return module;
    }

    fn flags(_: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        const hidden = [_][]const u8{"-fvisibility=hidden"};
        // No path of the machine gets into a module through __FILE__. Later zigs name sources relative to the root.
        const relative: []const []const u8 = if (@hasDecl(std.Build, "pathFromRoot"))
            &.{b.fmt("-ffile-prefix-map={s}=.", .{b.pathFromRoot(".")})}
        else
            &.{};
        return std.mem.concat(b.allocator, []const u8, &.{ &hidden, relative, own }) catch @panic("out of memory");
    }

    fn install(wheel: Wheel, b: *std.Build, module: *std.Build.Module, name: []const u8) void {
        const stem = name[if (std.mem.lastIndexOfScalar(u8, name, '.')) |dot| dot + 1 else 0..];
        const library = b.addLibrary(.{
            // zig links musl as libc.so. Its real name gets into the file as the end of the SONAME, for NEEDED to use.
            .name = if (wheel.target.musl) |musl| b.fmt("{s}.{s}", .{ stem, musl }) else stem,
            .version = if (wheel.target.musl != null) .{ .major = 1, .minor = 0, .patch = 0 } else null,
            .linkage = .dynamic,
            .root_module = module,
        });
        switch (wheel.resolved.result.os.tag) {
            .windows => {},
            .macos => {
                library.linker_allow_shlib_undefined = true;
                library.install_name = b.fmt("@rpath/{s}", .{stem});
            },
            else => {
                library.linker_allow_shlib_undefined = true;
                const exports = "{ global: PyInit*; PyModExport_*; local: *; };\\n";
                library.setVersionScript(b.addWriteFiles().add("exports.map", exports));
            },
        }
        const path = replace(b, name, ".", "/");
        const installed = b.addInstallArtifact(library, .{
            .dest_dir = .{ .override = .{ .custom = wheel.id } },
            .dest_sub_path = b.fmt("{s}{s}", .{ path, wheel.suffix(b) }),
            .dylib_symlinks = false,
            .implib_dir = .disabled,
            .pdb_dir = .disabled,
            .h_dir = .disabled,
        });
        wheel.step.dependOn(&installed.step);
    }

    fn suffix(wheel: Wheel, b: *std.Build) []const u8 {
        const python = wheel.python;
        const digits = b.fmt("3{s}{s}", .{ python.version[2..], if (python.free_threaded) "t" else "" });
        const is_windows = wheel.resolved.result.os.tag == .windows;
        if (python.limited_api != null) return if (is_windows) ".pyd" else ".abi3.so";
        if (is_windows) return b.fmt(".cp{s}-{s}.pyd", .{ digits, wheel.target.tag });
        if (wheel.resolved.result.os.tag == .macos) return b.fmt(".cpython-{s}-darwin.so", .{digits});
        const platform = wheel.target.multiarch;
        const multiarch = if (python.names_musl) platform else replace(b, platform, "-musl", "-gnu");
        return b.fmt(".cpython-{s}-{s}.so", .{ digits, multiarch });
    }

    /// The import library of the DLL that holds this Python's API.
    fn importLibrary(wheel: Wheel, b: *std.Build) std.Build.LazyPath {
        const machine = switch (wheel.resolved.result.cpu.arch) {
            .x86 => "i386",
            .x86_64 => "i386:x86-64",
            else => "arm64",
        };
        const dlltool = b.addSystemCommand(&.{ b.graph.zig_exe, "dlltool", "-m", machine, "-D", wheel.python.dll });
        dlltool.addArg("-d");
        dlltool.addFileArg(b.path(b.fmt("zigbuild/exports/{s}.def", .{wheel.python.name})));
        dlltool.addArg("-l");
        return dlltool.addOutputFileArg(b.fmt("{s}.lib", .{wheel.python.name}));
    }
};

fn resolve(b: *std.Build, triple: []const u8, cpu: []const u8) std.Build.ResolvedTarget {
    const query = std.Build.parseTargetQuery(.{ .arch_os_abi = triple, .cpu_features = cpu });
    return b.resolveTargetQuery(query catch @panic("bad target"));
}

fn replace(b: *std.Build, text: []const u8, needle: []const u8, replacement: []const u8) []const u8 {
    return std.mem.replaceOwned(u8, b.allocator, text, needle, replacement) catch @panic("out of memory");
}

fn isChosen(chosen: ?[]const []const u8, id: []const u8) bool {
    for (chosen orelse return true) |name| {
        if (std.mem.eql(u8, name, id)) return true;
    }
    return false;
}
"""
