"""Renders the statements of build.zig that compile and link the parts of a product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import relpath

from ..project.products import LANGUAGES, LibraryProduct, Module, Part, Product
from ..settings.fields import Scalar, Values
from ..settings.product_tables import ConfigHeader, Inputs
from ..zig.support_folders import GENERATED, SDK, SDK_FOLDERS
from .compiler_arguments import IncludeFolder, Macro, PartArguments, describe_arguments, list_generated
from .graph import Graph
from .package_bindings import BINDINGS
from .zig_functions import Block, render_call
from .zig_words import field_name, pad_list, quote, quote_list

_NAMES = {
    "system": "wheel.target.system",
    "version": "wheel.python.version",
    "target": "wheel.triple",
    "wheel": "wheel.id",
}
"""The expressions for the names of folders that differ between wheels, by :attr:`.IncludeFolder.per`."""


def render_compilation(graph: Graph, product: Product, functions: dict[tuple[str, str], str]) -> list[Block]:
    """Return the blocks that compile *product* and link its libraries; *functions* are named as in ``build_zig``."""
    arguments = describe_arguments(graph, product)
    blocks = [Block(render_headers(arguments[0], product.parts[0]))]
    blocks += render_config_headers(product)
    for language in LANGUAGES:
        blocks += _render_sources(graph, product, arguments, language)
    blocks.append(Block(_render_links(graph, product, product.parts[0], functions)))
    for part, own in zip(product.parts[1:], arguments[1:], strict=True):
        links = _render_links(graph, product, part, functions)
        blocks.append(Block((*render_headers(own, part), *links), part.when))
    return blocks


def render_headers(arguments: PartArguments, part: Part) -> tuple[str, ...]:
    """Return the statements that make the headers of one part known to ``module``, and link what these need."""
    bindings = (name for name in part.table.headers_from if name in BINDINGS)
    return (
        *(f"module.addIncludePath({render_folder(folder)});" for folder in arguments.folders),
        *map(render_macro, arguments.macros),
        *(f"module.linkLibrary(compile_{name}(b, wheel));" for name in bindings),
    )


def render_folder(folder: IncludeFolder) -> str:
    """Return the expression for the path of *folder*."""
    if not folder.per:
        return f"b.path({quote(folder.start)})"
    start, end = (text.replace("{", "{{").replace("}", "}}") for text in (folder.start, folder.end))
    return f"b.path(b.fmt({quote(f'{start}/{{s}}{end}')}, .{{{_NAMES[folder.per]}}}))"


def render_macro(macro: Macro) -> str:
    """Return the statement that defines *macro* for ``module``."""
    condition = "if (wheel.python.free_threaded) " if macro.needs_free_threading else ""
    return f"{condition}module.addCMacro({quote(macro.name)}, {quote(macro.value)});"


def render_config_headers(product: Product) -> Iterator[Block]:
    """Yield the blocks that write the headers of facts about the target, and make them known to ``module``."""
    for number, header in enumerate(product.settings.config_header, 1):
        name = f"config_{number}" if number > 1 else "config"
        yield Block((_render_config_header(header, name),))
        for addition in header.on:
            if addition.values:
                values = pad_list(_render_values(addition.values, header.style))
                yield Block((f"{name}.addValues(.{{{values}}});",), addition.when)
        yield Block((f"module.addConfigHeader({name});",))


def render_link_flags(table: Inputs, artifact: str) -> Iterator[str]:
    """Yield statements for the flags of linkers that :func:`.settings.rules.link_flag` admits.

    *artifact* is the variable of what is linked, ``library`` or ``program``.
    """
    for flag in table.link_flags:
        _, kind, *values = flag.split(",")
        if kind == "-rpath":
            yield f"module.addRPathSpecial({quote(values[0])});"
        elif kind == "-u":
            yield f"{artifact}.forceUndefinedSymbol({quote(values[0])});"
        elif kind == "-z":
            name, value = {"now": ("lazy", "false"), "lazy": ("lazy", "true")}.get(values[0], ("relro", ""))
            yield f"{artifact}.link_z_{name} = {value or str(values[0] == 'relro').lower()};"
        elif kind == "-headerpad_max_install_names":
            yield f"{artifact}.headerpad_max_install_names = true;"
        else:
            yield f"{artifact}.link_gc_sections = {str(kind == '--gc-sections').lower()};"


def _render_sources(
    graph: Graph, product: Product, arguments: Sequence[PartArguments], language: str
) -> Iterator[Block]:
    """Yield the blocks that compile the sources of *product* in one language."""
    groups = [list(_group_sources(graph, part.sources_in(LANGUAGES[language]))) for part in product.parts]
    if not any(groups):
        return
    own, *more = (part.flags[language] for part in arguments)
    flags = f"wheel.flags(b, {quote_list(own)})"
    if any(more) or sum(map(len, groups)) > 1:
        name = f"{language}_flags"
        yield Block((f"{'var' if any(more) else 'const'} {name} = {flags};",))
        for part, added in zip(product.parts[1:], more, strict=True):
            if added:
                yield Block((f"{name} = concat(b, {name}, {quote_list(added)});",), part.when)
        flags = name
    for part, group in zip(product.parts, groups, strict=True):
        for folder, files in group:
            fields = [f".root = {folder}"] if folder else []
            fields += [f".files = {quote_list(files)}", f".flags = {flags}", f".language = .{language}"]
            yield Block((render_call("module.addCSourceFiles", fields),), part.when)


def _group_sources(graph: Graph, files: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield *files* by the folder that they are in, after the expression for it; that of the project is empty."""
    generated = list_generated(graph)
    for per in ("", "target", "wheel"):
        if chosen := [path for path in files if generated.get(path, "") == per]:
            yield render_folder(IncludeFolder(GENERATED, per)) if per else "", chosen


