"""The targets: platform tags, each with its triple for zig and its name in the file names of CPython.

The tags are those of PEP 600 (manylinux), PEP 656 (musllinux) and PEP 425, the triples and the lowest versions of glibc
those that zig 0.15 to 0.17 compile and link for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .errors import ConfigurationError
from .frozen import dataclass
from .suggestions import suggest


@dataclass(frozen=True)
class Target:
    """A platform that wheels are made for.

    ``arch`` is spelt as in the platform tag (``i686``, ``armv7l``), but ``x86_64`` for ``amd64``; ``libc`` is
    ``glibc``, ``musl``, ``libSystem`` or ``ucrt``. ``coff_machine`` is the name of a machine of Windows in ``dlltool
    -m``. ``slices`` is empty except for universal2, whose binaries are fat files of those of its slices.
    """

    platform_tag: str
    triple: str
    os: str
    arch: str
    libc: str
    multiarch: str = ""
    cpu: str = "baseline"
    os_version: tuple[int, int] = (0, 0)
    coff_machine: str = ""
    slices: tuple[Target, ...] = ()

    @property
    def group(self) -> str:
        """``manylinux``, ``musllinux``, ``macos`` or ``windows``."""
        return {"glibc": "manylinux", "musl": "musllinux"}.get(self.libc, self.os)

    @property
    def machine(self) -> str:
        """``arch`` in one spelling for every system: ``aarch64`` for ``arm64``, too."""
        return {"arm64": "aarch64"}.get(self.arch, self.arch)

    @property
    def musl_name(self) -> str:
        """The file name of musl on its distributions, ``libc.musl-armv7.so.1``; empty for other targets."""
        arch = {"i686": "x86", "armv7l": "armv7"}.get(self.arch, self.arch)
        return f"libc.musl-{arch}.so.1" if self.libc == "musl" else ""

    @property
    def platform(self) -> str:
        """The platform in the file names of extension modules: ``x86_64-linux-gnu``, ``darwin`` or ``win_amd64``."""
        return {"linux": self.multiarch, "macos": "darwin"}.get(self.os, self.platform_tag)

    @property
    def platform_without_musl(self) -> str:
        """The platform in file names of CPython 3.10 and earlier, to which musl is glibc."""
        return self.platform.replace("-linux-musl", "-linux-gnu")

    @property
    def system(self) -> str:
        """``windows`` or ``posix``: the system in which CPython's pyconfig.h and file names come in two kinds."""
        return "windows" if self.is_windows else "posix"

    @property
    def is_windows(self) -> bool:
        """Return whether its system is Windows."""
        return self.os == "windows"

    @property
    def is_32bit(self) -> bool:
        """Return whether its pointers have 32 bits."""
        return self.arch in ("i686", "armv7l")

    def __str__(self) -> str:
        return self.platform_tag


@dataclass(frozen=True)
class _LinuxArch:
    zig: str
    multiarch: str
    glibc_floor: int
    """The lowest manylinux policy that exists for the architecture and that zig can link for."""
    glibc_triple: int | None = None
    """The glibc to link with where zig refuses the floor; symbols are audited against the tag."""
    eabi: str = ""
    cpu: str = "baseline"


# armv7l: Debian's armhf and the manylinux images promise VFPv3-D16 without NEON; zig's baseline has NEON and D32.
_LINUX = {
    "x86_64": _LinuxArch("x86_64", "x86_64", 17),
    "i686": _LinuxArch("x86", "i386", 17),
    "aarch64": _LinuxArch("aarch64", "aarch64", 17),
    "armv7l": _LinuxArch("arm", "arm", 17, eabi="eabihf", cpu="baseline-neon-d32"),
    "ppc64le": _LinuxArch("powerpc64le", "powerpc64le", 17, glibc_triple=19),
    "s390x": _LinuxArch("s390x", "s390x", 17),
    "riscv64": _LinuxArch("riscv64", "riscv64", 31),
    "loongarch64": _LinuxArch("loongarch64", "loongarch64", 36),
}
_MACOS = {"x86_64": ("x86_64", (10, 13)), "arm64": ("aarch64", (11, 0))}
_WINDOWS = {
    "win32": ("i686", "x86", "i386"),
    "win_amd64": ("x86_64", "x86_64", "i386:x86-64"),
    "win_arm64": ("arm64", "aarch64", "arm64"),
}
_LEGACY_MANYLINUX = {"manylinux2014": 17}


def _manylinux(minor: int, arch: str) -> Target:
    linux = _LINUX[arch]
    glibc = max(minor, linux.glibc_triple or 0)
    return Target(
        platform_tag=f"manylinux_2_{minor}_{arch}",
        triple=f"{linux.zig}-linux-gnu{linux.eabi}.2.{glibc}",
        os="linux",
        arch=arch,
        libc="glibc",
        multiarch=f"{linux.multiarch}-linux-gnu{linux.eabi}",
        cpu=linux.cpu,
        os_version=(2, minor),
    )


