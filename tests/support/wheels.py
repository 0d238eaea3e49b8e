"""Wheels for tests, written in a moment: somebody else's by zipfile, and ours without a compiler."""

from __future__ import annotations

import hashlib
import os
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

from zigbuild_backend.core.archive.archive_writer import Entry, write_wheel
from zigbuild_backend.core.wheel.buildinfo import FILE_NAME, digest_members, render_buildinfo
from zigbuild_backend.core.wheel.dist_info import render_record, render_wheel_file
from zigbuild_backend.core.wheel.spec import WheelSpec

MODULES: Mapping[str, bytes] = {"eggs/__init__.py": b"'''Eggs.'''\n", "eggs/data.bin": os.urandom(3000)}


def metadata_of(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.9\n".encode()


def write_foreign_wheel(
    folder: Path,
    name: str = "eggs",
    version: str = "1.0",
    tag: str = "py3-none-any",
    modules: Mapping[str, bytes] = MODULES,
) -> Path:
    """Return a sound wheel as any tool may have written it."""
    info = f"{name}-{version}.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": metadata_of(name, version),
        f"{info}/WHEEL": render_wheel_file([tag], "a tool", is_pure=tag.endswith("-none-any")),
    }
    digests = {path: urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=") for path, data in files.items()}
    rows = [f"{path},sha256={digests[path].decode()},{len(data)}\r\n" for path, data in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\r\n"]).encode()
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def write_own_wheel(folder: Path, spec: WheelSpec, modules: Mapping[str, bytes] = MODULES) -> Path:
    """Return a wheel as this backend writes it, for a *spec* without modules; nothing of it was compiled."""
    return _write(folder / spec.file_name, spec, [Entry(path, data) for path, data in modules.items()])


def _write(path: Path, spec: WheelSpec, contents: Iterable[Entry]) -> Path:
    info = f"{spec.name}-{spec.version}.dist-info"
    entries = [
        *contents,
        Entry(f"{info}/METADATA", metadata_of(spec.name, spec.version)),
        Entry(f"{info}/WHEEL", render_wheel_file([spec.tag], "zigbuild-backend 0", is_pure=True)),
    ]
    record = f"{info}/RECORD"
    entries.append(Entry(f"{info}/{FILE_NAME}", render_buildinfo(spec, digest_members(render_record(entries, record)))))
    write_wheel(path, [*entries, Entry(record, render_record(entries, record))], mtime=spec.epoch, deflate=None)
    return path
