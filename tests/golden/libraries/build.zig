//! The extension modules and programs of spam, for every platform and Python.
//!
//!     zig build --release=fast cp313-manylinux_2_17_x86_64     the modules and programs of one wheel, into zig-out
//!     zig build --release=fast -Dwheel=ID -Dwheel=ID           those of several
//!     zig build --release=fast                                 those of all
//!
//! Written by zigbuild-backend from [tool.zigbuild] in pyproject.toml.

const std = @import("std");

const targets = [_]Target{
    .{ .tag = "manylinux_2_17_x86_64", .triples = &.{"x86_64-linux-gnu.2.17"}, .platform = "x86_64-linux-gnu" },
    .{ .tag = "manylinux_2_17_i686", .triples = &.{"x86-linux-gnu.2.17"}, .platform = "i386-linux-gnu" },
    .{ .tag = "manylinux_2_17_aarch64", .triples = &.{"aarch64-linux-gnu.2.17"}, .platform = "aarch64-linux-gnu" },
    .{ .tag = "manylinux_2_17_armv7l", .triples = &.{"arm-linux-gnueabihf.2.17"}, .cpu = "baseline-neon-d32", .platform = "arm-linux-gnueabihf" },
    .{ .tag = "manylinux_2_17_ppc64le", .triples = &.{"powerpc64le-linux-gnu.2.19"}, .platform = "powerpc64le-linux-gnu" },
    .{ .tag = "manylinux_2_17_s390x", .triples = &.{"s390x-linux-gnu.2.17"}, .platform = "s390x-linux-gnu" },
    .{ .tag = "manylinux_2_31_riscv64", .triples = &.{"riscv64-linux-gnu.2.31"}, .platform = "riscv64-linux-gnu" },
    .{ .tag = "manylinux_2_36_loongarch64", .triples = &.{"loongarch64-linux-gnu.2.36"}, .platform = "loongarch64-linux-gnu" },
    .{ .tag = "musllinux_1_2_x86_64", .triples = &.{"x86_64-linux-musl"}, .platform = "x86_64-linux-musl", .platform_without_musl = "x86_64-linux-gnu", .musl = "libc.musl-x86_64" },
    .{ .tag = "musllinux_1_2_i686", .triples = &.{"x86-linux-musl"}, .platform = "i386-linux-musl", .platform_without_musl = "i386-linux-gnu", .musl = "libc.musl-x86" },
    .{ .tag = "musllinux_1_2_aarch64", .triples = &.{"aarch64-linux-musl"}, .platform = "aarch64-linux-musl", .platform_without_musl = "aarch64-linux-gnu", .musl = "libc.musl-aarch64" },
    .{ .tag = "musllinux_1_2_armv7l", .triples = &.{"arm-linux-musleabihf"}, .cpu = "baseline-neon-d32", .platform = "arm-linux-musleabihf", .platform_without_musl = "arm-linux-gnueabihf", .musl = "libc.musl-armv7" },
    .{ .tag = "musllinux_1_2_ppc64le", .triples = &.{"powerpc64le-linux-musl"}, .platform = "powerpc64le-linux-musl", .platform_without_musl = "powerpc64le-linux-gnu", .musl = "libc.musl-ppc64le" },
    .{ .tag = "musllinux_1_2_s390x", .triples = &.{"s390x-linux-musl"}, .platform = "s390x-linux-musl", .platform_without_musl = "s390x-linux-gnu", .musl = "libc.musl-s390x" },
    .{ .tag = "musllinux_1_2_riscv64", .triples = &.{"riscv64-linux-musl"}, .platform = "riscv64-linux-musl", .platform_without_musl = "riscv64-linux-gnu", .musl = "libc.musl-riscv64" },
    .{ .tag = "musllinux_1_2_loongarch64", .triples = &.{"loongarch64-linux-musl"}, .platform = "loongarch64-linux-musl", .platform_without_musl = "loongarch64-linux-gnu", .musl = "libc.musl-loongarch64" },
    .{ .tag = "macosx_10_13_x86_64", .triples = &.{"x86_64-macos.10.13"}, .platform = "darwin" },
    .{ .tag = "macosx_11_0_arm64", .triples = &.{"aarch64-macos.11.0"}, .platform = "darwin" },
    .{ .tag = "macosx_10_13_universal2", .triples = &.{ "x86_64-macos.10.13", "aarch64-macos.11.0" }, .platform = "darwin" },
    .{ .tag = "win32", .triples = &.{"x86-windows-gnu"}, .system = "windows", .platform = "win32", .coff_machine = "i386" },
    .{ .tag = "win_amd64", .triples = &.{"x86_64-windows-gnu"}, .system = "windows", .platform = "win_amd64", .coff_machine = "i386:x86-64", .runtime = "zigbuild/runtime/x86_64-windows.s" },
    .{ .tag = "win_arm64", .triples = &.{"aarch64-windows-gnu"}, .system = "windows", .platform = "win_arm64", .coff_machine = "arm64" },
};

