"""Audits the binaries of one wheel: each module, shared library and program must keep the promise of its tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from ..audit.binary_audit import audit_library, audit_module, audit_program
from ..audit.platform_policy import find_policy
from ..audit.promise import Promise
from ..base.errors import MismatchError, NotFoundError, Problem, ProblemList
from ..base.frozen import dataclass
from ..base.pythons import Python
from ..graph.staging import PreparedWheel
from ..graph.zig_graph import Artifact
from ..project.products import LibraryProduct, Module


@dataclass(frozen=True)
class ArtifactAudit:
    """The inputs of an audit: the wheel that artifacts must fit, and ``scripts``, its folder for programs.

    ``find_origin(symbol, module=…)`` returns the source of a module that refers to a symbol, or None.
    """

    wheel: PreparedWheel
    scripts: str
    find_origin: Callable[..., str | None]


@dataclass(frozen=True)
class AuditedFiles:
    """The audited files of one wheel (path in the wheel → content), and the problems of the audit.

    ``dropped`` has the problems of optional modules, which are left out; ``error`` has those that refuse the wheel.
    """

    files: Mapping[str, bytes]
    dropped: tuple[Problem, ...] = ()
    error: MismatchError | None = None


def audit_artifacts(artifacts: Sequence[Artifact], audit: ArtifactAudit) -> AuditedFiles:
    """Return the files of *artifacts*, with the names of musl that Alpine has, and the problems of the audit."""
    target, python = audit.wheel.target, audit.wheel.python
    shared = [artifact.product for artifact in artifacts if isinstance(artifact.product, LibraryProduct)]
    bundled = frozenset(library.path(target).rpartition("/")[2] for library in shared)
    promise = Promise(target, find_policy(target), python, _read_stable_abi(python), bundled)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    dropped: list[Problem] = []
    for artifact in artifacts:
        path, data, found = _audit(artifact, audit, promise)
        if found and artifact.is_optional:
            dropped += found
        else:
            problems += found
            files[path] = data
    return AuditedFiles(files, tuple(dropped), MismatchError.of(problems) if problems else None)


def _audit(artifact: Artifact, audit: ArtifactAudit, promise: Promise) -> tuple[str, bytes, list[Problem]]:
    """Audit one *artifact*, and return its path in the wheel, its content and its problems."""
    product, target, python = artifact.product, audit.wheel.target, audit.wheel.python
    slices = [path.read_bytes() for path in artifact.files]
    data = slices[0]
    if target.slices:
        from ..binaries.fat import render_fat

        data = render_fat(slices)
    if isinstance(product, Module):
        if target.libc == "musl" and target.musl_name.encode() in data:
            from ..binaries.elf_renaming import rename_needed_by_soname

            data = rename_needed_by_soname(data, "libc.so")
        problems = ProblemList(product.path(python, target))
        origin = partial(audit.find_origin, module=product)
        is_open = product.settings.visibility == "default"
        audit_module(data, product.name, promise, problems, origin=origin, is_open=is_open)
    elif isinstance(product, LibraryProduct):
        if target.libc == "musl":
            from ..binaries.elf_renaming import rename_needed_by_runpath

            data = rename_needed_by_runpath(data, "libc.so", target.musl_name)
        problems = ProblemList(product.path(target))
        audit_library(data, promise, problems)
    else:
        problems = ProblemList(f"{audit.scripts}/{artifact.files[0].name}")
        audit_program(data, promise, problems)
    return problems.place, data, problems.found


@cache
def _read_stable_abi(python: Python) -> frozenset[str] | None:
    """Return the symbols of a stable ABI; None if *python* is no stable ABI, or their list is not installed."""
    if not python.stable_abi:
        return None
    from ..cpython.windows_exports import read_stable_abi

    try:
        return read_stable_abi(python.minor)
    except NotFoundError:
        return None
