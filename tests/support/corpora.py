"""Other projects' own test data: unpacked from their sdists, which are found in the indexes of this machine.

They are kept in the folder that :func:`debian.find_cache` gives, and never fetched again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from debian import find_cache
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.fetch.sdists import fetch_file, open_sdist


def open_corpus(name: str, version: str, sha256: str) -> Path:
    """Return the tree of the sdist of a release; skip the test where it cannot be had."""
    store = Store(find_cache() / "corpora")
    try:
        return open_sdist(
            fetch_file(name, f"{name.replace('-', '_')}-{version}.tar.gz", sha256, Machine(store, os.environ)), store
        )
    except NotFoundError as error:
        pytest.skip(f"no {name} {version} here: {error.problems[0].message}")