const pythons = [_]Python{
    .{ .name = "cp39", .version = "3.9", .suffix = ".cpython-39-{platform}.so", .windows_suffix = ".cp39-{platform}.pyd", .names_musl = false, .dll = "python39.dll" },
    .{ .name = "cp310", .version = "3.10", .suffix = ".cpython-310-{platform}.so", .windows_suffix = ".cp310-{platform}.pyd", .names_musl = false, .dll = "python310.dll" },
    .{ .name = "cp311", .version = "3.11", .suffix = ".cpython-311-{platform}.so", .windows_suffix = ".cp311-{platform}.pyd", .dll = "python311.dll" },
    .{ .name = "cp312", .version = "3.12", .suffix = ".cpython-312-{platform}.so", .windows_suffix = ".cp312-{platform}.pyd", .dll = "python312.dll" },
    .{ .name = "cp313", .version = "3.13", .suffix = ".cpython-313-{platform}.so", .windows_suffix = ".cp313-{platform}.pyd", .dll = "python313.dll" },
    .{ .name = "cp314", .version = "3.14", .suffix = ".cpython-314-{platform}.so", .windows_suffix = ".cp314-{platform}.pyd", .dll = "python314.dll" },
    .{ .name = "cp315", .version = "3.15", .suffix = ".cpython-315-{platform}.so", .windows_suffix = ".cp315-{platform}.pyd", .dll = "python315.dll" },
    .{ .name = "cp313t", .version = "3.13", .free_threaded = true, .suffix = ".cpython-313t-{platform}.so", .windows_suffix = ".cp313t-{platform}.pyd", .macros = &.{.{ .name = "Py_GIL_DISABLED", .value = "1" }}, .dll = "python313t.dll" },
    .{ .name = "cp314t", .version = "3.14", .free_threaded = true, .suffix = ".cpython-314t-{platform}.so", .windows_suffix = ".cp314t-{platform}.pyd", .macros = &.{.{ .name = "Py_GIL_DISABLED", .value = "1" }}, .dll = "python314t.dll" },
    .{ .name = "cp315t", .version = "3.15", .free_threaded = true, .suffix = ".cpython-315t-{platform}.so", .windows_suffix = ".cp315t-{platform}.pyd", .macros = &.{.{ .name = "Py_GIL_DISABLED", .value = "1" }}, .dll = "python315t.dll" },
};

/// The flags of every source that clang compiles.
const common_flags = [_][]const u8{"-fvisibility=hidden"};

pub fn build(b: *std.Build) void {
    const optimize = b.standardOptimizeOption(.{});
    const strip = b.option(bool, "strip", "Leave out debug information (default: true)") orelse true;
    const chosen = b.option([]const []const u8, "wheel", "The identifier of a wheel to build (default: all)");
    var libraries: std.StringHashMapUnmanaged(*std.Build.Step.Compile) = .empty;
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
                    .libraries = &libraries,
                };
                add_spam__codec(b, wheel);
                add_spam__open(b, wheel);
                add_program_spam_sum(b, wheel);
            }
        }
    }
}

