const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const strip = b.option(bool, "strip", "Leave out debug information") orelse false;
    const include = b.option([]const []const u8, "python-include", "The folders of CPython's headers") orelse &.{};
    const free_threaded = b.option(bool, "free-threaded", "For CPython without the GIL") orelse false;
    const import_library = b.option([]const u8, "import-library", "What a module is linked with on Windows");

    const module = b.createModule(.{
        .target = target,
        .optimize = optimize,
        .strip = strip,
        .link_libc = true,
        .sanitize_c = .off,
    });
    module.addCSourceFile(.{
        .file = b.path("src/example_build_file/_divisor.c"),
        .flags = &.{ "-std=c11", "-fvisibility=hidden" },
    });
    for (include) |folder| module.addIncludePath(b.path(folder));
    if (free_threaded) module.addCMacro("Py_GIL_DISABLED", "1");
    if (import_library) |path| module.addObjectFile(b.path(path));

    const library = b.addLibrary(.{ .name = "_divisor", .linkage = .dynamic, .root_module = module });
    library.linker_allow_shlib_undefined = target.result.os.tag != .windows;
    b.installArtifact(library);
}