def _render_links(graph: Graph, product: Product, part: Part, functions: dict[tuple[str, str], str]) -> tuple[str, ...]:
    """Return the statements that link the libraries and objects of *part*."""
    shared = {library.name: library for library in graph.products.shared}
    lines = []
    for name in part.table.link:
        path = f", {quote(_find_relative_path(product, shared[name]))}" if name in shared else ""
        lines.append(f"{functions['link', name]}(b, wheel, module{path});")
    lines += [f"module.addObjectFile(b.path({quote(path)}));" for path in part.objects]
    options = ".{ .use_pkg_config = .no }"
    lines += [f"module.linkSystemLibrary({quote(name)}, {options});" for name in part.table.libraries]
    if part.table.frameworks:
        lines += [f"module.{call}(b.path({quote(f'{SDK}/{folder}')}));" for call, folder in SDK_FOLDERS.items()]
    return (*lines, *(f"module.linkFramework({quote(name)}, .{{}});" for name in part.table.frameworks))


def _find_relative_path(product: Product, library: LibraryProduct) -> str:
    """Return the path from the folder of *product* to that of *library*: empty, or such as ``/../other``."""
    folder = product.folder if isinstance(product, Module | LibraryProduct) else ""
    path = relpath(library.folder, folder or ".")
    return "" if path == "." else f"/{path}"


def _render_config_header(header: ConfigHeader, name: str) -> str:
    style = {"autoconf": "autoconf_undef", "autoconf-at": "autoconf_at", "cmake": "cmake"}.get(header.style)
    template = f".{{ .{style} = b.path({quote(header.template)}) }}" if style else ".blank"
    values = "".join(f"    {value},\n" for value in _render_values(header.values, header.style))
    options = f".{{ .style = {template}, .include_path = {quote(header.path)} }}"
    return f"const {name} = b.addConfigHeader({options}, .{{{f'{chr(10)}{values}' if values else ''}}});"


def _render_values(values: Values, style: str) -> list[str]:
    return [f".{field_name(name)} = {_render_config_value(value, style)}" for name, value in values]


def _render_config_value(value: Scalar, style: str) -> str:
    """Return a value of zig's ConfigHeader: text stands in the header as it is, and false is left undefined."""
    if value is False:
        return "false" if style == "cmake" else "null"
    if isinstance(value, str):
        return f".@{quote(value)}" if value else "{}"
    return "true" if value is True and style == "cmake" else str(int(value))
