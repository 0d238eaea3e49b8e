"""Writes ``build.zig``: the whole matrix of a project as one graph, as a person who knows Zig would write it.

The text depends on the project alone, never on which wheels are asked for: those are named when it is run, so that a
project's build configuration is compiled once. It is accepted by every zig of :data:`.pins.SUPPORTED_ZIGS`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from ..base.pythons import ANY_PYTHON, PYTHONS, Python
from ..base.targets import TARGETS, Target, select_targets
from ..project.project import Project
from ..settings.product_tables import Dependency
from .build_zig_inputs import has_bindings
from .build_zig_products import render_products
from .build_zig_text import ADOPT, HEAD, LINK_SHARED, SHARE, SHARED, SHARED_FIELD, TAIL, TRANSLATE
from .graph import Graph
from .zig_words import field_name, identifier, quote, quote_list


def render(graph: Graph, *, pythons: Iterable[Python] = (), extra_targets: Iterable[Target] = ()) -> str:
    """The text of ``build.zig``, with rows for all targets and Pythons that the project can have.

    *pythons* are the rows of a graph that knows fewer; *extra_targets* adds targets above the lowest versions, which
    neither the table nor the project names.
    """
    rows = dict.fromkeys((*TARGETS, *select_targets(graph.project.settings.targets), *extra_targets))
    abis = tuple(pythons) or _all_pythons(graph)
    calls, functions = render_products(graph, abis)
    has_libraries = bool(graph.products.libraries) or has_bindings(graph)
    has_zig = any(module.zig_root for module in graph.products.modules)
    kinds = {"modules": graph.products.modules, "libraries": graph.products.shared, "programs": graph.products.programs}
    products = " and ".join(kind for kind, members in kinds.items() if members)
    parts = {
        "PROJECT": graph.project.metadata.name,
        "HEADLINE": f"{'extension ' * bool(graph.products.modules)}{products}",
        "EXAMPLE": f"{'cp313' if graph.products.modules else 'py3'}-manylinux_2_17_x86_64".ljust(27),
        "PRODUCTS": products,
        "TARGETS": "".join(map(_render_target, rows)),
        "PYTHONS": "".join(map(_render_python, abis)),
        "CALLS": "".join(f"                {call}\n" for call in calls),
        "SHARED": SHARED if has_libraries else "",
        "SHARE": SHARE if has_libraries else "",
        "SHARED_FIELD": SHARED_FIELD if has_libraries else "",
        "ADOPT": ADOPT if graph.project.settings.dependency else "",
        "TRANSLATE": TRANSLATE if has_zig else "",
        "LINK_SHARED": LINK_SHARED if graph.products.shared else "",
    }
    placeholder = re.compile("|".join(sorted(parts, key=len, reverse=True)))
    head, tail = (placeholder.sub(lambda match: parts[match[0]], text) for text in (HEAD, TAIL))
    return head + "\n".join(functions) + tail


def render_zon(project: Project) -> str:
    """The text of ``build.zig.zon`` beside it, which names the package and those that it depends on."""
    name = f"{identifier(project.metadata.name)[:24]}_modules"
    # zig checks that the upper half of the fingerprint is the name's checksum; the lower half is a number of our own.
    fingerprint = zlib.crc32(name.encode()) << 32 | 0x7A696762
    dependencies = "".join(map(_render_zon_dependency, project.settings.dependency))
    return (
        ".{\n"
        f"    .name = .{name},\n"
        '    .version = "0.0.0",\n'
        f"    .fingerprint = 0x{fingerprint:016x},\n"
        + (f"    .dependencies = .{{\n{dependencies}    }},\n" if dependencies else "")
        + '    .paths = .{""},\n'
        "}\n"
    )


def _render_zon_dependency(dependency: Dependency) -> str:
    where = {"url": dependency.url, "hash": dependency.hash, "path": dependency.path}
    fields = "".join(f"            .{key} = {quote(value)},\n" for key, value in where.items() if value)
    return f"        .{field_name(dependency.name)} = .{{\n{fields}        }},\n"


def _all_pythons(graph: Graph) -> tuple[Python, ...]:
    if not graph.products.modules:
        return (ANY_PYTHON,)
    # Where modules are for some targets only, a wheel of the others may have nothing but those.
    has_others = graph.products.programs or graph.products.shared
    others = (ANY_PYTHON,) if has_others and all(m.settings.when for m in graph.products.modules) else ()
    return (*PYTHONS, *graph.project.stable_abis, *others)


def _render_target(target: Target) -> str:
    fields = [f".tag = {quote(target.platform_tag)}"]
    fields.append(f".triples = {quote_list([part.triple for part in target.slices or (target,)], '')}")
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
