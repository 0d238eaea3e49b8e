"""The packages of headers that need macros, or sources that are compiled with them."""

from __future__ import annotations

from ..base.frozen import dataclass


@dataclass(frozen=True)
class Binding:
    """A package whose ``sources``, relative to its headers, are compiled once for each wheel.

    ``free_threaded_macro`` is defined wherever its headers are included for a free-threaded Python.
    """

    sources: tuple[str, ...]
    flags: tuple[str, ...]
    free_threaded_macro: str


BINDINGS = {
    "nanobind": Binding(
        ("src/nb_combined.cpp",),
        (
            *("-std=c++17", "-fno-strict-aliasing", "-ffunction-sections", "-fdata-sections"),
            *("-DNB_BUILD", "-DNDEBUG", "-DNB_COMPACT_ASSERTIONS"),
            "-includecstdio",  # its sources get it from Python.h, except from that of the limited API
        ),
        "NB_FREE_THREADED",
    )
}
"""The packages with sources, by the names of their projects."""

EXPORT_MACROS = {"pybind11": "PYBIND11_EXPORT_EXCEPTION"}
"""The macros by which headers would export more of a module than its init function: they are defined as empty."""
