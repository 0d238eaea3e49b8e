"""Makes wheels: compiles those of a plan in one graph, and packs each with the project's files.

The modules that pack are imported while zig runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..archive.deflate.effort import PROFILE
from ..base.backend_digest import read_backend
from ..base.errors import ZigbuildError
from ..base.frozen import dataclass
from ..project.planned_wheels import PURE_TAG, PlannedWheel
from ..project.project import Checkout, Project
from .spec import WheelSpec
from .wheel_compiler import RefusedWheel, compile_wheels
from .workshop import Workshop

if TYPE_CHECKING:
    from .wheel_packer import WheelPacker


@dataclass(frozen=True)
class Outcome:
    """The result of a planned wheel: its file with size in bytes and sha256 (hex), or the error that prevents it."""

    wheel: PlannedWheel
    path: Path | None = None
    size: int = 0
    sha256: str = ""
    error: ZigbuildError | None = None

    @property
    def file_name(self) -> str:
        """The name of the file, empty after an error."""
        return self.path.name if self.path else ""


def make_wheels(
    checkout: Checkout, wheels: Collection[PlannedWheel], out: Path, workshop: Workshop, *, epoch: int
) -> Iterator[Outcome]:
    """Make *wheels* into the folder *out*, and yield the outcome of each as it is done.

    :raises ZigbuildError: if no wheel can be made, for a reason that all share.
    """
    yield from (Outcome(wheel, error=wheel.obstacle) for wheel in wheels if wheel.obstacle)
    possible = [wheel for wheel in wheels if not wheel.obstacle]
    if not possible:
        return
    base = specify(checkout.project, epoch=epoch, archive=PROFILE)
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:

        @cache
        def open_packer() -> WheelPacker:
            from .wheel_packer import WheelPacker

            return stack.enter_context(WheelPacker(checkout, workshop.zig))

        for made in compile_wheels(checkout, possible, workshop, base, meanwhile=open_packer):
            if isinstance(made, RefusedWheel):
                workshop.report(made.wheel.identifier, "failed")
                yield Outcome(made.wheel, error=made.error)
                continue
            path = out / made.spec.file_name
            size, sha256 = open_packer().pack(path, made.spec, made.files)
            workshop.report(made.wheel.identifier, "packed")
            yield Outcome(made.wheel, path, size, sha256)


def specify(project: Project, *, epoch: int, archive: str) -> WheelSpec:
    """Return the specification of a wheel without modules, which the specifications of compiled wheels extend."""
    return WheelSpec(
        name=project.metadata.file_name.rsplit("-", 1)[0],
        version=project.metadata.version,
        tag=PURE_TAG,
        source=project.tree.digest,
        recipe=project.recipe_digest,
        overrides=project.overrides,
        backend=read_backend(),
        requirements=project.requirements,
        archive=archive,
        epoch=epoch,
    )
