"""Renders build.zig: the whole matrix of a project as one graph, as a person who knows Zig would write it.

The text depends on the project alone, never on which wheels are asked for: those are named when it is run, so that a
project's build configuration is compiled once. It is accepted by every zig of :data:`.pins.SUPPORTED_ZIGS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import indent

from ..base.pythons import ANY_PYTHON, PYTHONS, Python
from ..base.targets import TARGETS, Target, select_targets
from .build_zig_products import describe_products
from .build_zig_statements import render_folder
from .build_zig_tables import MACRO_TYPE, PYTHON_TYPE, TARGET_TYPE, render_pythons, render_targets
from .build_zig_wheel import FUNCTIONS, METHODS
from .compiler_arguments import COMMON_FLAGS, PYTHON_FOLDERS
from .graph import Graph
from .package_bindings import BINDINGS
from .zig_functions import INDENT, render_function, select_called
from .zig_words import quote

_BUILD_OPTIONS = """\
pub fn build(b: *std.Build) void {
    const optimize = b.standardOptimizeOption(.{});
    const strip = b.option(bool, "strip", "Leave out debug information (default: true)") orelse true;
    const chosen = b.option([]const []const u8, "wheel", "The identifier of a wheel to build (default: all)");
"""

_BUILD_LOOP = """\
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
"""

_WHEEL_FIELDS = """\
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
"""


def render(graph: Graph, *, pythons: Iterable[Python] = (), extra_targets: Iterable[Target] = ()) -> str:
    """Return the text of ``build.zig``, with rows for all targets and Pythons that the project can have.

    *pythons* are the rows of a graph that knows fewer; *extra_targets* adds targets above the lowest versions, which
    neither the table nor the project names.
    """
    targets = dict.fromkeys((*TARGETS, *select_targets(graph.project.settings.targets), *extra_targets))
    abis = tuple(pythons) or _list_pythons(graph)
    described = describe_products(graph)
    has_libraries = bool(graph.products.libraries) or not BINDINGS.keys().isdisjoint(graph.products.headers_from)
    build = _render_build(described.calls, has_libraries)
    functions = [render_function(function, abis) for function in described.functions]
    methods = {"pythonFolders": _render_python_folders(), **METHODS}
    called = select_called("\n".join([build, *functions]), methods | FUNCTIONS)
    flags = ", ".join(map(quote, COMMON_FLAGS))
    parts = [
        _render_introduction(graph),
        'const std = @import("std");\n',
        render_targets(targets),
        render_pythons(abis),
        f"/// The flags of every source that clang compiles.\nconst common_flags = [_][]const u8{{{flags}}};\n",
        build,
        *functions,
        TARGET_TYPE,
        PYTHON_TYPE,
        MACRO_TYPE,
        _render_wheel([method for method in called if method in methods.values()], has_libraries),
        *(function for function in called if function in FUNCTIONS.values()),
    ]
    return "\n".join(parts)


def _list_pythons(graph: Graph) -> tuple[Python, ...]:
    """Return the Pythons that wheels of *graph* can be for."""
    if not graph.products.modules:
        return (ANY_PYTHON,)
    # Where modules are for some targets only, a wheel for another target has programs and shared libraries alone.
    has_others = graph.products.programs or graph.products.shared
    others = (ANY_PYTHON,) if has_others and all(m.settings.when for m in graph.products.modules) else ()
    return (*PYTHONS, *graph.project.stable_abis, *others)


def _render_introduction(graph: Graph) -> str:
    modules = graph.products.modules
    kinds = {"modules": modules, "libraries": graph.products.shared, "programs": graph.products.programs}
    products = " and ".join(kind for kind, members in kinds.items() if members)
    wheel = f"{'cp313' if modules else 'py3'}-manylinux_2_17_x86_64"
    commands = {
        wheel: f"the {products} of one wheel, into zig-out",
        "-Dwheel=ID -Dwheel=ID": "those of several",
        "": "those of all",
    }
    return (
        f"//! The {'extension ' * bool(modules)}{products} of {graph.project.metadata.name}, "
        "for every platform and Python.\n//!\n"
        + "".join(f"//!     {f'zig build --release=fast {said}':56} {result}\n" for said, result in commands.items())
        + "//!\n//! Written by zigbuild-backend from [tool.zigbuild] in pyproject.toml.\n"
    )


def _render_build(calls: Sequence[str], has_libraries: bool) -> str:
    """Return the function ``build``, which has a step for each wheel."""
    libraries = "    var libraries: std.StringHashMapUnmanaged(*std.Build.Step.Compile) = .empty;\n"
    reference = "                    .libraries = &libraries,\n"
    return "".join(
        [
            _BUILD_OPTIONS,
            libraries if has_libraries else "",
            _BUILD_LOOP,
            reference if has_libraries else "",
            "                };\n",
            *(f"                {call}\n" for call in calls),
            "            }\n        }\n    }\n}\n",
        ]
    )


def _render_wheel(methods: Sequence[str], has_libraries: bool) -> str:
    """Return the type ``Wheel`` with its *methods*."""
    libraries = (
        "    /// The libraries that are made already, by name and platform.\n"
        "    libraries: *std.StringHashMapUnmanaged(*std.Build.Step.Compile),\n"
    )
    return f"{_WHEEL_FIELDS}{libraries if has_libraries else ''}\n{chr(10).join(methods)}}};\n"


def _render_python_folders() -> str:
    """Return the method of ``Wheel`` that lists the folders of CPython's headers."""
    lines = [
        "/// Returns the folders of CPython's headers. The first has pyconfig.h, which depends on the target's system.",
        f"fn pythonFolders(wheel: Wheel, b: *std.Build) [{len(PYTHON_FOLDERS)}]std.Build.LazyPath {{",
        "    return .{",
        *(f"        {render_folder(folder)}," for folder in PYTHON_FOLDERS),
        "    };",
        "}",
    ]
    return indent("\n".join(lines), INDENT) + "\n"
