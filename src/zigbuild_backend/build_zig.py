"""Writes ``build.zig``: the whole matrix of a project as one graph, as a person who knows Zig would write it.

The text depends on the project alone, never on which wheels are asked for: those are named when it is run, so that a
project's build configuration is compiled once. It is accepted by every zig of :data:`.pins.SUPPORTED_ZIGS`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import repeat

from .build_zig_text import HEAD, TAIL
from .plan import ASSEMBLER_SUFFIXES, C_SUFFIXES, CXX_SUFFIXES, Module, Project
from .pythons import PYTHONS, Python
from .settings import Addition, Condition, Extension
from .targets import TARGETS, Target, select_targets

LANGUAGES = {"c": C_SUFFIXES, "cpp": CXX_SUFFIXES, "assembly_with_preprocessor": ASSEMBLER_SUFFIXES}
"""Zig's names of the languages, and the suffixes of their files."""

SUPPORT_FOLDER = "zigbuild"
"""Where, beside build.zig, the graph finds CPython: ``include/3.13``, ``pyconfig/posix``, ``exports/cp313.def``."""


def render(project: Project, *, pythons: Iterable[Python] = (), extra_targets: Iterable[Target] = ()) -> str:
    """The text of ``build.zig``, with rows for all targets and Pythons that the project can have.

    *pythons* are the rows of a graph that knows fewer; *extra_targets* adds targets above the lowest versions, which
    neither the table nor the project names.
    """
    rows = dict.fromkeys((*TARGETS, *select_targets(project.settings.targets), *extra_targets))
    abis = tuple(pythons) or _all_pythons(project)
    names = _function_names(project.modules)
    parts = {
        "PROJECT": project.metadata.name,
        "TARGETS": "".join(map(_render_target, rows)),
        "PYTHONS": "".join(map(_render_python, abis)),
        "CALLS": "".join(f"                {name}(b, wheel);\n" for name in names),
    }
    head = re.sub("|".join(parts), lambda match: parts[match[0]], HEAD)
    return head + "\n".join(map(_render_module, repeat(project), project.modules, names)) + TAIL


def render_zon(project: Project) -> str:
    """The text of ``build.zig.zon`` beside it, which names the package."""
    name = f"{_identifier(project.metadata.name)[:24]}_modules"
    # zig checks that the upper half of the fingerprint is the name's checksum; the lower half is a number of our own.
    fingerprint = zlib.crc32(name.encode()) << 32 | 0x7A696762
    return (
        ".{\n"
        f"    .name = .{name},\n"
        '    .version = "0.0.0",\n'
        f"    .fingerprint = 0x{fingerprint:016x},\n"
        '    .paths = .{""},\n'
        "}\n"
    )


def quote(text: str) -> str:
    """*text* as a string literal of Zig, whatever it holds."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _quote_list(items: Sequence[str], indent: str) -> str:
    """A list of string literals: on one line if it is short, else one to a line."""
    if not items:
        return "&.{}"
    line = f"&.{{{', '.join(map(quote, items))}}}" if len(items) == 1 else f"&.{{ {', '.join(map(quote, items))} }}"
    if len(line) <= 80:
        return line
    return "&.{\n" + "".join(f"{indent}    {quote(item)},\n" for item in items) + indent + "}"


def _function_names(modules: Iterable[Module]) -> list[str]:
    """The name of each module's function: ``add_spam__speedups``, with more ``_`` where two would share one."""
    names: list[str] = []
    for module in modules:
        name = f"add_{_identifier(module.name)}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _identifier(name: str) -> str:
    """*name* as an identifier of ASCII letters, digits and ``_``; different names may share one in odd cases."""
    text = "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else "_" if c in ".-" else f"u{ord(c):x}" for c in name
    )
    return text if text[:1].isalpha() or text[:1] == "_" else f"_{text}"


def _all_pythons(project: Project) -> tuple[Python, ...]:
    floor = project.stable_abi
    stable = (Python(floor.minor, stable_abi=True),) if floor else ()
    return (*PYTHONS, *stable)


def _render_target(target: Target) -> str:
    fields = [f".tag = {quote(target.platform_tag)}"]
    fields.append(f".triples = {_quote_list([part.triple for part in target.slices or (target,)], '')}")
    if target.multiarch:
        fields.append(f".multiarch = {quote(target.multiarch)}")
    if target.musl_name:
        fields.append(f".musl = {quote(target.musl_name.removesuffix('.so.1'))}")
    if target.cpu != "baseline":
        fields.append(f".cpu = {quote(target.cpu)}")
    return f"    .{{ {', '.join(fields)} }},\n"


