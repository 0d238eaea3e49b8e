"""Sources that recipes name by hash: from the store, an index or their address, unpacked and patched once."""

from __future__ import annotations

from pathlib import Path

from ..base import store_folders
from ..base.machine import Machine
from ..base.store import Store
from ..settings.recipe_model import Recipe, Source
from .downloads import fetch_url, name_download
from .sdists import fetch_file, open_patched


def name_archive(source: Source) -> str:
    """Return the file name by which the archive of *source* is kept."""
    return source.sdist or name_download(source.url)


def fetch_source(recipe: Recipe, machine: Machine) -> Path:
    """Return the archive of the source of *recipe*, downloaded if the store does not have it.

    :raises NotFoundError: if it cannot be downloaded.
    :raises MismatchError: if it has another hash than the recipe says.
    """
    release = recipe.settings.recipe
    source = release.source
    if not source.sdist:
        return fetch_url(source.url, source.sha256, machine)
    # The sdist of a library may be that of a project with another name.
    is_library = release.kind == "library"
    project = source.sdist.removesuffix(".tar.gz").rpartition("-")[0] if is_library else release.name
    return fetch_file(project, source.sdist, source.sha256, machine)


def open_source(recipe: Recipe, machine: Machine) -> Path:
    """Return the root of the source tree of *recipe*, unpacked and patched.

    :raises NotFoundError: if the archive cannot be downloaded.
    :raises MismatchError: if it has another hash than the recipe says.
    :raises ConfigurationError: if it is not a sound sdist, or a patch does not fit.
    """
    archive = fetch_source(recipe, machine)
    return open_patched(archive, recipe.patches, recipe.settings.recipe.source.sha256, machine.store)


def list_kept(recipe: Recipe, store: Store) -> list[Path]:
    """Return the paths in *store* that :func:`open_source` reads once the source was opened."""
    sha256 = recipe.settings.recipe.source.sha256
    unpatched = [store.root / store_folders.SOURCES / sha256] if recipe.patches else []
    return [store.root / store_folders.DOWNLOADS / sha256, *unpatched]
