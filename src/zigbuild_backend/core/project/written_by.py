"""The versions of the installed libraries that write METADATA, since another version can write it differently."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path


@cache
def written_by() -> tuple[str, ...]:
    """Return the libraries that write METADATA as ``name==version``."""
    import packaging

    return (f"packaging=={packaging.__version__}", f"pyproject-metadata=={_find_version('pyproject_metadata')}")


def _find_version(module: str) -> str:
    """Return the version of an installed *module*: by its ``.dist-info``, which is quicker than importing it."""
    spec = importlib.util.find_spec(module)
    if spec and spec.origin:
        found = list(Path(spec.origin).parents[1].glob(f"{module}-*.dist-info"))
        if len(found) == 1:
            return found[0].name[len(module) + 1 : -len(".dist-info")]
    import pyproject_metadata

    return pyproject_metadata.__version__