def _render_python(python: Python) -> str:
    fields = [f".name = {quote(python.name)}", f".version = {quote(python.version)}"]
    if python.free_threaded:
        fields.append(".free_threaded = true")
    if python.stable_abi:
        fields.append(f".limited_api = {quote(python.limited_api)}")
    if python.minor < 11:
        fields.append(".names_musl = false")
    fields.append(f".dll = {quote(python.windows_dll)}")
    return f"    .{{ {', '.join(fields)} }},\n"


def _render_module(project: Project, module: Module, function: str) -> str:
    extension = module.settings
    lines = [f"/// {module.name}", f"fn {function}(b: *std.Build, wheel: Wheel) void {{"]
    lines.append(f"    const module = wheel.createModule(b, .{{ .cxx = {str(module.is_cxx).lower()} }});")
    lines += [f"    {line}" for line in _render_inputs(extension)]
    for language, suffixes in LANGUAGES.items():
        sources = [source for source in module.sources if source.endswith(suffixes)]
        if sources:
            own, *more = compiler_flags(project, (extension, *extension.on), language)
            flags = f"wheel.flags(b, {_quote_list(own, '    ' if any(more) else '        ')})"
            if any(more):
                lines.append(f"    var {language}_flags = {flags};")
                lines += [
                    f"    if ({_render_condition(addition.when)}) "
                    f"{language}_flags = concat(b, {language}_flags, {_quote_list(added, '    ')});"
                    for addition, added in zip(extension.on, more, strict=True)
                    if added
                ]
                flags = f"{language}_flags"
            lines += [
                "    module.addCSourceFiles(.{",
                f"        .files = {_quote_list(sources, '        ')},",
                f"        .flags = {flags},",
                f"        .language = .{language},",
                "    });",
            ]
    for addition in extension.on:
        if inputs := _render_inputs(addition):
            lines.append(f"    if ({_render_condition(addition.when)}) {{")
            lines += [*(f"        {line}" for line in inputs), "    }"]
    lines.append(f"    wheel.install(b, module, {quote(module.name)});")
    return "\n".join([*lines, "}", ""])


def _render_inputs(table: Extension | Addition) -> list[str]:
    """What *table* compiles and links with besides its sources."""
    folders = [f"module.addIncludePath(b.path({quote(folder)}));" for folder in table.include_dirs]
    options = ".{ .use_pkg_config = .no }"
    return folders + [f"module.linkSystemLibrary({quote(library)}, {options});" for library in table.libraries]


def _render_condition(when: Condition) -> str:
    """The call in the graph that says whether *when* holds."""
    machines = {part.machine: part.triple.partition("-")[0] for target in TARGETS for part in target.slices or [target]}
    known = {"os": when.os, "arch": [machines[name] for name in when.arch], "libc": when.libc}
    fields = [f".{key} = &.{{{_spaced([f'.{name}' for name in names])}}}" for key, names in known.items() if names]
    return f"wheel.isFor(.{{{_spaced(fields)}}})"


def _spaced(items: Sequence[str]) -> str:
    """The inside of a list in braces as zig formats it: a space within them, unless it is one plain item."""
    text = ", ".join(items)
    return f" {text} " if len(items) > 1 or " = " in text else text


def compiler_flags(project: Project, tables: Sequence[Extension | Addition], language: str) -> list[list[str]]:
    """The project's own flags for one language, of each table; what every module has is added by the graph.

    Where a later table says something else than an earlier one, so do its flags.
    """
    defined: set[str] = set()
    return [_compiler_flags(project, table, language, defined) for table in tables]


def _compiler_flags(project: Project, table: Extension | Addition, language: str, defined: set[str]) -> list[str]:
    """The flags of *table*, whose macros are added to those that are *defined*."""
    standard = {"c": table.std.c, "cpp": table.std.cxx}.get(language)
    flags = [f"-std={standard}"] if standard else []
    for name, text in table.defines:
        flags += [f"-U{name}"] * (name in defined or text is False)
        if isinstance(text, str):
            known = text.replace("{version}", project.metadata.version).replace("{name}", project.metadata.name)
            flags.append(f"-D{name}={known}")
        elif text is not False:
            flags.append(f"-D{name}={int(text)}")
    defined.update(name for name, _ in table.defines)
    flags += table.flags.all
    flags += {"c": table.flags.c, "cpp": table.flags.cxx}.get(language, ())
    return flags