/// spam._codec
fn add_spam__codec(b: *std.Build, wheel: Wheel) void {
    const module = wheel.createModule(b, .{});
    wheel.addPython(b, module);
    module.addCSourceFiles(.{
        .files = &.{"spam/codec.c"},
        .flags = wheel.flags(b, &.{}),
        .language = .c,
    });
    link_checksum(b, wheel, module);
    link_zlib(b, wheel, module);
    const zig = wheel.addZig(b, module, "spam/codec.zig");
    zig.addImport("codec", wheel.translate(b, "spam/codec.h", &.{}, &.{}));
    const library = wheel.link(b, module, "spam._codec");
    library.link_z_lazy = false;
    wheel.install(b, wheel.hide(b, library), "spam._codec");
}

/// spam._open
fn add_spam__open(b: *std.Build, wheel: Wheel) void {
    if (wheel.isFor(.{ .os = &.{.windows} })) return;
    const on_1 = wheel.isFor(.{ .python = &.{ "cp314", "cp315", "cp314t", "cp315t" } }) or wheel.isFor(.{ .arch = &.{ .x86_64, .aarch64 }, .python = &.{ "cp313t", "cp314t", "cp315t" } });
    const on_macos = wheel.isFor(.{ .os = &.{.macos} });
    const module = wheel.createModule(b, .{ .cxx = true });
    wheel.addPython(b, module);
    module.addIncludePath(b.path("zigbuild/headers/pybind11"));
    module.addCMacro("PYBIND11_EXPORT_EXCEPTION", "");
    var cpp_flags = wheel.flags(b, &.{"-fvisibility=default"});
    if (on_1) cpp_flags = concat(b, cpp_flags, &.{"-DSPAM_ATOMIC=1"});
    module.addCSourceFiles(.{
        .files = &.{"spam/open.cpp"},
        .flags = cpp_flags,
        .language = .cpp,
    });
    var objective_c_flags = wheel.flags(b, &.{"-fvisibility=default"});
    if (on_1) objective_c_flags = concat(b, objective_c_flags, &.{"-DSPAM_ATOMIC=1"});
    if (on_macos) module.addCSourceFiles(.{
        .files = &.{"spam/keychain.m"},
        .flags = objective_c_flags,
        .language = .objective_c,
    });
    link_checksum(b, wheel, module);
    if (on_macos) {
        module.addSystemFrameworkPath(b.path("zigbuild/sdk/System/Library/Frameworks"));
        module.addSystemIncludePath(b.path("zigbuild/sdk/usr/include"));
        module.addLibraryPath(b.path("zigbuild/sdk/usr/lib"));
        module.linkFramework("Security", .{});
    }
    const library = wheel.link(b, module, "spam._open");
    if (on_macos) library.headerpad_max_install_names = true;
    wheel.install(b, library, "spam._open");
}

/// The program spam-sum.
fn add_program_spam_sum(b: *std.Build, wheel: Wheel) void {
    const module = wheel.createModule(b, .{});
    module.addCSourceFiles(.{
        .files = &.{"tools/sum.c"},
        .flags = wheel.flags(b, &.{}),
        .language = .c,
    });
    link_checksum(b, wheel, module);
    wheel.addRuntime(b, module);
    const program = b.addExecutable(.{ .name = "spam-sum", .root_module = module });
    wheel.installProgram(b, program);
}

/// Links checksum into a module, with its headers.
fn link_checksum(b: *std.Build, wheel: Wheel, module: *std.Build.Module) void {
    module.addIncludePath(b.path("vendor/checksum"));
    const config = b.addConfigHeader(.{ .style = .{ .autoconf_undef = b.path("vendor/checksum/config.h.in") }, .include_path = "config.h" }, .{
        .HAVE_UNISTD_H = 1,
        .PACKAGE = .@"\"checksum\"",
        .SIZE = 8,
        .BROKEN = null,
    });
    module.addConfigHeader(config);
    module.linkLibrary(make_checksum(b, wheel));
}

