"""The Zig that does not depend on the project: the methods of ``Wheel``, and functions that they call.

Each is in every build.zig that calls it. Methods of ``Wheel`` are indented as in its body.
"""

from __future__ import annotations

METHODS = {
    "createModule": """\
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
""",
    "addPython": """\
    /// Adds the API of CPython: its headers, the macros of the ABI, and on Windows the import library.
    fn addPython(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        for (wheel.pythonFolders(b)) |folder| module.addIncludePath(folder);
        for (wheel.python.macros) |macro| module.addCMacro(macro.name, macro.value);
        if (wheel.target.coff_machine) |machine| module.addObjectFile(wheel.importLibrary(b, machine));
    }
""",
    "flags": """\
    /// Returns the flags of a source: those of every source, then its own.
    fn flags(_: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        // No path of this machine gets into an object through __FILE__. Later zigs name sources relative to the root.
        const relative: []const []const u8 = if (@hasDecl(std.Build, "pathFromRoot"))
            &.{b.fmt("-ffile-prefix-map={s}=.", .{b.pathFromRoot(".")})}
        else
            &.{};
        return concat(b, concat(b, &common_flags, relative), own);
    }
""",
    "adopt": """\
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
""",
    "adoptFlags": """\
    /// Returns the flags of a package's source. Modules share a package: the first of them has added ours already.
    fn adoptFlags(wheel: Wheel, b: *std.Build, own: []const []const u8) []const []const u8 {
        return if (own.len > 0 and std.mem.eql(u8, own[0], common_flags[0])) own else wheel.flags(b, own);
    }
""",
    "addZig": """\
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
""",
    "translate": """\
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
""",
    "isFor": """\
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
""",
    "addRuntime": """\
    fn addRuntime(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        const source = wheel.target.runtime orelse return;
        module.addCSourceFile(.{ .file = b.path(source), .flags = wheel.flags(b, &.{}) });
    }
""",
    "link": """\
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
""",
    "hide": """\
    /// Hides all symbols of an extension module but its init function, on Linux, where weak ones of C++ would be seen.
    fn hide(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile) *std.Build.Step.Compile {
        if (wheel.resolved.result.os.tag != .linux) return library;
        const exports = "{ global: PyInit*; PyModExport_*; local: *; };\\n";
        library.setVersionScript(b.addWriteFiles().add("exports.map", exports));
        return library;
    }
""",
    "nameMusl": """\
    /// Gets musl's real name into a shared library as the end of RUNPATH, for NEEDED to use: zig links musl as libc.so.
    fn nameMusl(wheel: Wheel, b: *std.Build, module: *std.Build.Module) void {
        if (wheel.target.musl) |musl| module.addRPathSpecial(b.fmt("{s}.so.1", .{musl}));
    }
""",
    "makeShared": """\
    fn makeShared(wheel: Wheel, b: *std.Build, module: *std.Build.Module, name: []const u8) *std.Build.Step.Compile {
        wheel.addRuntime(b, module);
        const library = b.addLibrary(.{ .name = name, .linkage = .dynamic, .root_module = module });
        if (wheel.resolved.result.os.tag == .macos) library.install_name = b.fmt("@rpath/lib{s}.dylib", .{name});
        return library;
    }
""",
    "linkShared": """\
    /// Links a shared library that lies in `path`, relative to the folder of what links it. `linkLibrary` would also
    /// name the folder that the library is made in.
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
""",
    "installShared": """\
    fn installShared(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile, folder: []const u8) void {
        wheel.installAs(b, library, b.fmt("{s}/{s}", .{ folder, library.out_filename }));
    }
""",
    "install": """\
    fn install(wheel: Wheel, b: *std.Build, library: *std.Build.Step.Compile, name: []const u8) void {
        const path = replace(b, name, ".", "/");
        wheel.installAs(b, library, b.fmt("{s}{s}", .{ path, wheel.suffix(b) }));
    }
""",
    "installProgram": """\
    fn installProgram(wheel: Wheel, b: *std.Build, program: *std.Build.Step.Compile) void {
        wheel.installAs(b, program, b.fmt("zigbuild-scripts/{s}", .{program.out_filename}));
    }
""",
    "installAs": """\
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
""",
    "suffix": """\
    /// Returns the suffix by which the Python finds extension modules.
    fn suffix(wheel: Wheel, b: *std.Build) []const u8 {
        const python = wheel.python;
        const is_windows = wheel.resolved.result.os.tag == .windows;
        const older = wheel.target.platform_without_musl orelse wheel.target.platform;
        const platform = if (python.names_musl) wheel.target.platform else older;
        return replace(b, if (is_windows) python.windows_suffix else python.suffix, "{platform}", platform);
    }
""",
    "importLibrary": """\
    /// Makes the import library of the DLL that holds the Python's API, for a machine by its name in dlltool.
    fn importLibrary(wheel: Wheel, b: *std.Build, machine: []const u8) std.Build.LazyPath {
        const dlltool = b.addSystemCommand(&.{ b.graph.zig_exe, "dlltool", "-m", machine, "-D", wheel.python.dll });
        dlltool.addArg("-d");
        dlltool.addFileArg(b.path(b.fmt("zigbuild/exports/{s}.def", .{wheel.python.name})));
        dlltool.addArg("-l");
        return dlltool.addOutputFileArg(b.fmt("{s}.lib", .{wheel.python.name}));
    }
""",
}
"""The methods of ``Wheel`` by their names, in the order in which they stand in its body."""

FUNCTIONS = {
    "resolve": """\
fn resolve(b: *std.Build, triple: []const u8, cpu: []const u8) std.Build.ResolvedTarget {
    const query = std.Build.parseTargetQuery(.{ .arch_os_abi = triple, .cpu_features = cpu });
    return b.resolveTargetQuery(query catch @panic("bad target"));
}
""",
    "concat": """\
fn concat(b: *std.Build, list: []const []const u8, more: []const []const u8) []const []const u8 {
    return std.mem.concat(b.allocator, []const u8, &.{ list, more }) catch @panic("out of memory");
}
""",
    "replace": """\
fn replace(b: *std.Build, text: []const u8, needle: []const u8, replacement: []const u8) []const u8 {
    return std.mem.replaceOwned(u8, b.allocator, text, needle, replacement) catch @panic("out of memory");
}
""",
    "isChosen": """\
fn isChosen(chosen: ?[]const []const u8, id: []const u8) bool {
    for (chosen orelse return true) |name| {
        if (std.mem.eql(u8, name, id)) return true;
    }
    return false;
}
""",
}
"""The functions that stand by themselves, by their names."""
