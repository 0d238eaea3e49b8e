"""Writes what ``build.zig`` does with headers of other packages, and with sources that are generated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.frozen import dataclass
from ..settings.product_tables import Inputs
from ..zig.support_folders import GENERATED, HEADERS
from .graph import Graph
from .zig_words import quote, quote_list

_KEYS = {"target": "wheel.triple", "wheel": "wheel.id"}
"""What names the folder in there."""


@dataclass(frozen=True)
class _Binding:
    """What a package of headers wants to be compiled beside them: sources in its folder, and their flags.

    ``free_threaded`` is the macro that it wants everywhere where there is no GIL.
    """

    sources: tuple[str, ...]
    flags: tuple[str, ...]
    free_threaded: str


_BINDINGS = {
    "nanobind": _Binding(
        ("src/nb_combined.cpp",),
        (
            *("-std=c++17", "-fno-strict-aliasing", "-ffunction-sections", "-fdata-sections"),
            *("-DNB_BUILD", "-DNDEBUG", "-DNB_COMPACT_ASSERTIONS"),
            "-includecstdio",  # its sources rely on Python.h for it, where the limited API has none
        ),
        "NB_FREE_THREADED",
    )
}

_MACROS = {"pybind11": "PYBIND11_EXPORT_EXCEPTION"}
"""Macros by which headers would show more of a module than its init function, unless they stand for nothing."""


def has_bindings(graph: Graph) -> bool:
    """Whether a package that the project takes headers from is compiled with it."""
    return not _BINDINGS.keys().isdisjoint(graph.products.headers_from)


def render_bindings(graph: Graph) -> list[str]:
    """The functions that compile those packages."""
    return [_render_binding(name, _BINDINGS[name]) for name in graph.products.headers_from if name in _BINDINGS]


def _render_binding(name: str, binding: _Binding) -> str:
    sources = quote_list([f"{HEADERS}/{name}/{source}" for source in binding.sources], "        ")
    return f"""\
/// What {name} wants to be compiled with modules, once for each wheel.
fn compile_{name}(b: *std.Build, wheel: Wheel) *std.Build.Step.Compile {{
    const key = b.fmt("{name} for {{s}}", .{{wheel.id}});
    if (wheel.shared.get(key)) |made| return made;
    const module = wheel.createModule(b, .{{ .cxx = true }});
    wheel.addPython(b, module);
    module.addIncludePath(b.path({quote(f"{HEADERS}/{name}")}));
    {_render_macro(binding)}
    module.addCSourceFiles(.{{
        .files = {sources},
        .flags = wheel.flags(b, {quote_list(binding.flags, "        ")}),
        .language = .cpp,
    }});
    const library = b.addLibrary(.{{ .name = {quote(name)}, .linkage = .static, .root_module = module }});
    wheel.shared.put(b.allocator, key, library) catch @panic("out of memory");
    return library;
}}
"""


def _render_macro(binding: _Binding) -> str:
    return f'if (wheel.python.free_threaded) module.addCMacro({quote(binding.free_threaded)}, "1");'


def render_folders(graph: Graph, table: Inputs) -> list[str]:
    """Statements for the folders of headers that *table* names, and for those where some are generated."""
    folders = [quote(folder) for folder in table.include_dirs]
    lines = [f"module.addIncludePath(b.path({folder}));" for folder in folders]
    for folder in table.include_dirs:
        prefix = "" if folder == "." else f"{folder.rstrip('/')}/"
        found = {per for path, per in list_generated(graph).items() if path.startswith(prefix)}
        for per in sorted(found):
            lines.append(f"module.addIncludePath({_render_place(per, f'/{prefix}'.rstrip('/'))});")
    for name in table.headers_from:
        lines.append(f"module.addIncludePath(b.path({quote(f'{HEADERS}/{name}')}));")
        if name in _MACROS:
            lines.append(f'module.addCMacro({quote(_MACROS[name])}, "");')
        if name in _BINDINGS:
            lines.append(_render_macro(_BINDINGS[name]))
            lines.append(f"module.linkLibrary(compile_{name}(b, wheel));")
    return lines


def split_sources(graph: Graph, files: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """*files* by the folder that they are in: an expression for it, empty for that of the project, and the files."""
    generated = list_generated(graph)
    for per in ("", *_KEYS):
        if chosen := [path for path in files if generated.get(path, "") == per]:
            yield (_render_place(per, "") if per else ""), chosen


def list_generated(graph: Graph) -> dict[str, str]:
    """Path → ``target`` or ``wheel``, for what is generated for each of them."""
    return {
        output: generation.settings.per
        for generation in graph.project.generations
        if generation.settings.per != "project"
        for output in generation.outputs
    }


def _render_place(per: str, folder: str) -> str:
    """The expression for a folder of what is generated."""
    escaped = folder.replace("{", "{{").replace("}", "}}")
    return f"b.path(b.fmt({quote(f'{GENERATED}/{{s}}{escaped}')}, .{{{_KEYS[per]}}}))"
