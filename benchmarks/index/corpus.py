"""What all indexes serve: the same wheels of the same projects, and the static pages of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import random
import zipfile
from dataclasses import dataclass
from pathlib import Path

PROJECTS, WHEELS, SIZE = 10, 20, 50_000
"""How many projects, wheels of each, and bytes of a wheel, to a few."""


@dataclass(frozen=True)
class Wheel:
    """A wheel, its METADATA, and the hash of each (sha256, hex)."""

    project: str
    version: str
    path: Path
    metadata: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def metadata_sha256(self) -> str:
        return hashlib.sha256(self.metadata).hexdigest()


def make_wheels(folder: Path) -> list[Wheel]:
    """Writes the wheels into *folder*, the same bytes each time."""
    folder.mkdir(parents=True)
    names = [f"project-{number}" for number in range(PROJECTS)]
    return [_make_wheel(folder, name, f"1.{minor}") for name in names for minor in range(WHEELS)]


def _make_wheel(folder: Path, project: str, version: str) -> Wheel:
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    lines = "".join(f"Classifier: Topic :: Number :: {number}\n" for number in range(20))
    text = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nRequires-Python: >=3.10\n{lines}\nA wheel.\n"
    files = {
        f"{name}/__init__.py": b"",
        f"{name}/data.bin": random.Random(f"{project} {version}").randbytes(SIZE - 2_000),
        f"{info}/METADATA": text.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(data)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue().encode()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return Wheel(project, version, path, text.encode())


def write_static_index(wheels: list[Wheel], root: Path) -> None:
    """Writes *wheels* and their pages below *root*, for a web server that knows nothing of them.

    ``simple/NAME/index.html`` and ``index.json``, ``files/NAME/FILE`` and ``FILE.metadata``.
    """
    for project in sorted({wheel.project for wheel in wheels}):
        own = [wheel for wheel in wheels if wheel.project == project]
        page, files = root / "simple" / project, root / "files" / project
        page.mkdir(parents=True)
        files.mkdir(parents=True)
        for wheel in own:
            (files / wheel.path.name).hardlink_to(wheel.path)
            (files / f"{wheel.path.name}.metadata").write_bytes(wheel.metadata)
        links = "".join(
            f'<a href="/files/{project}/{wheel.path.name}#sha256={wheel.sha256}" '
            f'data-requires-python="{html.escape(">=3.10")}" data-core-metadata="sha256={wheel.metadata_sha256}">'
            f"{wheel.path.name}</a><br>\n"
            for wheel in own
        )
        (page / "index.html").write_text(f"<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n")
        document = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "versions": [wheel.version for wheel in own],
            "files": [
                {
                    "filename": wheel.path.name,
                    "url": f"/files/{project}/{wheel.path.name}",
                    "hashes": {"sha256": wheel.sha256},
                    "requires-python": ">=3.10",
                    "size": wheel.path.stat().st_size,
                    "core-metadata": {"sha256": wheel.metadata_sha256},
                }
                for wheel in own
            ],
        }
        (page / "index.json").write_text(json.dumps(document))


def write_folders(wheels: list[Wheel], root: Path) -> None:
    """Writes *wheels* into a folder a project below *root*."""
    for wheel in wheels:
        (root / wheel.project).mkdir(parents=True, exist_ok=True)
        (root / wheel.project / wheel.path.name).hardlink_to(wheel.path)
