"""Renders build.zig.zon, which lies beside build.zig and names the Zig packages that it depends on."""

from __future__ import annotations

import zlib

from ..project.project import Project
from ..settings.product_tables import Dependency
from .zig_words import field_name, identifier, quote


def render_zon(project: Project) -> str:
    """Return the text of ``build.zig.zon`` of *project*."""
    name = f"{identifier(project.metadata.name)[:24]}_modules"
    # zig checks that the upper half of the fingerprint is the name's checksum; the lower half is a number of our own.
    fingerprint = zlib.crc32(name.encode()) << 32 | 0x7A696762
    dependencies = "".join(map(_render_dependency, project.settings.dependency))
    return (
        ".{\n"
        f"    .name = .{name},\n"
        '    .version = "0.0.0",\n'
        f"    .fingerprint = 0x{fingerprint:016x},\n"
        + (f"    .dependencies = .{{\n{dependencies}    }},\n" if dependencies else "")
        + '    .paths = .{""},\n'
        "}\n"
    )


def _render_dependency(dependency: Dependency) -> str:
    source = {"url": dependency.url, "hash": dependency.hash, "path": dependency.path}
    fields = "".join(f"            .{key} = {quote(value)},\n" for key, value in source.items() if value)
    return f"        .{field_name(dependency.name)} = .{{\n{fields}        }},\n"
