"""The SDK of macOS, for frameworks: zig brings none, and its licence lets nobody pass it on; who has one names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import NotFoundError

VARIABLE = "ZIGBUILD_MACOS_SDK"
_DESCRIPTION = "SDKSettings.json"


@dataclass(frozen=True)
class Sdk:
    """A folder such as ``MacOSX14.2.sdk``; ``identity`` is its name and the sha256 (hex) of its description."""

    folder: Path
    identity: str


def find_sdk(environ: Mapping[str, str]) -> Sdk | None:
    """The SDK that ``ZIGBUILD_MACOS_SDK`` names, if it is set.

    :raises NotFoundError: if no SDK is there.
    """
    if not environ.get(VARIABLE):
        return None
    folder = Path(environ[VARIABLE]).absolute()
    try:
        data = (folder / _DESCRIPTION).read_bytes()
        name = str(json.loads(data)["CanonicalName"])
    except (OSError, ValueError, LookupError, TypeError):
        raise NotFoundError(
            f"is no SDK of macOS: it holds no {_DESCRIPTION} with its name",
            where=f"{VARIABLE}={folder}",
            hint="name a folder such as MacOSX14.2.sdk, which Xcode and its command line tools bring",
        ) from None
    return Sdk(folder, f"{name} {hashlib.sha256(data).hexdigest()}")
