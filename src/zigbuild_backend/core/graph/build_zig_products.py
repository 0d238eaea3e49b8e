"""Renders the functions of build.zig that compile and link a project's modules, programs and libraries."""

from __future__ import annotations

from collections.abc import Iterator

from ..base.frozen import dataclass
from ..project.products import LibraryProduct, Module, Product
from .build_zig_packages import describe_binding, describe_dependency
from .build_zig_statements import (
    render_compilation,
    render_config_headers,
    render_headers,
    render_link_flags,
)
from .compiler_arguments import compiler_flags, describe_arguments, shows_symbols
from .graph import Graph
from .package_bindings import BINDINGS
from .zig_functions import Block, Function
from .zig_words import identifier, pad_list, quote, quote_list


@dataclass(frozen=True)
class ProductFunctions:
    """The ``calls`` that make one wheel, and the functions that they call."""

    calls: tuple[str, ...]
    functions: tuple[Function, ...]


def describe_products(graph: Graph) -> ProductFunctions:
    """Return the functions that compile and link the products of *graph*."""
    products, writer = graph.products, _Writer(graph, _name_functions(graph))
    added = [("add", product.name) for product in products.modules]
    added += [("add library", product.name) for product in products.shared]
    added += [("add program", product.name) for product in products.programs]
    return ProductFunctions(tuple(f"{writer.names[key]}(b, wheel);" for key in added), tuple(writer.list_functions()))


def _name_functions(graph: Graph) -> dict[tuple[str, str], str]:
    """Return the names of functions by verb and product: ``add_spam__speedups``, with more ``_`` if it is taken."""
    wanted = [("add", module.name) for module in graph.products.modules]
    wanted += [("add library", product.name) for product in graph.products.shared]
    wanted += [("add program", product.name) for product in graph.products.programs]
    for library in graph.products.libraries:
        wanted += [("link", library.name), ("make", library.name)]
    wanted += [("link", dependency.name) for dependency in graph.project.settings.dependency]
    names: dict[tuple[str, str], str] = {}
    for verb, name in wanted:
        function = identifier(f"{verb} {name}".replace(" ", "_"))
        while function in names.values():
            function += "_"
        names[verb, name] = function
    return names


