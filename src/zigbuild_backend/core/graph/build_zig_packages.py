"""Renders the functions of build.zig that compile packages: Zig's, and those of headers that bring sources."""

from __future__ import annotations

from ..settings.product_tables import Dependency
from ..zig.support_folders import HEADERS
from .build_zig_statements import render_macro
from .compiler_arguments import Macro
from .package_bindings import Binding
from .zig_functions import Block, Function, render_call
from .zig_words import field_name, pad_list, quote, quote_list, render_scalar


def describe_dependency(dependency: Dependency, name: str) -> Function:
    """Return the function, with a *name*, that links a Zig package."""
    options = [".target = wheel.resolved", ".optimize = wheel.optimize"]
    options += [f".{field_name(key)} = {render_scalar(value)}" for key, value in dependency.options]
    statements = (
        f"const package = b.dependency({quote(dependency.name)}, .{{{pad_list(options)}}});",
        f"const library = package.artifact({quote(dependency.artifact or dependency.name)});",
        "wheel.adopt(library);",
        "module.linkLibrary(library);",
    )
    comment = f"Links the Zig package {dependency.name} into a module."
    return Function(name, comment, [Block(statements)], parameters=", module: *std.Build.Module")


def describe_binding(package: str, binding: Binding) -> Function:
    """Return the function that compiles the sources of a *package* of headers."""
    fields = [
        f".files = {quote_list([f'{HEADERS}/{package}/{source}' for source in binding.sources])}",
        f".flags = wheel.flags(b, {quote_list(binding.flags)})",
        ".language = .cpp",
    ]
    statements = (
        f'const key = b.fmt("{package} {{s}}", .{{wheel.id}});',
        "if (wheel.libraries.get(key)) |library| return library;",
        "const module = wheel.createModule(b, .{ .cxx = true });",
        "wheel.addPython(b, module);",
        f"module.addIncludePath(b.path({quote(f'{HEADERS}/{package}')}));",
        render_macro(Macro(binding.free_threaded_macro, "1", needs_free_threading=True)),
        render_call("module.addCSourceFiles", fields),
        f"const library = b.addLibrary(.{{ .name = {quote(package)}, .linkage = .static, .root_module = module }});",
        'wheel.libraries.put(b.allocator, key, library) catch @panic("out of memory");',
        "return library;",
    )
    comment = f"Compiles the sources of {package}, once for each wheel."
    return Function(f"compile_{package}", comment, [Block(statements)], result="*std.Build.Step.Compile")
