//! The extension modules of example-cppy, for every platform and Python.
//!
//!     zig build --release=fast cp313-manylinux_2_17_x86_64     the modules of one wheel, into zig-out
//!     zig build --release=fast -Dwheel=ID -Dwheel=ID           those of several
//!     zig build --release=fast                                 those of all
//!
//! Written by zigbuild-backend from [tool.zigbuild] in pyproject.toml.

const std = @import("std");

const targets = [_]Target{
    .{ .tag = "manylinux_2_17_x86_64", .triples = &.{"x86_64-linux-gnu.2.17"}, .multiarch = "x86_64-linux-gnu" },
    .{ .tag = "manylinux_2_17_i686", .triples = &.{"x86-linux-gnu.2.17"}, .multiarch = "i386-linux-gnu" },
    .{ .tag = "manylinux_2_17_aarch64", .triples = &.{"aarch64-linux-gnu.2.17"}, .multiarch = "aarch64-linux-gnu" },
    .{ .tag = "manylinux_2_17_armv7l", .triples = &.{"arm-linux-gnueabihf.2.17"}, .multiarch = "arm-linux-gnueabihf", .cpu = "baseline-neon-d32" },
    .{ .tag = "manylinux_2_17_ppc64le", .triples = &.{"powerpc64le-linux-gnu.2.19"}, .multiarch = "powerpc64le-linux-gnu" },
    .{ .tag = "manylinux_2_17_s390x", .triples = &.{"s390x-linux-gnu.2.17"}, .multiarch = "s390x-linux-gnu" },
    .{ .tag = "manylinux_2_31_riscv64", .triples = &.{"riscv64-linux-gnu.2.31"}, .multiarch = "riscv64-linux-gnu" },
    .{ .tag = "manylinux_2_36_loongarch64", .triples = &.{"loongarch64-linux-gnu.2.36"}, .multiarch = "loongarch64-linux-gnu" },
    .{ .tag = "musllinux_1_2_x86_64", .triples = &.{"x86_64-linux-musl"}, .multiarch = "x86_64-linux-musl", .musl = "libc.musl-x86_64" },
    .{ .tag = "musllinux_1_2_i686", .triples = &.{"x86-linux-musl"}, .multiarch = "i386-linux-musl", .musl = "libc.musl-x86" },
    .{ .tag = "musllinux_1_2_aarch64", .triples = &.{"aarch64-linux-musl"}, .multiarch = "aarch64-linux-musl", .musl = "libc.musl-aarch64" },
    .{ .tag = "musllinux_1_2_armv7l", .triples = &.{"arm-linux-musleabihf"}, .multiarch = "arm-linux-musleabihf", .musl = "libc.musl-armv7", .cpu = "baseline-neon-d32" },
    .{ .tag = "musllinux_1_2_ppc64le", .triples = &.{"powerpc64le-linux-musl"}, .multiarch = "powerpc64le-linux-musl", .musl = "libc.musl-ppc64le" },
    .{ .tag = "musllinux_1_2_s390x", .triples = &.{"s390x-linux-musl"}, .multiarch = "s390x-linux-musl", .musl = "libc.musl-s390x" },
    .{ .tag = "musllinux_1_2_riscv64", .triples = &.{"riscv64-linux-musl"}, .multiarch = "riscv64-linux-musl", .musl = "libc.musl-riscv64" },
    .{ .tag = "musllinux_1_2_loongarch64", .triples = &.{"loongarch64-linux-musl"}, .multiarch = "loongarch64-linux-musl", .musl = "libc.musl-loongarch64" },
    .{ .tag = "macosx_10_13_x86_64", .triples = &.{"x86_64-macos.10.13"} },
    .{ .tag = "macosx_11_0_arm64", .triples = &.{"aarch64-macos.11.0"} },
    .{ .tag = "macosx_10_13_universal2", .triples = &.{ "x86_64-macos.10.13", "aarch64-macos.11.0" } },
    .{ .tag = "win32", .triples = &.{"x86-windows-gnu"} },
    .{ .tag = "win_amd64", .triples = &.{"x86_64-windows-gnu"} },
    .{ .tag = "win_arm64", .triples = &.{"aarch64-windows-gnu"} },
};

const pythons = [_]Python{
    .{ .name = "cp39", .version = "3.9", .names_musl = false, .dll = "python39.dll" },
    .{ .name = "cp310", .version = "3.10", .names_musl = false, .dll = "python310.dll" },
    .{ .name = "cp311", .version = "3.11", .dll = "python311.dll" },
    .{ .name = "cp312", .version = "3.12", .dll = "python312.dll" },
    .{ .name = "cp313", .version = "3.13", .dll = "python313.dll" },
    .{ .name = "cp314", .version = "3.14", .dll = "python314.dll" },
    .{ .name = "cp315", .version = "3.15", .dll = "python315.dll" },
    .{ .name = "cp313t", .version = "3.13", .free_threaded = true, .dll = "python313t.dll" },
    .{ .name = "cp314t", .version = "3.14", .free_threaded = true, .dll = "python314t.dll" },
    .{ .name = "cp315t", .version = "3.15", .free_threaded = true, .dll = "python315t.dll" },
};

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
                    .triple = triple,
                    .resolved = resolve(b, triple, target.cpu),
                    .optimize = optimize,
                    .strip = strip,
                };
                add_example_cppy__tally(b, wheel);
            }
        }
    }
}

/// example_cppy._tally
fn add_example_cppy__tally(b: *std.Build, wheel: Wheel) void {
    const module = wheel.createModule(b, .{ .cxx = true });
    wheel.addPython(b, module);
    module.addIncludePath(b.path("zigbuild/headers/cppy"));
    module.addCSourceFiles(.{
        .files = &.{"src/example_cppy/_tally.cpp"},
        .flags = wheel.flags(b, &.{"-std=c++17"}),
        .language = .cpp,
    });
    wheel.install(b, wheel.hide(b, wheel.link(b, module, "example_cppy._tally")), "example_cppy._tally");
}

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

    /// Whether the wheel is for one of those named, in each respect that is given.
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
        const exports = "{ global: PyInit*; PyModExport_*; local: *; };\n";
        library.setVersionScript(b.addWriteFiles().add("exports.map", exports));
        return library;
    }

    fn install(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile, name: []const u8) void {
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
