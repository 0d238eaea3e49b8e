"""What can be set: the single source of the parser, the JSON schema, and of every page that lists the settings.

A field's name is the key in TOML with ``_`` for ``-``, its annotation is its type, its ``doc`` says what it does and
its ``rule`` (a function of :mod:`.rules`) what its values must look like.
"""

from __future__ import annotations

from typing import Literal

from ..base.frozen import dataclass
from ..base.pins import DEFAULT_ZIG
from . import rules
from .contents import Editable, Readme, SdistContents, VersionSource, WheelContents
from .fields import setting
from .generators import Generator
from .product_tables import Dependency, Executable, Extension, Library

Optimize = Literal["fast", "safe", "small", "debug"]


@dataclass(frozen=True)
class Settings:
    """``[tool.zigbuild]``."""

    zig: str = setting("the exact version of zig, one of those supported", rule=rules.zig_version, default=DEFAULT_ZIG)
    minimum_version: str = setting(
        "the oldest zigbuild-backend that understands this table; ``build-system.requires`` for the one named there",
        rule=rules.minimum_version,
        default="",
    )
    targets: tuple[str, ...] = setting(
        "the matrix's platforms: platform tags and the groups manylinux, musllinux, linux, macos, windows, all",
        rule=rules.target,
        default=("all",),
    )
    pythons: tuple[str, ...] = setting(
        "the matrix's Pythons, such as ``cp312`` and ``cp313t``; default: all that ``requires-python`` admits",
        rule=rules.python,
        default=(),
    )
    packages: tuple[str, ...] = setting(
        "folders of packages and single modules that go into the wheel; default: found by the project's name",
        rule=rules.path,
        default=(),
    )
    optimize: Optimize = setting("the compiler's mode", default="fast")
    build_file: str = setting(
        "the project's own build.zig, used instead of one that is generated", rule=rules.path, default=""
    )
    extension: tuple[Extension, ...] = setting("the extension modules", default=())
    library: tuple[Library, ...] = setting("static libraries that they link, and shared ones", default=())
    executable: tuple[Executable, ...] = setting("programs", default=())
    dependency: tuple[Dependency, ...] = setting("Zig packages", default=())
    generate: tuple[Generator, ...] = setting("sources that are generated", default=())
    version: VersionSource | None = setting("where the version comes from, if it is dynamic", default=None)
    readme: Readme | None = setting("what the readme is put together from, if it is dynamic", default=None)
    sdist: SdistContents = setting("what is part of the project, and so of the sdist", default=SdistContents())
    wheel: WheelContents = setting("what goes into the wheels", default=WheelContents())
    editable: Editable = setting("what an editable install does", default=Editable())
