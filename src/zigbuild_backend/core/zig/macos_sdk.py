"""The SDK of macOS, for frameworks: zig brings none, and its licence lets nobody pass it on; who has one names it.

A wheel says which one it was linked from by the digest of the files that a build may read of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..base import store_folders
from ..base.errors import MismatchError, NotFoundError
from ..base.frozen import dataclass
from ..base.store import Store, digest_file
from .support_folders import SDK_FOLDERS

VARIABLE = "ZIGBUILD_MACOS_SDK"
_DESCRIPTION = "SDKSettings.json"
_NOISE = ".DS_Store"
"""What a file manager leaves where somebody has looked."""


@dataclass(frozen=True)
class Sdk:
    """A folder such as ``MacOSX14.2.sdk``, and the name that it gives itself, ``macosx14.2``."""

    folder: Path
    name: str


@dataclass(frozen=True)
class _File:
    """A file of an SDK by its path there; ``link`` is where it leads if it is a link, as it stands there."""

    path: str
    link: str
    status: os.stat_result


def find_sdk(environ: Mapping[str, str]) -> Sdk | None:
    """Return the SDK that ``ZIGBUILD_MACOS_SDK`` names, None if it is not set.

    :raises NotFoundError: if no SDK is there.
    """
    if not environ.get(VARIABLE):
        return None
    folder = Path(environ[VARIABLE]).resolve()
    try:
        name = str(json.loads((folder / _DESCRIPTION).read_bytes())["CanonicalName"])
    except (OSError, ValueError, LookupError, TypeError):
        raise NotFoundError(
            f"is no SDK of macOS: it holds no {_DESCRIPTION} with its name",
            where=f"{VARIABLE}={folder}",
            hint="name a folder such as MacOSX14.2.sdk, which Xcode and its command line tools bring",
        ) from None
    return Sdk(folder, name)


def describe_sdk(sdk: Sdk, store: Store) -> SdkInput:
    """Return the name of *sdk*, and the sha256 (hex) over path and content of each file that a build can read.

    An SDK has tens of thousands of files: the digest is kept in *store* for as long as none has another time or size.

    :raises MismatchError: if a link leads out of the SDK.
    """
    files = sorted(_list_files(sdk.folder), key=lambda file: os.fsencode(file.path))
    state = hashlib.sha256()
    for file in files:
        times = file.status.st_mtime_ns, file.status.st_ctime_ns
        state.update(repr((os.fsencode(file.path), file.link, file.status.st_size, times)).encode())

    def digest(path: Path) -> None:
        total = hashlib.sha256()
        for file in files:
            content = f"-> {file.link}" if file.link else digest_file(sdk.folder / file.path)
            total.update(os.fsencode(f"{file.path}\0{content}\n"))
        path.write_text(total.hexdigest(), "ascii")

    return SdkInput(sdk.name, store.keep((store_folders.SDKS, state.hexdigest()), digest).read_text("ascii"))


def _list_files(root: Path) -> Iterator[_File]:
    """Yield the files in the folders that modules search, and those that links in these folders lead to."""
    pending = [path for path in (_DESCRIPTION, *SDK_FOLDERS.values()) if (root / path).exists()]
    seen: set[str] = set()
    for path in pending:
        _follow(root, path)
    while pending:
        path = pending.pop()
        if path in seen or path.endswith(f"/{_NOISE}"):
            continue
        seen.add(path)
        status = os.lstat(f"{root}/{path}")  # a Path for each of them would take longer than all else
        if stat.S_ISLNK(status.st_mode):
            yield _File(path, (root / path).readlink().as_posix(), status)
            if (root / path).exists():  # many lead to what only a Mac has
                pending.append(_follow(root, path))
        elif stat.S_ISDIR(status.st_mode):
            pending += [f"{path}/{name}" for name in os.listdir(f"{root}/{path}")]  # noqa: PTH208
        elif stat.S_ISREG(status.st_mode):
            yield _File(path, "", status)


def _follow(root: Path, path: str) -> str:
    """Return the path in the SDK that *path* leads to when all links are followed."""
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        raise MismatchError(
            f"leads out of the SDK, to {target}: what is there would be no part of its digest",
            where=str(root / path),
            hint="name an SDK that is whole, such as Xcode and its command line tools bring",
        )
    return target.relative_to(root).as_posix()


@dataclass(frozen=True)
class SdkInput:
    """The SDK that frameworks of macOS are linked from: its name, ``macosx14.2``, and the digest of its files."""

    name: str
    digest: str
