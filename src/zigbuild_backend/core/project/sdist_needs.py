"""What a build reads and would not find in the sdist: a file that git ignores, or that the settings exclude."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.errors import Problem
from ..settings.model import Settings
from ..settings.product_tables import Extension
from .core_metadata import Metadata
from .source_tree import SourceTree, match_globs

_KEEP = "narrow 'exclude' in [tool.zigbuild.sdist], or name it in 'include' there"


def find_left_out(metadata: Metadata, settings: Settings, tree: SourceTree) -> Iterator[Problem]:
    """A problem for each file that a build from the sdist of *tree* would miss."""
    for where, patterns in _find_patterns(settings):
        for path in match_globs(patterns, tree.excluded):
            yield Problem(f"{path!r} is needed, and excluded from the sdist", f"tool.zigbuild.{where}", _KEEP)
    for where, path in _find_texts(metadata, settings):
        if path not in tree.by_path and path not in tree.excluded:
            hint = "does git ignore it? 'include' in [tool.zigbuild.sdist] lets it in"
            yield Problem(f"{path!r} is no part of the project", where, hint)
        elif path not in tree.by_path:
            yield Problem(f"{path!r} is needed, and excluded from the sdist", where, _KEEP)


def _find_patterns(settings: Settings) -> Iterator[tuple[str, Sequence[str]]]:
    """What settings name, with their places: paths and globs that name files."""
    tables = (("extension", settings.extension), ("library", settings.library), ("executable", settings.executable))
    for kind, products in tables:
        for index, product in enumerate(products):
            place = f"{kind}[{index}]"
            additions = [(f"{place}.on[{number}]", table) for number, table in enumerate(product.on)]
            for part, inputs in ((place, product), *additions):
                yield f"{part}.sources", inputs.sources
                yield f"{part}.objects", inputs.objects
            for number, header in enumerate(product.config_header):
                yield f"{place}.config-header[{number}].template", [header.template]
            if isinstance(product, Extension):
                yield f"{place}.translate", product.translate
    for index, generator in enumerate(settings.generate):
        yield f"generate[{index}].sources", generator.sources
        yield f"generate[{index}].inputs", generator.inputs
    yield "build-file", [settings.build_file]
    yield "wheel.scripts", settings.wheel.scripts
    yield "wheel.headers", settings.wheel.headers
    yield "wheel.include", [source for source, _ in settings.wheel.include]
    yield "wheel.data", [source for source, _ in settings.wheel.data]


def _find_texts(metadata: Metadata, settings: Settings) -> Iterator[tuple[str, str]]:
    """The files that metadata is read from, with what names them."""
    yield from (("project.license-files", path) for path in metadata.license_files)
    if metadata.readme:
        yield "project.readme", metadata.readme
    for index, fragment in enumerate(settings.readme.fragments if settings.readme else ()):
        if fragment.path:
            yield f"tool.zigbuild.readme.fragments[{index}].path", fragment.path
