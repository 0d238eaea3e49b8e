"""Makes the wheel of an editable install: a path file for the source folders, a finder, and the overlay.

The overlay has what is not in the source folders, as a wheel would have it: above all the compiled modules. Where the
project is compiled again on import, it lies in the store, else in the wheel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core.archive.archive_writer import Entry, write_wheel
from ..core.generate.installed_tools import select_tools
from ..core.project.planned_wheels import PlannedWheel
from ..core.project.project import Checkout
from ..core.project.versions import find_requirements
from ..core.wheel.wheel_packer import add_dist_info
from ..core.wheel.workshop import Workshop
from .editable_build import compile_into, find_folder, forget_lost_projects, wait_for
from .editable_members import Member, make_members
from .import_paths import find_layout, find_roots
from .kept_backend import keep_environment

_INIT = '''\
"""The editable install of {project}: finds what of it is not in {root}."""

from .finder import install

install(
    roots={roots!r},
    overlay={overlay},
    members={members},
    rebuild={rebuild},
)
'''
_INSTALLED = Path(__file__).with_name("installed")


def make_editable(
    checkout: Checkout,
    wheel: PlannedWheel,
    out: Path,
    workshop: Workshop | None,
    *,
    epoch: int,
    options: Mapping[str, str],
) -> Path:
    """Makes the editable wheel of the project in *root* into the folder *out*, and gives its path.

    Without *workshop* there is no compiler, and the project must have no modules. *options* are the settings given for
    this install, and for what it compiles on import, if it does.

    :raises ZigbuildError: with what is wrong with its modules.
    """
    rebuild = None
    overlay: Path | None = None
    if workshop and checkout.project.settings.editable.rebuild:
        forget_lost_projects(workshop.zig.store)
        requirements, headers = select_tools(checkout.project)
        versioning = find_requirements(checkout.project.settings.version, checkout.root)
        backend = keep_environment([*requirements, *versioning], headers, workshop.zig)
        workshop = replace(workshop, zig=backend.zig)
        folder = find_folder(checkout.root, wheel, backend, options)
        overlay = folder / "overlay"
        with wait_for(folder):
            spec, members = compile_into(folder, checkout, wheel, workshop, epoch=epoch)
        rebuild = {
            "project": checkout.project.metadata.name,
            "root": str(checkout.root),
            "folder": str(folder),
            "backend": [str(part) for part in backend.folders],
            "options": dict(options),
        }
    else:
        spec, members = make_members(checkout, wheel, workshop, epoch=epoch)
    entries = list(_render(checkout, members, f"_{spec.name}_editable", overlay, rebuild))
    out.mkdir(parents=True, exist_ok=True)
    path = out / spec.file_name
    write_wheel(path, add_dist_info(checkout, spec, entries), mtime=epoch, deflate=None)
    return path


def _render(
    checkout: Checkout,
    members: Sequence[Member],
    name: str,
    overlay: Path | None,
    rebuild: Mapping[str, Any] | None,
) -> Iterator[Entry]:
    """The entries of the wheel; *overlay* is where the members are kept, None for the wheel itself."""
    lines = [str(checkout.root / folder) for folder in find_layout(checkout.project).folders]
    yield from (member.entry for member in members if member.is_data)
    members = [member for member in members if not member.is_data]
    if members:
        lines += [str(overlay or f"{name}/overlay"), f"import {name}"]
        names = {member.entry.path: member.module for member in members}
        text = _INIT.format(
            project=checkout.project.metadata.name,
            root=checkout.root,
            roots=find_roots(filter(None, names.values()), names, checkout.project.contents),
            overlay=repr(str(overlay)) if overlay else '__path__[0] + "/overlay"',
            members=names,
            rebuild=rebuild,
        )
        yield Entry(f"{name}/__init__.py", text.encode())
        for part in ("finder", "resources", *(("rebuilding", "state") if rebuild else ())):
            yield Entry(f"{name}/{part}.py", (_INSTALLED / f"{part}.py").read_bytes())
        if not overlay:
            yield from (replace(member.entry, path=f"{name}/overlay/{member.entry.path}") for member in members)
    yield Entry(f"{name}.pth", "".join(f"{line}\n" for line in lines).encode())
