"""Writes the functions of ``build.zig`` that compile a project's modules, libraries and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from posixpath import relpath

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..project.core_metadata import Metadata
from ..project.products import LANGUAGES, LibraryProduct, Module, Part, Product
from ..settings.conditions import When
from ..settings.fields import Scalar, Values
from ..settings.product_tables import ConfigHeader, Dependency, Inputs
from ..zig.support_folders import SDK_FOLDERS
from .build_zig_inputs import render_bindings, render_folders, split_sources
from .graph import Graph
from .zig_words import field_name, identifier, quote, quote_list, render_scalar, render_when, spaced

_INDENT = "    "

_STATIC = "const library = b.addLibrary(.{ .name = NAME, .linkage = .static, .root_module = module });"


def render_products(graph: Graph, pythons: Sequence[Python]) -> tuple[list[str], list[str]]:
    """The calls that make one wheel, and the functions that they call; *pythons* are the rows of the graph."""
    writer = _Writer(graph, pythons, _name_functions(graph))
    calls = [f"{writer.names['add', product.name]}(b, wheel);" for product in graph.products.modules]
    calls += [f"{writer.names['add library', product.name]}(b, wheel);" for product in graph.products.shared]
    calls += [f"{writer.names['add program', product.name]}(b, wheel);" for product in graph.products.programs]
    functions = [writer.render_module(module) for module in graph.products.modules]
    functions += [writer.render_program(program) for program in graph.products.programs]
    functions += [writer.render_shared(library) for library in graph.products.shared]
    for library in graph.products.libraries:
        functions += [writer.render_link(library), writer.render_library(library)]
    functions += [writer.render_dependency(dependency) for dependency in graph.project.settings.dependency]
    functions += render_bindings(graph)
    return calls, functions


def _name_functions(graph: Graph) -> dict[tuple[str, str], str]:
    """The function of each thing: ``add_spam__speedups``, with more ``_`` where two would share one."""
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
    pythons: Sequence[Python]
    names: dict[tuple[str, str], str]

    def render_module(self, module: Module) -> str:
        is_seen = module.settings.visibility == "default"
        name = quote(module.name)
        body = [
            *self._when(module),
            f"const module = wheel.createModule(b, {_module_options(module, has_root=False)});",
            "wheel.addPython(b, module);",
            *self._compile(module, is_seen),
            *self._add_zig(module),
        ]
        flags = self._conditionally(module, lambda part: list(_render_link_flags(part.table)))
        if not flags and not is_seen:
            body.append(f"wheel.install(b, wheel.hide(b, wheel.link(b, module, {name})), {name});")
        else:
            body.append(f"const library = wheel.link(b, module, {name});")
            body += flags
            body.append(f"wheel.install(b, {'library' if is_seen else 'wheel.hide(b, library)'}, {name});")
        return _function(self.names["add", module.name], "", module.name, self._name_conditions(module, body))

    def render_program(self, program: Product) -> str:
        name = quote(program.name)
        body = [
            *self._when(program),
            f"const module = wheel.createModule(b, {_module_options(program)});",
            *self._compile(program),
            f"const program = b.addExecutable(.{{ .name = {name}, .root_module = module }});",
            *self._conditionally(program, lambda part: list(_render_link_flags(part.table, "program"))),
            "wheel.installProgram(b, program);",
        ]
        body = self._name_conditions(program, body)
        return _function(self.names["add program", program.name], "", f"The program {program.name}.", body)

    def render_shared(self, library: LibraryProduct) -> str:
        made = f"{self.names['make', library.name]}(b, wheel)"
        body = [*self._when(library), f"wheel.installShared(b, {made}, {quote(library.folder)});"]
        return _function(self.names["add library", library.name], "", f"The shared library {library.name}.", body)

    def render_link(self, library: LibraryProduct) -> str:
        body = [
            *self._when(library),
            *self._conditionally(library, lambda part: render_folders(self.graph, part.table)),
        ]
        body += self._config_headers(library)
        made = f"{self.names['make', library.name]}(b, wheel)"
        parameters = ", module: *std.Build.Module"
        if library.is_shared:
            body.append(f"wheel.linkShared(b, module, {made}, path);")
            parameters += ", path: []const u8"
            comment = f"Links a module with {library.name}, to which *path* leads, and its headers."
        else:
            body.append(f"module.linkLibrary({made});")
            comment = f"Links {library.name} into a module, with its headers."
        return _function(self.names["link", library.name], parameters, comment, body)

    def render_library(self, library: LibraryProduct) -> str:
        name = quote(library.name)
        body = [
            f"const key = b.fmt({{s}} {{s}}, .{{ {name}, wheel.triple }});".replace("{s} {s}", '"{s} {s}"'),
            "if (wheel.shared.get(key)) |made| return made;",
            f"const module = wheel.createModule(b, {_module_options(library, has_root=not library.is_shared)});",
            *self._compile(library, library.is_shared and library.settings.visibility == "default"),
            *(self._make_shared(library) if library.is_shared else [_STATIC.replace("NAME", name)]),
            'wheel.shared.put(b.allocator, key, library) catch @panic("out of memory");',
            "return library;",
        ]
        body = self._name_conditions(library, body)
        comment = f"{library.name}, compiled once for each platform."
        return _function(self.names["make", library.name], "", comment, body, "*std.Build.Step.Compile")

    def _make_shared(self, library: LibraryProduct) -> list[str]:
        lines = [f"const library = wheel.makeShared(b, module, {quote(library.name)});"]
        flags = self._conditionally(library, lambda part: list(_render_link_flags(part.table)))
        if library.zig_root:  # as an object of its own, for the reason that modules have
            root = f".root = b.path({quote(library.zig_root)})"
            lines[:0] = [
                f'const zig = b.addObject(.{{ .name = "zig", .root_module = wheel.createModule(b, .{{ {root} }}) }});',
                "if (wheel.resolved.result.os.tag == .windows) zig.dll_export_fns = true;",
                "module.addObject(zig);",
            ]
        return [*lines, *flags, "wheel.nameMusl(b, module);"]

    def render_dependency(self, dependency: Dependency) -> str:
        options = [".target = wheel.resolved", ".optimize = wheel.optimize"]
        options += [f".{field_name(name)} = {render_scalar(value)}" for name, value in dependency.options]
        body = [
            f"const package = b.dependency({quote(dependency.name)}, .{{{spaced(options)}}});",
            f"const library = package.artifact({quote(dependency.artifact or dependency.name)});",
            "wheel.adopt(library);",
            "module.linkLibrary(library);",
        ]
        comment = f"Links the Zig package {dependency.name} into a module."
        return _function(self.names["link", dependency.name], ", module: *std.Build.Module", comment, body)

    def _name_conditions(self, product: Product, body: list[str]) -> list[str]:
        """*body* with a constant for each condition that it asks more than once."""
        constants = {}
        for number, part in enumerate(product.parts[1:], 1):
            asked = f"if ({render_when(part.when, self.pythons)}) "
            if sum(line.startswith(asked) for line in body) > 1:
                constants[asked] = _name_condition(part.when, number)
        definitions = [f"const {name} = {asked[4:-2]};" for asked, name in constants.items()]
        for asked, name in constants.items():
            body = [line.replace(asked, f"if ({name}) ", 1) if line.startswith(asked) else line for line in body]
        return definitions + body

    def _when(self, product: Product) -> list[str]:
        condition = render_when(product.settings.when, self.pythons)
        return [f"if ({_negate(condition)}) return;"] if condition else []

    def _compile(self, product: Product, is_seen: bool = False) -> list[str]:
        """What every product has: folders, headers, sources of each language, libraries."""
        lines = render_folders(self.graph, product.parts[0].table)
        lines += self._config_headers(product)
        for language, suffixes in LANGUAGES.items():
            if any(part.sources_in(suffixes) for part in product.parts):
                lines += self._render_sources(product, language, is_seen)
        lines += self._render_links(product, product.parts[0])
        for part in product.parts[1:]:
            folders = render_folders(self.graph, part.table)
            lines += self._guard(part.when, [*folders, *self._render_links(product, part)])
        return lines

    def _render_sources(self, product: Product, language: str, is_seen: bool) -> list[str]:
        own, *more = compiler_flags(self.graph.project.metadata, [part.table for part in product.parts], language)
        own = ["-fvisibility=default"] * is_seen + own
        sources = [part.sources_in(LANGUAGES[language]) for part in product.parts]
        is_one = not any(more) and not any(sources[1:]) and len([*split_sources(self.graph, sources[0])]) == 1
        indent = _INDENT * 2 if is_one else _INDENT
        flags = f"wheel.flags(b, {quote_list(own, indent)})"
        lines = []
        if not is_one:
            lines.append(f"{'var' if any(more) else 'const'} {language}_flags = {flags};")
            flags = f"{language}_flags"
            for part, added in zip(product.parts[1:], more, strict=True):
                if added:
                    lines += self._guard(
                        part.when, [f"{flags} = concat(b, {flags}, {quote_list(added, _INDENT * 2)});"]
                    )
        for part, files in zip(product.parts, sources, strict=True):
            for root, chosen in split_sources(self.graph, files):
                block = [
                    "module.addCSourceFiles(.{",
                    *([f"    .root = {root},"] if root else []),
                    f"    .files = {quote_list(chosen, _INDENT * (2 if part is product.parts[0] else 3))},",
                    f"    .flags = {flags},",
                    f"    .language = .{language},",
                    "});",
                ]
                lines += self._guard(part.when, block)
        return lines

    def _render_links(self, product: Product, part: Part) -> list[str]:
        shared = {library.name: library for library in self.graph.products.shared}
        lines = []
        for name in part.table.link:
            path = f", {quote(_render_way(product, shared[name]))}" if name in shared else ""
            lines.append(f"{self.names['link', name]}(b, wheel, module{path});")
        lines += [f"module.addObjectFile(b.path({quote(path)}));" for path in part.objects]
        options = ".{ .use_pkg_config = .no }"
        lines += [f"module.linkSystemLibrary({quote(name)}, {options});" for name in part.table.libraries]
        if part.table.frameworks:
            lines += [f'module.{call}(b.path("zigbuild/sdk/{folder}"));' for call, folder in SDK_FOLDERS.items()]
        return lines + [f"module.linkFramework({quote(name)}, .{{}});" for name in part.table.frameworks]

    def _add_zig(self, module: Module) -> list[str]:
        """Zig sources of an extension module, and the headers of C that they import."""
        if not module.zig_root:
            return []
        added = f"wheel.addZig(b, module, {quote(module.zig_root)});"
        return [f"const zig = {added}", *self._translate(module)] if module.settings.translate else [f"_ = {added}"]

    def _translate(self, module: Module) -> list[str]:
        lines: list[str] = []
        flags = compiler_flags(self.graph.project.metadata, [part.table for part in module.parts], "c")
        own, *more = ([flag[2:] for flag in flags if flag.startswith("-D")] for flags in flags)
        folders, macros = (quote_list(items, _INDENT) for items in (module.settings.include_dirs, own))
        if any(more):
            lines.append(f"var macros: []const []const u8 = {macros};")
            macros = "macros"
            for part, added in zip(module.parts[1:], more, strict=True):
                added_too = [f"macros = concat(b, macros, {quote_list(added, _INDENT * 2)});"] * bool(added)
                lines += self._guard(part.when, added_too)
        return lines + [
            f"zig.addImport({quote(_header_name(path))}, wheel.translate(b, {quote(path)}, {folders}, {macros}));"
            for path in module.settings.translate
        ]

    def _config_headers(self, product: Product) -> list[str]:
        lines = []
        for number, header in enumerate(product.settings.config_header):
            name = "config" if not number else f"config_{number + 1}"
            lines += _render_config_header(header, name)
            for addition in header.on:
                values = f"{name}.addValues(.{{{spaced(_render_values(addition.values, header.style))}}});"
                lines += self._guard(addition.when, [values] if addition.values else [])
            lines.append(f"module.addConfigHeader({name});")
        return lines

    def _conditionally(self, product: Product, render: Callable[[Part], list[str]]) -> list[str]:
        """What *render* makes of each part, guarded by its condition."""
        return [line for part in product.parts for line in self._guard(part.when, render(part))]

    def _guard(self, when: When, lines: list[str]) -> list[str]:
        condition = render_when(when, self.pythons)
        if not condition or not lines:
            return lines
        if len(lines) == 1:
            return [f"if ({condition}) {_outdent(lines[0])}"]
        return [f"if ({condition}) {{", *(f"    {line}" for line in lines), "}"]


def _render_way(product: Product, library: LibraryProduct) -> str:
    """What leads from the folder of *product* to that of *library*: empty, or ``/../other``."""
    folder = product.folder if isinstance(product, Module | LibraryProduct) else ""
    way = relpath(library.folder, folder or ".")
    return "" if way == "." else f"/{way}"


def _header_name(path: str) -> str:
    """The name by which Zig imports a translated header: that of its file without ``.h``."""
    return path.rpartition("/")[2].rpartition(".")[0]


def _outdent(line: str) -> str:
    """A statement of several lines, indented as if it stood alone in the line of its condition."""
    return line.replace(f"\n{_INDENT}", "\n") if "\n" in line else line


def _function(name: str, parameters: str, comment: str, body: list[str], result: str = "void") -> str:
    head = f"/// {comment}\nfn {name}(b: *std.Build, wheel: Wheel{parameters}) {result} {{\n"
    return head + "".join(f"    {line}\n" for line in body) + "}\n"


def _negate(condition: str) -> str:
    is_compound = " and " in condition or " or " in condition
    if condition.startswith("!") and not is_compound:
        return condition[1:]
    return f"!({condition})" if is_compound else f"!{condition}"


def _name_condition(when: When, number: int) -> str:
    """A name for the truth of *when*, which is that of the addition with this number: ``on_windows``, or ``on_2``."""
    if len(when) == 1 and set(when[0].keys) <= {"os", "arch", "libc"}:
        words = [*when[0].os, *when[0].arch, *when[0].libc]
        if len(words) <= 3:
            return f"on_{'_'.join(words)}"
    return f"on_{number}"


def _module_options(product: Product, *, has_root: bool = True) -> str:
    fields = [f".root = b.path({quote(product.zig_root)})"] if product.zig_root and has_root else []
    fields += [".cxx = true"] if product.is_cxx else []
    return f".{{{spaced(fields)}}}"


def _render_link_flags(table: Inputs, library: str = "library") -> Iterator[str]:
    """Statements for the flags of linkers; :func:`.settings.rules.link_flag` has which there are."""
    for flag in table.link_flags:
        _, kind, *values = flag.split(",")
        if kind == "-rpath":
            yield f"module.addRPathSpecial({quote(values[0])});"
        elif kind == "-u":
            yield f"{library}.forceUndefinedSymbol({quote(values[0])});"
        elif kind == "-z":
            name, value = {"now": ("lazy", "false"), "lazy": ("lazy", "true")}.get(values[0], ("relro", ""))
            yield f"{library}.link_z_{name} = {value or str(values[0] == 'relro').lower()};"
        elif kind == "-headerpad_max_install_names":
            yield f"{library}.headerpad_max_install_names = true;"
        else:
            yield f"{library}.link_gc_sections = {str(kind == '--gc-sections').lower()};"


def _render_config_header(header: ConfigHeader, name: str) -> list[str]:
    style = {"autoconf": "autoconf_undef", "autoconf-at": "autoconf_at", "cmake": "cmake"}.get(header.style)
    template = f".{{ .{style} = b.path({quote(header.template)}) }}" if style else ".blank"
    values = _render_values(header.values, header.style)
    first = f"const {name} = b.addConfigHeader(.{{ .style = {template}, .include_path = {quote(header.path)} }}, .{{"
    if not values:
        return [f"{first}}});"]
    return [first, *(f"    {value}," for value in values), "});"]


def _render_values(values: Values, style: str) -> list[str]:
    return [f".{field_name(name)} = {_render_config_value(value, style)}" for name, value in values]


def _render_config_value(value: Scalar, style: str) -> str:
    """As zig's ConfigHeader takes it: text stands in the header as it is, and false is left undefined."""
    if value is False:
        return "false" if style == "cmake" else "null"
    if isinstance(value, str):
        return f".@{quote(value)}" if value else "{}"
    return "true" if value is True and style == "cmake" else str(int(value))


