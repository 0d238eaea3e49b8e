"""The Zig that is the same in every ``build.zig``: what stands before and after a project's own modules.

Words in capitals stand for what :mod:`.build_zig` puts there.
"""

from __future__ import annotations

HEAD = """\
//! The HEADLINE of PROJECT, for every platform and Python.
//!
//!     zig build --release=fast EXAMPLE     the PRODUCTS of one wheel, into zig-out
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
SHARED    for (pythons) |python| {
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
                    .triple = triple,
                    .resolved = resolve(b, triple, target.cpu),
                    .optimize = optimize,
                    .strip = strip,
SHARE                };
CALLS            }
        }
    }
}

"""

TAIL = """\

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

    /// What chooses the ABI in CPython's headers; without a name nothing does.
    fn macro(python: Python) struct { name: []const u8 = "", value: []const u8 = "1" } {
        if (python.limited_api) |version| {
            return .{ .name = if (python.free_threaded) "Py_TARGET_ABI3T" else "Py_LIMITED_API", .value = version };
        }
        return if (python.free_threaded) .{ .name = "Py_GIL_DISABLED" } else .{};
    }
};

/// One slice of one wheel.
const Wheel = struct {
    id: []const u8,
    step: *std.Build.Step,
    python: Python,
    target: Target,
    triple: []const u8,
    resolved: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
    strip: bool,
SHARED_FIELD
    fn createModule(wheel: Wheel, b: *std.Build, options: struct {
        root: ?std.Build.LazyPath = null,
        cxx: bool = false,
    }) *std.Build.Module {
        return b.createModule(.{
            .root_source_file = options.root,
            .target = wheel.resolved,
            .optimize = wheel.optimize,
            .link_libc = true,
            .link_libcpp = options.cxx,
            .strip = wheel.strip,
            .pic = true,
            .sanitize_c = .off,
        });
    }

    /// The API of CPython: headers, macros, and what to link with.
    fn addPython(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        const is_windows = wheel.resolved.result.os.tag == .windows;
        // The headers hold no pyconfig.h: the one for the target's system stands before them.
        module.addIncludePath(b.path(if (is_windows) "zigbuild/pyconfig/windows" else "zigbuild/pyconfig/posix"));
        module.addIncludePath(b.path(b.fmt("zigbuild/include/{s}", .{wheel.python.version})));
        const macro = wheel.python.macro();
        if (macro.name.len > 0) module.addCMacro(macro.name, macro.value);
        if (is_windows) module.addObjectFile(wheel.importLibrary(b));
    }

    fn flags(_: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        const hidden = [_][]const u8{"-fvisibility=hidden"};
        // No path of the machine gets into a module through __FILE__. Later zigs name sources relative to the root.
        const relative: []const []const u8 = if (@hasDecl(std.Build, "pathFromRoot"))
            &.{b.fmt("-ffile-prefix-map={s}=.", .{b.pathFromRoot(".")})}
        else
            &.{};
        return concat(b, concat(b, &hidden, relative), own);
    }

ADOPTTRANSLATE    /// Whether the wheel is for one of those named, in each respect that is given.
    fn isFor(wheel: Wheel, named: struct {
        os: []const std.Target.Os.Tag = &.{},
        arch: []const std.Target.Cpu.Arch = &.{},
        libc: []const enum { glibc, musl } = &.{},
        python: ?[]const []const u8 = null,
    }) bool {
        const target = wheel.resolved.result;
        const is_os = for (named.os) |os| {
            if (os == target.os.tag) break true;
        } else named.os.len == 0;
        const is_arch = for (named.arch) |arch| {
            if (arch == target.cpu.arch) break true;
        } else named.arch.len == 0;
        const is_libc = for (named.libc) |libc| {
            if (target.os.tag == .linux and (libc == .musl) == target.abi.isMusl()) break true;
        } else named.libc.len == 0;
        return is_os and is_arch and is_libc and isChosen(named.python, wheel.python.name);
    }

    fn link(wheel: Wheel, b: *std.Build, module: *std.Build.Module, name: []const u8) *std.Build.Step.Compile {
        const stem = name[if (std.mem.lastIndexOfScalar(u8, name, '.')) |dot| dot + 1 else 0..];
        const library = b.addLibrary(.{
            // zig links musl as libc.so. Its real name gets into the file as the end of the SONAME, for NEEDED to use.
            .name = if (wheel.target.musl) |musl| b.fmt("{s}.{s}", .{ stem, musl }) else stem,
            .version = if (wheel.target.musl != null) .{ .major = 1, .minor = 0, .patch = 0 } else null,
            .linkage = .dynamic,
            .root_module = module,
        });
        const os = wheel.resolved.result.os.tag;
        // What a module asks of CPython is found when it is loaded; on Windows the import library has it.
        if (os != .windows) library.linker_allow_shlib_undefined = true;
        if (os == .macos) library.install_name = b.fmt("@rpath/{s}", .{stem});
        return library;
    }

    /// Leaves nothing to be seen of a module but its init function, on Linux, where weak symbols of C++ would be.
    fn hide(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile) *std.Build.Step.Compile {
        if (wheel.resolved.result.os.tag != .linux) return library;
        const exports = "{ global: PyInit*; PyModExport_*; local: *; };\\n";
        library.setVersionScript(b.addWriteFiles().add("exports.map", exports));
        return library;
    }

LINK_SHARED    fn install(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile, name: []const u8) void {
        const path = replace(b, name, ".", "/");
        wheel.installAs(b, library, b.fmt("{s}{s}", .{ path, wheel.suffix(b) }));
    }

    fn installProgram(wheel: Wheel, b: *std.Build, program: *std.Build.Step.Compile) void {
        wheel.installAs(b, program, b.fmt("zigbuild-scripts/{s}", .{program.out_filename}));
    }

    fn installAs(wheel: Wheel, b: *std.Build, artifact: *std.Build.Step.Compile, path: []const u8) void {
        const installed = b.addInstallArtifact(artifact, .{
            .dest_dir = .{ .override = .{ .custom = wheel.id } },
            .dest_sub_path = path,
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
        if (python.limited_api != null) {
            return if (is_windows) ".pyd" else if (python.free_threaded) ".abi3t.so" else ".abi3.so";
        }
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

fn concat(b: *std.Build, list: []const []const u8, more: []const []const u8) []const []const u8 {
    return std.mem.concat(b.allocator, []const u8, &.{ list, more }) catch @panic("out of memory");
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

SHARED = """\
    var shared: std.StringHashMapUnmanaged(*std.Build.Step.Compile) = .empty;
