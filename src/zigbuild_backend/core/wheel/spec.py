"""The specification of a wheel, on which alone its bytes depend."""

from __future__ import annotations

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..zig.macos_sdk import SdkInput


@dataclass(frozen=True)
class PythonInput:
    """The CPython of a wheel: ABI, version of the headers, and sha256 of headers and import library."""

    python: Python
    version: str
    headers: str
    import_library: str = ""


@dataclass(frozen=True)
class WheelSpec:
    """The inputs on which the bytes of a wheel depend, and no others: equal specifications give equal bytes.

    Digests are sha256 in hex. ``epoch`` is SOURCE_DATE_EPOCH in seconds; ``requirements`` are the installed packages
    that write into the wheel, as ``name==version``; ``headers`` are the packages whose headers are included, each with
    the digest of its headers; ``overrides`` are the settings that the build replaced, as ``KEY=VALUE``.
    """

    name: str
    version: str
    tag: str
    source: str
    backend: str
    requirements: tuple[str, ...]
    archive: str
    epoch: int
    zig: str = ""
    optimize: str = ""
    target: Target | None = None
    python: PythonInput | None = None
    recipe: str = ""
    overrides: tuple[str, ...] = ()
    sdk: SdkInput | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def file_name(self) -> str:
        """The wheel's file name by the binary distribution format."""
        return f"{self.name}-{self.version}-{self.tag}.whl"

    @property
    def tags(self) -> tuple[str, ...]:
        """The single tags of ``tag``: a compressed one with ``abi3.abi3t`` stands for two."""
        python, abis, platform = self.tag.split("-")
        return tuple(f"{python}-{abi}-{platform}" for abi in abis.split("."))
