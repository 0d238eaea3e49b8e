"""Packs wheels: the entries of a wheel and their ``.dist-info``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..archive.archive_writer import Entry, write_wheel
from ..archive.deflater import obtain_deflater
from ..base.errors import ConfigurationError
from ..project.core_metadata import render_entry_points
from ..project.project import Checkout
from ..zig.toolchain import Zig
from .buildinfo import FILE_NAME as BUILDINFO
from .buildinfo import digest_members, render_buildinfo
from .dist_info import render_record, render_wheel_file
from .project_entries import make_entry, read_contents
from .sbom import FILE_NAME as SBOM
from .sbom import render_sbom
from .spec import WheelSpec


class WheelPacker:
    """Packs wheels of one project; a context manager, whose exit closes the deflater."""

    def __init__(self, checkout: Checkout, zig: Zig) -> None:
        self._checkout = checkout
        self._contents = read_contents(checkout)
        self._deflater = obtain_deflater(zig)

    def __enter__(self) -> WheelPacker:
        return self

    def __exit__(self, *_: object) -> None:
        self._deflater.close()

    def pack(self, path: Path, spec: WheelSpec, made: Mapping[str, bytes]) -> tuple[int, str]:
        """Write the wheel of *spec* to *path*, and return its size in bytes and its sha256 (hex).

        It holds the files of the project, the files *made* for it (path in the wheel → content), and ``.dist-info``.

        :raises ConfigurationError: if the source tree has a file at the path of one that was made.
        """
        entries = self._contents + [make_entry(self._checkout.project, name, data) for name, data in made.items()]
        if clash := next((entry.path for entry in self._contents if entry.path in made), None):
            raise ConfigurationError(
                "is in the source tree and would be compiled too", where=clash, hint="delete it, or have git ignore it"
            )
        members = add_dist_info(self._checkout, spec, entries)
        write_wheel(path, members, mtime=spec.epoch, deflate=self._deflater.deflate)
        data = path.read_bytes()
        return len(data), hashlib.sha256(data).hexdigest()


def add_dist_info(checkout: Checkout, spec: WheelSpec, entries: Iterable[Entry]) -> list[Entry]:
    """Return *entries* and their ``.dist-info``, with RECORD last."""
    info = f"{spec.name}-{spec.version}.dist-info"
    record = f"{info}/RECORD"
    members = [*entries, *_render_dist_info(checkout, spec, info)]
    buildinfo = render_buildinfo(spec, digest_members(render_record(members, record)))
    members.append(Entry(f"{info}/{BUILDINFO}", buildinfo))
    return [*members, Entry(record, render_record(members, record))]


def _render_dist_info(checkout: Checkout, spec: WheelSpec, info: str) -> list[Entry]:
    """Return the files of ``.dist-info`` that do not depend on others: metadata, tags, entry points, licences, SBOM."""
    metadata = checkout.project.metadata
    generator = " ".join(spec.backend.split(" ")[:2])
    entries = [
        Entry(f"{info}/METADATA", metadata.text.encode()),
        Entry(f"{info}/WHEEL", render_wheel_file(spec.tags, generator, is_pure=spec.target is None)),
        Entry(f"{info}/sboms/{SBOM}", render_sbom(spec)),
    ]
    if metadata.entry_points:
        entries.append(Entry(f"{info}/entry_points.txt", render_entry_points(metadata.entry_points)))
    for path in metadata.license_files:
        if path not in checkout.project.tree.by_path:
            hint = "if git ignores it, name it in 'include' of [tool.zigbuild.sdist]"
            raise ConfigurationError("the licence file is no part of the project", where=path, hint=hint)
        entries.append(Entry(f"{info}/licenses/{path}", checkout.read(path)))
    return entries