"""

SHARE = """\
                    .shared = &shared,
"""

SHARED_FIELD = """\
    /// The libraries that were made already, by name and platform.
    shared: *std.StringHashMapUnmanaged(*std.Build.Step.Compile),
"""

LINK_SHARED = """\
    /// zig links musl as libc.so. Its real name gets into a shared library as the end of RUNPATH, for NEEDED to use.
    fn nameMusl(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        if (wheel.target.musl) |musl| module.addRPathSpecial(b.fmt("{s}.so.1", .{musl}));
    }

    fn makeShared(wheel: Wheel, b: *std.Build, module: *std.Build.Module, name: []const u8) *std.Build.Step.Compile {
        const library = b.addLibrary(.{ .name = name, .linkage = .dynamic, .root_module = module });
        if (wheel.resolved.result.os.tag == .macos) library.install_name = b.fmt("@rpath/lib{s}.dylib", .{name});
        return library;
    }

    /// Links a library that is found from the folder of what links it. `linkLibrary` would have it searched for in that
    /// where it was made, too.
    fn linkShared(
        wheel: Wheel,
        b: *std.Build,
        module: *std.Build.Module,
        library: *std.Build.Step.Compile,
        path: []const u8,
    ) void {
        const os = wheel.resolved.result.os.tag;
        if (os == .windows) return module.addObjectFile(library.getEmittedImplib());
        module.addObjectFile(library.getEmittedBin());
        module.addRPathSpecial(b.fmt("{s}{s}", .{ if (os == .macos) "@loader_path" else "$ORIGIN", path }));
    }

    fn installShared(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile, folder: []const u8) void {
        wheel.installAs(b, library, b.fmt("{s}/{s}", .{ folder, library.out_filename }));
    }

