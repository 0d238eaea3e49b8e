"""The files that build.zig reads beside those of the project: CPython, headers of other packages, what is generated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..cpython.header_sets import HeaderSet
from ..cpython.pyconfig import read_pyconfig
from ..cpython.zig_translation import obtain_translated_headers, read_translation_files
from ..generate.build_inputs import NO_INPUTS, BuildInputs
from ..zig.support_folders import EXPORTS, INCLUDE, PYCONFIG, TRANSLATED
from .graph import Graph
from .runtime_sources import read_runtime_sources


@dataclass(frozen=True)
class SupportFiles:
    """``files`` (path → content) and ``folders`` (path → folder on this machine), by their paths beside build.zig."""

    files: Mapping[str, bytes]
    folders: Mapping[str, Path]


def collect_support(
    graph: Graph,
    headers: Mapping[str, HeaderSet],
    definitions: Mapping[Python, str],
    inputs: BuildInputs = NO_INPUTS,
) -> SupportFiles:
    """Return what the build.zig of *graph* reads beside the project.

    *headers* are header sets by CPython's version (``3.13``), *definitions* the texts of module-definition files for
    import libraries, *inputs* what is generated and the headers of other packages.
    """
    files = {**graph.headers, **read_runtime_sources()}
    folders = {f"{INCLUDE}/{version}": found.folder for version, found in headers.items()}
    for python, text in definitions.items():
        files[f"{EXPORTS}/{python}.def"] = text.encode()
    if graph.products.modules:
        for system in ("posix", "windows"):
            files[f"{PYCONFIG}/{system}/pyconfig.h"] = read_pyconfig(system)
    if graph.has_zig:
        files.update((f"{TRANSLATED}/{path}", content) for path, content in read_translation_files().items())
        for version, found in headers.items():
            folders[f"{TRANSLATED}/{version}"] = obtain_translated_headers(found)
    return SupportFiles(files | inputs.files, folders | inputs.folders)
