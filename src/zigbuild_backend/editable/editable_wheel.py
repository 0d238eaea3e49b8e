"""Makes the wheel of an editable install: a path file for the source folders, a finder, and the overlay.

The overlay has the files that are not in the source folders, laid out as in a wheel: above all the compiled modules. If
the project is compiled again on import, the overlay lies in the store, else in the wheel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core.archive.archive_writer import Entry, write_wheel
from ..core.generate.installed_tools import select_tools
from ..core.project.project import Checkout
from ..core.project.versions import find_requirements
from ..core.wheel.wheel_packer import add_dist_info
from ..core.wheel.workshop import Workshop
from .editable_build import compile_into, delete_lost_projects, hold_folder, make_state_folder
from .editable_members import EditableInstall, Member, make_members
from .import_paths import find_import_paths, list_import_roots
from .kept_backend import BuildEnvironment, keep_environment

_INIT = '''\
"""The editable install of {project}: finds its files that are not in {root}."""

from .finder import install

install(
    roots={roots!r},
    overlay={overlay},
    members={members},
    rebuild={rebuild},
)
'''
_INSTALLED = Path(__file__).with_name("installed")


def make_editable(install: EditableInstall, out: Path, workshop: Workshop | None) -> Path:
    """Make the wheel of *install* into the folder *out*, and return its path.

    Without *workshop* there is no compiler, and the project must compile and generate nothing.

    :raises ZigbuildError: if a module does not compile or is refused.
    """
    checkout = install.checkout
    rebuild = None
    overlay: Path | None = None
    if workshop and checkout.project.settings.editable.rebuild:
        delete_lost_projects(workshop.zig.store)
        backend = _keep_backend(checkout, workshop)
        folder = make_state_folder(install, backend)
        overlay = folder / "overlay"
        with hold_folder(folder):
            spec, members = compile_into(folder, install, replace(workshop, zig=backend.zig))
        rebuild = {
            "project": checkout.project.metadata.name,
            "root": str(checkout.root),
            "folder": str(folder),
            "backend": [str(part) for part in backend.folders],
            "options": dict(install.options),
        }
    else:
        spec, members = make_members(install, workshop)
    entries = list(_render_entries(checkout, members, f"_{spec.name}_editable", overlay, rebuild))
    out.mkdir(parents=True, exist_ok=True)
    path = out / spec.file_name
    write_wheel(path, add_dist_info(checkout, spec, entries), mtime=install.epoch, deflate=None)
    return path


def _keep_backend(checkout: Checkout, workshop: Workshop) -> BuildEnvironment:
    requirements, headers = select_tools(checkout.project)
    versioning = find_requirements(checkout.project.settings.version, checkout.root)
    return keep_environment([*requirements, *versioning], headers, workshop.zig)


def _render_entries(
    checkout: Checkout,
    members: Sequence[Member],
    name: str,
    overlay: Path | None,
    rebuild: Mapping[str, Any] | None,
) -> Iterator[Entry]:
    """Yield the entries of the wheel. *overlay* is the folder of the members, None if they are in the wheel itself."""
    project = checkout.project
    lines = [str(checkout.root / folder) for folder in find_import_paths(project).folders]
    yield from (member.entry for member in members if member.is_data)
    members = [member for member in members if not member.is_data]
    if members:
        lines += [str(overlay or f"{name}/overlay"), f"import {name}"]
        names = {member.entry.path: member.module for member in members}
        text = _INIT.format(
            project=project.metadata.name,
            root=checkout.root,
            roots=list_import_roots(filter(None, names.values()), names, project.contents),
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
