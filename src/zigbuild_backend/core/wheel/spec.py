"""The specification of a wheel: what its bytes are a function of."""

from __future__ import annotations

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..zig.macos_sdk import SdkInput


@dataclass(frozen=True)
class PythonInput:
    """The CPython that a wheel is compiled for: ABI, version of the headers, and the digests of what is read of it."""

    python: Python
    version: str
    headers: str
    import_library: str = ""


@dataclass(frozen=True)
class WheelSpec:
    """All that the bytes of a wheel depend on, and nothing else: equal specs, equal bytes.

    Digests are sha256 in hex. ``epoch`` is SOURCE_DATE_EPOCH in seconds; ``requirements`` are the installed versions of
    what writes into the wheel, as ``name==version``; ``headers`` are the names of those whose headers are compiled
    with, each with the digest of these; ``overrides`` is what was said instead of the project's settings, as
    ``KEY=VALUE``.
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
        """The tags that ``tag`` stands for: of ``abi3.abi3t`` two, each with one ABI."""
        python, abis, platform = self.tag.split("-")
        return tuple(f"{python}-{abi}-{platform}" for abi in abis.split("."))