@dataclass(frozen=True)
class _Writer:
    graph: Graph
    names: dict[tuple[str, str], str]

    def list_functions(self) -> Iterator[Function]:
        """Yield the functions of modules, programs, libraries and packages."""
        products = self.graph.products
        yield from map(self.describe_module, products.modules)
        yield from map(self.describe_program, products.programs)
        yield from map(self.describe_shared, products.shared)
        for library in products.libraries:
            yield self.describe_link(library)
            yield self.describe_library(library)
        for dependency in self.graph.project.settings.dependency:
            yield describe_dependency(dependency, self.names["link", dependency.name])
        yield from (describe_binding(name, BINDINGS[name]) for name in products.headers_from if name in BINDINGS)

    def describe_module(self, module: Module) -> Function:
        """Return the function that makes an extension module."""
        name, is_open = quote(module.name), shows_symbols(module)
        blocks = [
            Block((self._create_module(module, has_root=False), "wheel.addPython(b, module);")),
            *render_compilation(self.graph, module, self.names),
            *self._add_zig(module),
        ]
        flags = [Block(tuple(render_link_flags(part.table, "library")), part.when) for part in module.parts]
        if is_open or any(block.statements for block in flags):
            blocks += [Block((f"const library = wheel.link(b, module, {name});",)), *flags]
            library = "library" if is_open else "wheel.hide(b, library)"
        else:
            library = f"wheel.hide(b, wheel.link(b, module, {name}))"
        blocks.append(Block((f"wheel.install(b, {library}, {name});",)))
        return Function(self.names["add", module.name], module.name, blocks, module.settings.when)

    def describe_program(self, program: Product) -> Function:
        """Return the function that makes a program."""
        made = f"const program = b.addExecutable(.{{ .name = {quote(program.name)}, .root_module = module }});"
        blocks = [
            Block((self._create_module(program),)),
            *render_compilation(self.graph, program, self.names),
            Block(("wheel.addRuntime(b, module);", made)),
            *(Block(tuple(render_link_flags(part.table, "program")), part.when) for part in program.parts),
            Block(("wheel.installProgram(b, program);",)),
        ]
        comment = f"The program {program.name}."
        return Function(self.names["add program", program.name], comment, blocks, program.settings.when)

    def describe_shared(self, library: LibraryProduct) -> Function:
        """Return the function that installs a shared library."""
        made = f"{self.names['make', library.name]}(b, wheel)"
        blocks = [Block((f"wheel.installShared(b, {made}, {quote(library.folder)});",))]
        comment = f"The shared library {library.name}."
        return Function(self.names["add library", library.name], comment, blocks, library.settings.when)

    def describe_link(self, library: LibraryProduct) -> Function:
        """Return the function that links a library, and makes its headers known."""
        arguments = zip(describe_arguments(self.graph, library), library.parts, strict=True)
        blocks = [Block(render_headers(own, part), part.when) for own, part in arguments]
        blocks += render_config_headers(library)
        made = f"{self.names['make', library.name]}(b, wheel)"
        comment, parameters = f"Links {library.name} into a module, with its headers.", ", module: *std.Build.Module"
        if library.is_shared:
            blocks.append(Block((f"wheel.linkShared(b, module, {made}, path);",)))
            comment = f"Links a module with {library.name}, in `path` from the module's folder, and its headers."
            parameters += ", path: []const u8"
        else:
            blocks.append(Block((f"module.linkLibrary({made});",)))
        return Function(self.names["link", library.name], comment, blocks, library.settings.when, parameters)

    def describe_library(self, library: LibraryProduct) -> Function:
        """Return the function that makes a library."""
        blocks = [
            Block(
                (
                    f'const key = b.fmt("{{s}} {{s}}", .{{ {quote(library.name)}, wheel.triple }});',
                    "if (wheel.libraries.get(key)) |library| return library;",
                    self._create_module(library, has_root=not library.is_shared),
                )
            ),
            *render_compilation(self.graph, library, self.names),
            *(self._make_shared(library) if library.is_shared else [self._make_static(library)]),
            Block(
                (
                    'wheel.libraries.put(b.allocator, key, library) catch @panic("out of memory");',
                    "return library;",
                )
            ),
        ]
        comment = f"Compiles {library.name}, once for each platform."
        return Function(self.names["make", library.name], comment, blocks, result="*std.Build.Step.Compile")

    def _make_static(self, library: LibraryProduct) -> Block:
        options = f".{{ .name = {quote(library.name)}, .linkage = .static, .root_module = module }}"
        return Block((f"const library = b.addLibrary({options});",))

    def _make_shared(self, library: LibraryProduct) -> Iterator[Block]:
        if library.zig_root:  # an object of its own, for the reason that modules have
            root = f".root = b.path({quote(library.zig_root)})"
            options = f'.{{ .name = "zig", .root_module = wheel.createModule(b, .{{ {root} }}) }}'
            yield Block(
                (
                    f"const zig = b.addObject({options});",
                    "if (wheel.resolved.result.os.tag == .windows) zig.dll_export_fns = true;",
                    "module.addObject(zig);",
                )
            )
        yield Block((f"const library = wheel.makeShared(b, module, {quote(library.name)});",))
        yield from (Block(tuple(render_link_flags(part.table, "library")), part.when) for part in library.parts)
        yield Block(("wheel.nameMusl(b, module);",))

    def _create_module(self, product: Product, *, has_root: bool = True) -> str:
        fields = [f".root = b.path({quote(product.zig_root)})"] if product.zig_root and has_root else []
        fields += [".cxx = true"] if self.graph.products.links_cxx(product) else []
        return f"const module = wheel.createModule(b, .{{{pad_list(fields)}}});"

    def _add_zig(self, module: Module) -> Iterator[Block]:
        """Yield the blocks for the Zig sources of an extension module, and for the headers of C that they import."""
        if not module.zig_root:
            return
        added = f"wheel.addZig(b, module, {quote(module.zig_root)});"
        yield Block((f"const zig = {added}" if module.settings.translate else f"_ = {added}",))
        if not module.settings.translate:
            return
        flags = compiler_flags(self.graph.project.metadata, [part.table for part in module.parts], "c")
        own, *more = ([flag[2:] for flag in flags if flag.startswith("-D")] for flags in flags)
        macros = quote_list(own)
        if any(more):
            yield Block((f"var macros: []const []const u8 = {macros};",))
            for part, added_macros in zip(module.parts[1:], more, strict=True):
                if added_macros:
                    yield Block((f"macros = concat(b, macros, {quote_list(added_macros)});",), part.when)
            macros = "macros"
        for path in module.settings.translate:
            name = quote(path.rpartition("/")[2].rpartition(".")[0])
            folders = quote_list(module.settings.include_dirs)
            translated = f"wheel.translate(b, {quote(path)}, {folders}, {macros})"
            yield Block((f"zig.addImport({name}, {translated});",))
