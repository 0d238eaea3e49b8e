"""The settings: the single source of their parser, of the JSON schema, and of the reference in the documentation.

The name of a field is the key in TOML with ``_`` for ``-``, its annotation is the type, its ``doc`` the documentation,
and its ``rule`` (a function of :mod:`.rules`) checks the values.
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
        "the oldest zigbuild-backend that understands this table; ``build-system.requires`` for the one required there",
        rule=rules.minimum_version,
        default="",
    )
    targets: tuple[str, ...] = setting(
        "the targets of the matrix: platform tags, and the groups manylinux, musllinux, linux, macos, windows, all",
        rule=rules.target,
        default=("all",),
    )
    pythons: tuple[str, ...] = setting(
        "the Pythons of the matrix, such as ``cp312`` and ``cp313t``; default: all that ``requires-python`` admits",
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
    library: tuple[Library, ...] = setting("static and shared libraries", default=())
    executable: tuple[Executable, ...] = setting("programs", default=())
    dependency: tuple[Dependency, ...] = setting("Zig packages", default=())
    generate: tuple[Generator, ...] = setting("files that are generated", default=())
    version: VersionSource | None = setting("the source of the version, if it is dynamic", default=None)
    readme: Readme | None = setting("the pieces of the readme, if it is dynamic", default=None)
    sdist: SdistContents = setting("the files of the project, and of the sdist", default=SdistContents())
    wheel: WheelContents = setting("the contents of the wheels", default=WheelContents())
    editable: Editable = setting("the behaviour of editable installs", default=Editable())
