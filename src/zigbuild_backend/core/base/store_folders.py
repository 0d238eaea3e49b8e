"""The names of the folders of a store, each of which holds entries of one kind.

Unless stated otherwise an entry is named by a digest of its inputs, and never changes.
"""

from __future__ import annotations

BACKENDS = "backends"
"""Other versions of this backend, unpacked, for rebuilds."""

BYTECODE = "bytecode"
"""Compiled bytecode of the environments of rebuilds, by environment and interpreter."""

COMPILE_COMMANDS = "compile-commands"
"""Folders with the ``pyconfig.h`` that compile_commands.json refers to."""

DEFLATE = "deflate"
"""The native deflater, by its source and the version of zig."""

DOWNLOADS = "downloads"
"""Downloaded files, under their own names in a folder named by the sha256."""

EDITABLE = "editable"
"""The state of editable installs, which changes with each rebuild of one."""

EDITABLE_ENVIRONMENTS = "editable-environments"
"""Copies of the build environment that editable installs are rebuilt in."""

ENVIRONMENTS = "environments"
"""The packages that a rebuild runs with."""

EXPORTS = "exports"
"""Module-definition files of the DLLs of CPython for Windows."""

GENERATED = "generated"
"""Outputs of generators; a folder in the work folder of a project."""

HEADERS = "headers"
"""Header sets of CPython, and the headers of other packages."""

IMPORTS = "imports"
"""Scratch folders of ``zigbuild import``."""

LIBRARIES = "libraries"
"""Single packages that every rebuild needs."""

METADATA = "metadata"
"""Core metadata of projects, by the texts that it is made of."""

PRIMED = "primed"
"""Notes of the targets that caches were primed for before rebuilds, by environment and zig."""

PRIMING = "priming"
"""The projects with an empty module that are built to prime caches."""

PYCONFIG = "pyconfig"
"""Folders with a ``pyconfig.h``."""

RECIPES = "recipes"
"""Recipes that wheels of an index were built by."""

SDKS = "sdks"
"""Digests of SDKs of macOS."""

SOURCES = "sources"
"""Source trees of sdists, unpacked, with patches applied where there are some."""

TEMPORARY = "tmp"
"""Scratch folders without any other purpose."""

TOOLS = "tools"
"""Build requirements of projects, installed for rebuilds."""

TRANSLATED_HEADERS = "translated-headers"
"""Header sets in the form that is shown to zig."""

VERIFY = "verify"
"""Scratch folders of ``zigbuild verify``."""

WORK = "work"
"""The work folders of projects, by their names: build roots, and caches of zig that change with each build."""

ZIG = "zig"
"""zig's global cache."""

ZIG_LIBRARY = "zig-lib"
"""Copies of zig's library, which backends before 0.2 make for Windows."""

ZIG_LOCAL = "zig-local"
"""zig's local cache, for commands outside of a project."""

ZIGLANG = "ziglang"
"""The ``ziglang`` package, unpacked, by its version."""