def compiler_flags(metadata: Metadata, tables: Sequence[Inputs], language: str) -> list[list[str]]:
    """The project's own flags for one language, of each table; what every module has is added by the graph.

    Where a later table says something else than an earlier one, so do its flags.
    """
    defined: set[str] = set()
    return [_compiler_flags(metadata, table, language, defined) for table in tables]


def _compiler_flags(metadata: Metadata, table: Inputs, language: str, defined: set[str]) -> list[str]:
    """The flags of *table*, whose macros are added to those that are *defined*."""
    family = {"objective_c": "c", "objective_cpp": "cpp", "assembly_with_preprocessor": "assembly"}.get(
        language, language
    )
    standard = {"c": table.std.c, "cpp": table.std.cxx}.get(family)
    flags = [f"-std={standard}"] if standard else []
    for name, text in table.defines:
        flags += [f"-U{name}"] * (name in defined or text is False)
        if isinstance(text, str):
            known = text.replace("{version}", metadata.version).replace("{name}", metadata.name)
            flags.append(f"-D{name}={known}")
        elif text is not False:
            flags.append(f"-D{name}={int(text)}")
    defined.update(name for name, _ in table.defines)
    own = {"c": table.flags.c, "cpp": table.flags.cxx, "assembly": table.flags.asm}[family]
    # A warning of another compiler, or of this one for another target, is no reason to make no wheel.
    return flags + [flag for flag in (*table.flags.all, *own) if flag != "-Werror"]
