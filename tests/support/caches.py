"""Caches of the user that tests lend to a store of their own: to make the C runtimes of Windows anew takes minutes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from zigbuild_backend.core.base.store import default_store

MINGW = "libc/mingw/"
LINKED = {
    *(f"crt/{name}.c" for name in ("CRT_fp10", "cinitexe", "crtdll", "gccmain", "mingw_helpers", "natstart", "pesect")),
    *(f"crt/{name}.c" for name in ("pseudo-reloc", "pseudo-reloc-list", "tlsmcrt", "tlssup", "tlsthrd")),
    *(f"misc/{name}.c" for name in ("dllmain", "ucrt_amsg_exit")),
    *(f"stdio/ucrt_{name}.c" for name in ("__local_stdio_printf_options", "fprintf", "vfprintf")),
}
"""The sources in that folder, the runtime of Windows, that get into a module in C, by lld's map of one for this zig."""


def share_runtimes(cache: Path, names: Iterable[str] = ("zig", "ziglang")) -> None:
    """Let the store in the new folder *cache* have some of the user's caches, as links: zig's own are the default."""
    store = default_store(os.environ)
    cache.mkdir(parents=True)
    for name in names:
        (cache / name).symlink_to(store.folder(name))


def lend_objects(own: Path, other: Path) -> None:
    """Copy what modules are not linked with, of the runtime of Windows, from one cache of zig into another.

    zig compiles all its 400 files before it links one module, which takes minutes, and far more where it is emulated. A
    cache says nothing of the host that filled it, but the library of zig must have the same path.
    """
    (other / "h").mkdir(parents=True, exist_ok=True)
    lent: set[str] = set()
    for manifest in own.glob("h/*.txt"):
        names = manifest.read_text().splitlines()
        sources = {name.partition(MINGW)[2] for name in names if MINGW in name and name.endswith((".c", ".S"))}
        if not sources & LINKED:
            lent |= sources
            if sources and not (other / "h" / manifest.name).exists():
                shutil.copy2(manifest, other / "h")
    stems = {Path(source).stem for source in lent} - {Path(source).stem for source in LINKED}
    for made in own.glob("o/*/*.obj"):
        folder = other / "o" / made.parent.name
        if made.stem in stems and not folder.exists():
            shutil.copytree(made.parent, folder)