/// Compiles checksum, once for each platform.
fn make_checksum(b: *std.Build, wheel: Wheel) *std.Build.Step.Compile {
    const on_x86_64 = wheel.isFor(.{ .arch = &.{.x86_64} });
    const key = b.fmt("{s} {s}", .{ "checksum", wheel.triple });
    if (wheel.libraries.get(key)) |library| return library;
    const module = wheel.createModule(b, .{});
    module.addIncludePath(b.path("vendor/checksum"));
    const config = b.addConfigHeader(.{ .style = .{ .autoconf_undef = b.path("vendor/checksum/config.h.in") }, .include_path = "config.h" }, .{
        .HAVE_UNISTD_H = 1,
        .PACKAGE = .@"\"checksum\"",
        .SIZE = 8,
        .BROKEN = null,
    });
    module.addConfigHeader(config);
    var c_flags = wheel.flags(b, &.{});
    if (on_x86_64) c_flags = concat(b, c_flags, &.{"-DHAVE_FAST=1"});
    module.addCSourceFiles(.{
        .files = &.{"vendor/checksum/checksum.c"},
        .flags = c_flags,
        .language = .c,
    });
    var assembly_with_preprocessor_flags = wheel.flags(b, &.{});
    if (on_x86_64) {
        assembly_with_preprocessor_flags = concat(b, assembly_with_preprocessor_flags, &.{"-DHAVE_FAST=1"});
        module.addCSourceFiles(.{
            .files = &.{"vendor/checksum/fast/x86_64.S"},
            .flags = assembly_with_preprocessor_flags,
            .language = .assembly_with_preprocessor,
        });
    }
    const library = b.addLibrary(.{ .name = "checksum", .linkage = .static, .root_module = module });
    wheel.libraries.put(b.allocator, key, library) catch @panic("out of memory");
    return library;
}

/// Links the Zig package zlib into a module.
fn link_zlib(b: *std.Build, wheel: Wheel, module: *std.Build.Module) void {
    const package = b.dependency("zlib", .{ .target = wheel.resolved, .optimize = wheel.optimize, .shared = false, .level = 9 });
    const library = package.artifact("z");
    wheel.adopt(library);
    module.linkLibrary(library);
}

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