"""

TRANSLATE = """\
    /// Adds Zig sources to a module, by their root file. They are compiled as an object of their own, for to a library
    /// in Zig zig gives another start than that of the C runtime on Windows.
    fn addZig(wheel: Wheel, b: *std.Build, module: *std.Build.Module, root: []const u8) *std.Build.Module {
        const zig = wheel.createModule(b, .{ .root = b.path(root) });
        const object = b.addObject(.{ .name = "zig", .root_module = zig });
        if (wheel.resolved.result.os.tag == .windows) object.dll_export_fns = true;
        module.addObject(object);
        zig.addImport("python", wheel.translate(b, "zigbuild/zig/python.h", &.{}, &.{}));
        // The inline functions of CPython's headers: zig cannot translate them all.
        module.addCSourceFile(.{
            .file = b.path("zigbuild/zig/zig_python.c"),
            .flags = wheel.flags(b, &.{"-ffunction-sections"}),
        });
        return zig;
    }

    /// What a header of C declares, as a module of Zig.
    fn translate(
        wheel: Wheel,
        b: *std.Build,
        header: []const u8,
        folders: []const []const u8,
        macros: []const []const u8,
    ) *std.Build.Module {
        const is_windows = wheel.resolved.result.os.tag == .windows;
        const translated = b.addTranslateC(.{
            .root_source_file = b.path(header),
            .target = wheel.resolved,
            // The first is that for debugging. With another, headers may show checked variants that zig gets wrong.
            .optimize = std.enums.values(std.builtin.OptimizeMode)[0],
        });
        translated.addIncludePath(b.path(if (is_windows) "zigbuild/pyconfig/windows" else "zigbuild/pyconfig/posix"));
        translated.addIncludePath(b.path(b.fmt("zigbuild/zig/{s}", .{wheel.python.version})));
        for (folders) |folder| translated.addIncludePath(b.path(folder));
        for (macros) |macro| translated.defineCMacroRaw(macro);
        // What headers of the system ask of the machine, and not every zig defines when it translates.
        switch (wheel.resolved.result.cpu.arch) {
            .riscv64 => translated.defineCMacro("__riscv_float_abi_double", "1"),
            .x86 => if (is_windows) translated.defineCMacro("_X86_", "1"),
            else => {},
        }
        const macro = wheel.python.macro();
        if (macro.name.len > 0) translated.defineCMacro(macro.name, macro.value);
        return translated.createModule();
    }

"""

ADOPT = """\
    /// Makes what a package compiles fit for a module: position-independent, and seen by nobody but the module.
    fn adopt(wheel: Wheel, library: *std.Build.Step.Compile) void {
        library.root_module.pic = true;
        for (library.root_module.link_objects.items) |object| switch (object) {
            .c_source_file => |file| file.flags = wheel.adoptFlags(library.step.owner, file.flags),
            .c_source_files => |files| files.flags = wheel.adoptFlags(library.step.owner, files.flags),
            .other_step => |other| wheel.adopt(other),
            else => {},
        };
    }

    /// Modules share a package: its flags are changed for the first of them.
    fn adoptFlags(wheel: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        return if (own.len > 0 and std.mem.eql(u8, own[0], "-fvisibility=hidden")) own else wheel.flags(b, own);
    }

"""