def _musllinux(arch: str) -> Target:
    linux = _LINUX[arch]
    return Target(
        platform_tag=f"musllinux_1_2_{arch}",
        triple=f"{linux.zig}-linux-musl{linux.eabi}",
        os="linux",
        arch=arch,
        libc="musl",
        multiarch=f"{linux.multiarch}-linux-musl{linux.eabi}",
        cpu=linux.cpu,
        os_version=(1, 2),
    )


def _macos(version: tuple[int, int], arch: str) -> Target:
    major, minor = version
    if arch == "universal2":
        slices = tuple(_macos(max(version, floor), name) for name, (_, floor) in _MACOS.items())
        return replace(
            slices[0], platform_tag=f"macosx_{major}_{minor}_universal2", triple="", arch=arch, slices=slices
        )
    return Target(
        platform_tag=f"macosx_{major}_{minor}_{arch}",
        triple=f"{_MACOS[arch][0]}-macos.{major}.{minor}",
        os="macos",
        arch=arch,
        libc="libSystem",
        os_version=version,
    )


def _windows(platform_tag: str) -> Target:
    arch, zig, machine = _WINDOWS[platform_tag]
    return Target(platform_tag, f"{zig}-windows-gnu", "windows", arch, "ucrt", coff_machine=machine)


TARGETS: tuple[Target, ...] = (
    *(_manylinux(linux.glibc_floor, arch) for arch, linux in _LINUX.items()),
    *(_musllinux(arch) for arch in _LINUX),
    *(_macos(floor, arch) for arch, (_, floor) in _MACOS.items()),
    _macos((10, 13), "universal2"),
    *(_windows(tag) for tag in _WINDOWS),
)
"""Every supported target at its lowest version, in the order of listings."""

GROUPS = ("all", "linux", "manylinux", "musllinux", "macos", "windows")
"""Names of several targets each; the doors resolve one more, ``native``."""


def find_target(platform_tag: str) -> Target:
    """Return the target of a platform tag, also above the lowest version (``manylinux_2_28_x86_64``).

    :raises ConfigurationError: if no supported zig can make that platform.
    """
    if match := re.fullmatch(r"(?:manylinux_2_([1-9][0-9]?)|(manylinux2014))_(\w+)", platform_tag):
        minor, legacy, arch = match.groups()
        if arch in _LINUX:
            glibc = int(minor) if minor else _LEGACY_MANYLINUX[legacy]
            if glibc >= _LINUX[arch].glibc_floor:
                return _manylinux(glibc, arch)
            raise ConfigurationError(
                f"glibc 2.{glibc} is older than anything that can be linked for {arch}",
                where=platform_tag,
                hint=f"the lowest is manylinux_2_{_LINUX[arch].glibc_floor}_{arch}",
            )
    elif match := re.fullmatch(r"musllinux_1_2_(\w+)", platform_tag):
        if match[1] in _LINUX:
            return _musllinux(match[1])
    elif match := re.fullmatch(r"macosx_([1-9][0-9])_(0|[1-9][0-9]?)_(x86_64|arm64|universal2)", platform_tag):
        version, arch = (int(match[1]), int(match[2])), match[3]
        floor = _MACOS["x86_64" if arch == "universal2" else arch][1]
        if version >= floor:
            return _macos(version, arch)
        raise ConfigurationError(
            f"macOS {match[1]}.{match[2]} is older than anything that can be linked for {arch}",
            where=platform_tag,
            hint=f"the lowest is macosx_{floor[0]}_{floor[1]}_{arch}",
        )
    elif platform_tag in _WINDOWS:
        return _windows(platform_tag)
    raise ConfigurationError(
        "not a platform that wheels can be made for", where=platform_tag, hint=_suggest(platform_tag)
    )


def select_targets(names: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets of *names* (platform tags and groups), each once, in the order of the table, then of *names*.

    :raises ConfigurationError: for a name that is neither.
    """
    chosen: dict[str, Target] = {}
    for name in names:
        if name in GROUPS:
            members = [t for t in TARGETS if name in ("all", t.group, t.os)]
        else:
            members = [find_target(name)]
        chosen.update((t.platform_tag, t) for t in members)
    order = {t.platform_tag: index for index, t in enumerate(TARGETS)}
    return tuple(sorted(chosen.values(), key=lambda t: order.get(t.platform_tag, len(order))))


def _suggest(name: str) -> str:
    known = [*GROUPS, *(target.platform_tag for target in TARGETS)]
    return suggest(name, known, f"groups are {', '.join(GROUPS)}; or a tag such as win_amd64", count=3)
