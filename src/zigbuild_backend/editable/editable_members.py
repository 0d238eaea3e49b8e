"""The members of an editable install beside the source folders: compiled files, and files from other places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.archive.archive_writer import Entry
from ..core.project.planned_wheels import PlannedWheel
from ..core.project.project import Checkout
from ..core.project.tree_reader import read_file
from ..core.wheel.project_entries import make_entry, read_data
from ..core.wheel.spec import WheelSpec
from ..core.wheel.wheel_compiler import RefusedWheel, compile_wheels
from ..core.wheel.wheel_maker import specify
from ..core.wheel.workshop import Workshop
from ..core.zig.build_roots import Workspace
from .import_paths import find_import_paths

STORED = "stored"
"""The archive profile without compression: installers unpack such a wheel at once."""


@dataclass(frozen=True)
class EditableInstall:
    """A project and the wheel that an editable install of it is compiled as.

    ``options`` are the ``config_settings`` of the install, which also hold when it is compiled again on import.
    """

    checkout: Checkout
    wheel: PlannedWheel
    epoch: int
    options: Mapping[str, str]


@dataclass(frozen=True)
class Member:
    """A file of a wheel; ``module`` is the dotted name of an extension module, empty for other files."""

    entry: Entry
    module: str = ""

    @property
    def is_data(self) -> bool:
        """True if it is installed outside of the packages."""
        return self.entry.path.partition("/")[0].endswith(".data")


def make_members(
    install: EditableInstall, workshop: Workshop | None, workspace: Workspace | None = None
) -> tuple[WheelSpec, tuple[Member, ...]]:
    """Compile an editable install; return the specification of its wheel and its members, sorted by path.

    :raises ZigbuildError: if a module does not compile or is refused.
    """
    checkout, wheel = install.checkout, install.wheel
    project = checkout.project
    spec = specify(project, epoch=install.epoch, archive=STORED)
    compiled: dict[str, bytes] = {}
    if workshop:
        (made,) = compile_wheels(checkout, [wheel], workshop, spec, workspace)
        if isinstance(made, RefusedWheel):
            raise made.error
        spec = made.spec
        compiled.update(made.files)
    names = {module.name.replace(".", "/"): module.name for module in project.modules}
    shared = {library.path(wheel.target) for library in project.products.shared} if wheel.target else set()
    files = project.tree.by_path
    members = [
        Member(make_entry(project, path, data), "" if path in shared else names.get(path.split(".")[0], ""))
        for path, data in compiled.items()
    ]
    members += [
        Member(Entry(path, read_file(checkout.root, files[source]), files[source].is_executable))
        for path, source in find_import_paths(project).copies.items()
    ]
    members += [Member(entry) for entry in read_data(checkout)]
    return spec, tuple(sorted(members, key=lambda member: member.entry.path))
