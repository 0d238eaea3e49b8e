"""Finds files that a build needs but the sdist lacks, since git ignores them or the settings exclude them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.errors import ProblemList
from ..settings import TABLE
from ..settings.model import Settings
from ..settings.product_tables import Extension
from .core_metadata import Metadata
from .globs import match_globs
from .source_tree import SourceTree

_KEEP = "narrow 'exclude' in [tool.zigbuild.sdist], or name the file in 'include' there"


def check_needs(metadata: Metadata, settings: Settings, tree: SourceTree, problems: ProblemList) -> None:
    """Add a problem for each file that a build from the sdist of *tree* would miss."""
    for place, patterns in _list_patterns(settings, problems.at(TABLE)):
        for path in match_globs(patterns, tree.excluded):
            place.add(f"{path!r} is needed by the build, but excluded from the sdist", _KEEP)
    for place, path in _list_texts(metadata, settings, problems):
        if path not in tree.by_path and path not in tree.excluded:
            hint = "if git ignores it, name it in 'include' of [tool.zigbuild.sdist]"
            place.add(f"{path!r} is no part of the project", hint)
        elif path not in tree.by_path:
            place.add(f"{path!r} is needed by the build, but excluded from the sdist", _KEEP)


def _list_patterns(settings: Settings, problems: ProblemList) -> Iterator[tuple[ProblemList, Sequence[str]]]:
    """Yield the paths and globs of files in *settings*, each list after the place of its key."""
    tables = (("extension", settings.extension), ("library", settings.library), ("executable", settings.executable))
    for kind, products in tables:
        for place, product in problems.each(kind, products):
            for part, inputs in ((place, product), *place.each("on", product.on)):
                yield part.at("sources"), inputs.sources
                yield part.at("objects"), inputs.objects
            for header_place, header in place.each("config-header", product.config_header):
                yield header_place.at("template"), [header.template]
            if isinstance(product, Extension):
                yield place.at("translate"), product.translate
    for place, generator in problems.each("generate", settings.generate):
        yield place.at("sources"), generator.sources
        yield place.at("inputs"), generator.inputs
    wheel = problems.at("wheel")
    yield problems.at("build-file"), [settings.build_file]
    yield wheel.at("scripts"), settings.wheel.scripts
    yield wheel.at("headers"), settings.wheel.headers
    yield wheel.at("include"), [source for source, _ in settings.wheel.include]
    yield wheel.at("data"), [source for source, _ in settings.wheel.data]


def _list_texts(metadata: Metadata, settings: Settings, problems: ProblemList) -> Iterator[tuple[ProblemList, str]]:
    """Yield the files that metadata is read from, each after the place of its key."""
    yield from ((problems.at("project.license-files"), path) for path in metadata.license_files)
    if metadata.readme:
        yield problems.at("project.readme"), metadata.readme
    if settings.readme:
        for place, fragment in problems.at(TABLE).each("readme.fragments", settings.readme.fragments):
            if fragment.path:
                yield place.at("path"), fragment.path