const Macro = struct { name: []const u8, value: []const u8 };

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
    /// The libraries that are made already, by name and platform.
    libraries: *std.StringHashMapUnmanaged(*std.Build.Step.Compile),

    /// Returns the folders of CPython's headers. The first has pyconfig.h, which depends on the target's system.
    fn pythonFolders(wheel: Wheel, b: *std.Build) [2]std.Build.LazyPath {
        return .{
            b.path(b.fmt("zigbuild/pyconfig/{s}", .{wheel.target.system})),
            b.path(b.fmt("zigbuild/include/{s}", .{wheel.python.version})),
        };
    }

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

    /// Adds the API of CPython: its headers, the macros of the ABI, and on Windows the import library.
    fn addPython(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        for (wheel.pythonFolders(b)) |folder| module.addIncludePath(folder);
        for (wheel.python.macros) |macro| module.addCMacro(macro.name, macro.value);
        if (wheel.target.coff_machine) |machine| module.addObjectFile(wheel.importLibrary(b, machine));
    }

    /// Returns the flags of a source: those of every source, then its own.
    fn flags(_: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        // No path of this machine gets into an object through __FILE__. Later zigs name sources relative to the root.
        const relative: []const []const u8 = if (@hasDecl(std.Build, "pathFromRoot"))
            &.{b.fmt("-ffile-prefix-map={s}=.", .{b.pathFromRoot(".")})}
        else
            &.{};
        return concat(b, concat(b, &common_flags, relative), own);
    }

    /// Makes the objects of a package fit for a module: position-independent, and hidden from all but the module.
    fn adopt(wheel: Wheel, library: *std.Build.Step.Compile) void {
        library.root_module.pic = true;
        for (library.root_module.link_objects.items) |object| switch (object) {
            .c_source_file => |file| file.flags = wheel.adoptFlags(library.step.owner, file.flags),
            .c_source_files => |files| files.flags = wheel.adoptFlags(library.step.owner, files.flags),
            .other_step => |other| wheel.adopt(other),
            else => {},
        };
    }

    /// Returns the flags of a package's source. Modules share a package: the first of them has added ours already.
    fn adoptFlags(wheel: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        return if (own.len > 0 and std.mem.eql(u8, own[0], common_flags[0])) own else wheel.flags(b, own);
    }

    /// Adds Zig sources to a module by their root file, and returns them. They are an object of their own: of a library
    /// in Zig, zig replaces the C runtime's start on Windows.
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

    /// Returns the declarations of a header of C as a module of Zig.
    fn translate(
        wheel: Wheel,
        b: *std.Build,
        header: []const u8,
        folders: []const []const u8,
        macros: []const []const u8,
    ) *std.Build.Module {
        const translated = b.addTranslateC(.{
            .root_source_file = b.path(header),
            .target = wheel.resolved,
            // The first mode is that for debugging. In others, headers can show checked variants that zig gets wrong.
            .optimize = std.enums.values(std.builtin.OptimizeMode)[0],
        });
        translated.addIncludePath(wheel.pythonFolders(b)[0]);
        translated.addIncludePath(b.path(b.fmt("zigbuild/zig/{s}", .{wheel.python.version})));
        for (folders) |folder| translated.addIncludePath(b.path(folder));
        for (macros) |macro| translated.defineCMacroRaw(macro);
        // Headers of the system ask for these macros of the machine, which not every zig defines when it translates.
        switch (wheel.resolved.result.cpu.arch) {
            .riscv64 => translated.defineCMacro("__riscv_float_abi_double", "1"),
            .x86 => if (wheel.resolved.result.os.tag == .windows) translated.defineCMacro("_X86_", "1"),
            else => {},
        }
        for (wheel.python.macros) |macro| translated.defineCMacro(macro.name, macro.value);
        return translated.createModule();
    }

    /// Returns whether the wheel is for one of those named, in each respect that is given.
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

    fn addRuntime(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        const source = wheel.target.runtime orelse return;
        module.addCSourceFile(.{ .file = b.path(source), .flags = wheel.flags(b, &.{}) });
    }

    /// Returns the shared object of an extension module, by its dotted name.
    fn link(wheel: Wheel, b: *std.Build, module: *std.Build.Module, name: []const u8) *std.Build.Step.Compile {
        wheel.addRuntime(b, module);
        const stem = name[if (std.mem.lastIndexOfScalar(u8, name, '.')) |dot| dot + 1 else 0..];
        const library = b.addLibrary(.{
            // zig links musl as libc.so. The real name gets into the file as the end of the SONAME, for NEEDED to use.
            .name = if (wheel.target.musl) |musl| b.fmt("{s}.{s}", .{ stem, musl }) else stem,
            .version = if (wheel.target.musl != null) .{ .major = 1, .minor = 0, .patch = 0 } else null,
            .linkage = .dynamic,
            .root_module = module,
        });
        const os = wheel.resolved.result.os.tag;
        // Symbols of CPython are found when the module is loaded; on Windows they are in the import library.
        if (os != .windows) library.linker_allow_shlib_undefined = true;
        if (os == .macos) library.install_name = b.fmt("@rpath/{s}", .{stem});
        return library;
    }

    /// Hides all symbols of an extension module but its init function, on Linux, where weak ones of C++ would be seen.
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

    /// Returns the suffix by which the Python finds extension modules.
    fn suffix(wheel: Wheel, b: *std.Build) []const u8 {
        const python = wheel.python;
        const is_windows = wheel.resolved.result.os.tag == .windows;
        const older = wheel.target.platform_without_musl orelse wheel.target.platform;
        const platform = if (python.names_musl) wheel.target.platform else older;
        return replace(b, if (is_windows) python.windows_suffix else python.suffix, "{platform}", platform);
    }

    /// Makes the import library of the DLL that holds the Python's API, for a machine by its name in dlltool.
    fn importLibrary(wheel: Wheel, b: *std.Build, machine: []const u8) std.Build.LazyPath {
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
