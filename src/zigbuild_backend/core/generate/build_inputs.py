"""Prepares the inputs of a build that are not files of the project: generated files, and headers of other packages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from ..base import store_folders
from ..base.backend_digest import read_backend
from ..base.errors import ConfigurationError, NotFoundError, Problem
from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.store import digest_tree, temporary_folder
from ..base.targets import Target
from ..project.generations import Generation
from ..project.project import Checkout, Project
from ..zig.support_folders import GENERATED, HEADERS, name_generated
from .facts import describe_project, describe_python, describe_target
from .generator_runs import GeneratorEnvironment, run_generation
from .installed_tools import canonicalize
from .package_headers import read_headers

_PACKAGE_MARKS = ("__init__.py", "__init__.pyx", "__init__.pxd")


@dataclass(frozen=True)
class BuildInputs:
    """Files (path → content) and folders (path → folder on this machine), by their paths beside build.zig.

    ``headers`` are the digests of the headers of each package, by its name.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()


NO_INPUTS = BuildInputs()


def prepare_inputs(
    checkout: Checkout, wheels: Collection[tuple[Target, Python]], environment: GeneratorEnvironment
) -> BuildInputs:
    """Return the generated files and the headers of other packages that *wheels* are compiled with.

    :raises ToolchainError: with what a generator said that failed.
    :raises NotFoundError: if a package has no headers.
    """
    files: dict[str, bytes] = {}
    for generation in checkout.project.generations:
        inputs = _read_inputs(generation, checkout, files)
        for prefix, facts in _list_facts(generation, checkout.project, wheels, environment.epoch):
            made = _generate(generation, inputs, facts, environment)
            _check_those_there(made, checkout.project, generation.where)
            files |= {prefix + path: data for path, data in made.items()}
    headers = {
        name: read_headers(name, environment.tools.find(name)) for name in checkout.project.products.headers_from
    }
    folders = {
        f"{HEADERS}/{name}": environment.store.keep_tree(store_folders.HEADERS, found)
        for name, found in headers.items()
    }
    digests = {canonicalize(name): digest_tree(found) for name, found in headers.items()}
    return BuildInputs(files, folders, tuple(sorted(digests.items())))


def _check_those_there(made: Mapping[str, bytes], project: Project, where: str) -> None:
    """Refuse files among *made* that differ from files of the project at the same paths.

    :raises ConfigurationError: with all of them."""
    problems = [
        Problem(
            f"{path!r} is in the project, and is not what is generated now",
            where,
            "delete it, and have git ignore it: the build needs no such file in the source tree",
        )
        for path, data in made.items()
        if path in project.tree.by_path and project.tree.by_path[path].sha256 != hashlib.sha256(data).hexdigest()
    ]
    if problems:
        raise ConfigurationError.of(problems)


def generate_contents(checkout: Checkout, environment: GeneratorEnvironment) -> dict[str, bytes]:
    """Return the generated files that every wheel of the project holds: path in the wheel → content.

    :raises ToolchainError: with what a generator said that failed.
    """
    if not checkout.project.generated:
        return {}
    files: dict[str, bytes] = {}
    for generation in (
        generation for generation in checkout.project.generations if generation.settings.per == "project"
    ):
        inputs = _read_inputs(generation, checkout, files)
        for _, facts in _list_facts(generation, checkout.project, (), environment.epoch):
            files |= _generate(generation, inputs, facts, environment)
    return {path: files[output] for path, output in checkout.project.generated.items()}


def _read_inputs(generation: Generation, checkout: Checkout, generated: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the inputs of a generator (path → content): files of the tree, and outputs of earlier generators."""
    inputs = {}
    for path in generation.inputs:
        if path in checkout.project.tree.by_path:
            inputs[path] = checkout.read(path)
        elif path in generated:
            inputs[path] = generated[path]
        else:
            hint = "list the table that makes it first, and let it make it once for the project"
            raise NotFoundError("is generated later, or for each target", where=path, hint=hint)
    if generation.settings.with_ == "cython":
        # By these files Cython sees what is a package; what is in them does not matter to it.
        folders = {path.rpartition("/")[0] for path in inputs}
        parents = {"/".join(folder.split("/")[:end]) for folder in folders for end in range(1, folder.count("/") + 2)}
        for mark in (f"{folder}/{name}" for folder in parents for name in _PACKAGE_MARKS):
            if mark in checkout.project.tree.by_path:
                inputs.setdefault(mark, b"")
    return inputs


def _list_facts(
    generation: Generation, project: Project, wheels: Collection[tuple[Target, Python]], epoch: int
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the prefix of the outputs and the environment variables for each run of a generator."""
    facts = describe_project(project.metadata.name, project.metadata.version) | {"SOURCE_DATE_EPOCH": str(epoch)}
    if generation.settings.per == "project":
        yield "", facts
        return
    runs: dict[str, dict[str, str]] = {}
    for target, python in wheels:
        for part in target.slices or (target,):
            told = facts | describe_target(part)
            if generation.settings.per == "wheel":
                told |= describe_python(python)
            runs.setdefault(f"{GENERATED}/{name_generated(generation.settings.per, python, target, part)}/", told)
    yield from runs.items()


def _generate(
    generation: Generation, inputs: Mapping[str, bytes], facts: Mapping[str, str], environment: GeneratorEnvironment
) -> dict[str, bytes]:
    """Return the outputs of one run, from the store if it has run with the same inputs before."""
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(inputs.items())}
    is_told = generation.settings.with_ in ("template", "command")
    asked = [
        *(repr(generation.settings), generation.sources, generation.outputs, generation.module, digests),
        *(dict(facts) if is_told else {}, environment.tools.requirements, read_backend()),
    ]
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def make(folder: Path) -> None:
        with temporary_folder(folder.parent) as scratch:
            made = run_generation(generation, inputs, facts, environment, scratch)
        for path, data in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)

    kept = environment.store.keep((store_folders.GENERATED, key), make)
    return {path.relative_to(kept).as_posix(): path.read_bytes() for path in sorted(kept.rglob("*")) if path.is_file()}
