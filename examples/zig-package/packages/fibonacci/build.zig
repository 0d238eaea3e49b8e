const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const limit = b.option(u32, "limit", "The highest index (default: 47)") orelse 47;

    const module = b.createModule(.{ .target = target, .optimize = optimize, .link_libc = true });
    module.addCSourceFile(.{
        .file = b.path("fibonacci.c"),
        .flags = &.{b.fmt("-DFIBONACCI_LIMIT={d}", .{limit})},
    });
    const library = b.addLibrary(.{ .name = "fibonacci", .linkage = .static, .root_module = module });
    library.installHeader(b.path("fibonacci.h"), "fibonacci.h");
    b.installArtifact(library);
}
