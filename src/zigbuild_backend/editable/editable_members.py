"""What an editable install has beside the source folders: compiled modules and programs, and files from elsewhere."""

from __future__ import annotations

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
from .import_paths import find_layout

STORED = "stored"
"""The archive profile without compression: installers unpack such a wheel at once."""


@dataclass(frozen=True)
class Member:
    """A file of a wheel; ``module`` is its dotted name, empty for what is no module."""

    entry: Entry
    module: str = ""

    @property
    def is_data(self) -> bool:
        """Whether it is installed somewhere else than among the packages."""
        return self.entry.path.partition("/")[0].endswith(".data")


def make_members(
    checkout: Checkout,
    wheel: PlannedWheel,
    workshop: Workshop | None,
    *,
    epoch: int,
    workspace: Workspace | None = None,
) -> tuple[WheelSpec, tuple[Member, ...]]:
    """The members of an editable install, sorted by path, and the specification of its wheel.

    :raises ZigbuildError: with what is wrong with its modules.
    """
    spec = specify(checkout.project, epoch=epoch, archive=STORED)
    compiled: dict[str, bytes] = {}
    if workshop:
        (made,) = compile_wheels(checkout, [wheel], workshop, spec, workspace)
        if isinstance(made, RefusedWheel):
            raise made.error
        spec = made.spec
        compiled.update(made.files)
    names = {module.name.replace(".", "/"): module.name for module in checkout.project.modules}
    shared = {library.path(wheel.target) for library in checkout.project.products.shared} if wheel.target else set()
    files = checkout.project.tree.by_path
    members = [
        Member(make_entry(checkout.project, path, data), "" if path in shared else names.get(path.split(".")[0], ""))
        for path, data in compiled.items()
    ]
    members += [
        Member(Entry(path, read_file(checkout.root, files[source]), files[source].is_executable))
        for path, source in find_layout(checkout.project).copies.items()
    ]
    members += [Member(entry) for entry in read_data(checkout)]
    return spec, tuple(sorted(members, key=lambda member: member.entry.path))
