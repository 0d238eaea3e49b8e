"""``recipe.toml``: the settings of a release of another author, and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from ..base.errors import ConfigurationError, ProblemList
from ..base.frozen import dataclass
from . import rules
from .contents import SdistContents
from .contradictions import check_contradictions
from .fields import setting
from .model import Settings
from .parser import parse_table

FILE_NAME = "recipe.toml"
PREFIX = f"{FILE_NAME}: "
"""The place in messages that the keys of a recipe are in."""


@dataclass(frozen=True)
class Source:
    """``recipe.source``: the archive of the source, by name or by address, and its hash."""

    sha256: str = setting("the sha256 of the file, in hex", rule=rules.sha256)
    sdist: str = setting(
        "the file name of the sdist, found in the indexes that pip is configured with",
        rule=rules.sdist_name,
        default="",
    )
    url: str = setting("the http, https or file URL of a ``.tar.gz``", rule=rules.url, default="")


@dataclass(frozen=True)
class Release:
    """``[recipe]``: the release that the recipe builds."""

    name: str = setting("the name, as upstream writes it", rule=rules.project_name)
    version: str = setting("the version", rule=rules.version)
    source: Source = setting("the source: ``sdist`` or ``url``, and ``sha256``")
    kind: Literal["package", "library"] = setting(
        "the result: a ``package``, or with a single ``library`` table a ``library`` that others link",
        default="package",
    )
    metadata: Literal["sdist"] = setting(
        "METADATA of the wheels: the PKG-INFO of the ``sdist``, unchanged", default="sdist"
    )
    patches: tuple[str, ...] = setting(
        "unified diffs beside recipe.toml, applied in this order, without the first folder of each path",
        rule=rules.path,
        default=(),
    )


@dataclass(frozen=True)
class Suite:
    """``[test]``: the tests of upstream, run against a wheel."""

    requires: tuple[str, ...] = setting("the requirements of the tests", rule=rules.requirement, default=())
    command: str = setting("the command that runs them, in the source tree", default="")


@dataclass(frozen=True, kw_only=True)
class RecipeSettings(Settings):
    """The whole ``recipe.toml``: the keys of ``[tool.zigbuild]`` at its top level, and two tables of its own."""

    recipe: Release = setting("the release, and its source")
    test: Suite = setting("the tests of upstream", default=Suite())


@dataclass(frozen=True)
class Recipe:
    """A ``recipe.toml`` with its patches; ``digest`` is the sha256 (hex) of all its files, as a tree.

    ``text`` is the content of the file, and ``overrides`` has the values that replace some of it, as ``KEY=VALUE``.
    ``libraries`` has the recipes of the libraries that it links, by their names.
    """

    settings: RecipeSettings
    patches: Mapping[str, bytes]
    digest: str
    overrides: tuple[str, ...] = ()
    text: bytes = b""
    libraries: Mapping[str, Recipe] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """Its files, path → content, those of libraries in folders of their own."""
        files = {FILE_NAME: self.text, **self.patches}
        for table in self.settings.library:
            if recipe := self.libraries.get(table.name):
                files.update((f"{table.recipe}/{path}", data) for path, data in recipe.files.items())
        return files


def parse_recipe(table: object, file: str = FILE_NAME) -> RecipeSettings:
    """Return the settings in *table*, the whole of a ``recipe.toml``, which messages call *file*.

    :raises ConfigurationError: naming every unknown key, wrong type and impossible value in it.
    """
    problems = ProblemList(f"{file}: ")
    settings = parse_table(RecipeSettings, table, problems)
    if settings is not None:
        check_contradictions(settings, problems)
        for name in ("version", "readme", "sdist"):
            if getattr(settings, name) not in (None, SdistContents()):
                hint = "remove it: the source is a release, with its metadata"
                problems.at(name).add("cannot be set in a recipe", hint)
        source = settings.recipe.source
        if bool(source.sdist) == bool(source.url):
            hint = "write 'sdist' for a file of an index, else 'url'"
            problems.at("recipe.source").add("needs either 'sdist' or 'url'", hint)
        if settings.recipe.kind == "library" and not _is_single_library(settings):
            hint = "write one [[library]] with its sources, and no other table that is compiled"
            problems.at("recipe.kind").add("a recipe of kind 'library' has a single library", hint)
    if settings is None or problems:
        raise ConfigurationError.of(problems.found)
    return settings


def _is_single_library(settings: RecipeSettings) -> bool:
    has_others = settings.extension or settings.executable or settings.dependency or settings.generate
    return not has_others and [table.recipe for table in settings.library] == [""]
