"""The digest of an SDK: of all files that a build can read, wherever the SDK is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Files, write_files
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.zig.macos_sdk import Sdk, describe_sdk, find_sdk

FRAMEWORKS = "System/Library/Frameworks"
FILES: Files = {
    "SDKSettings.json": '{"CanonicalName": "macosx14.2"}',
    f"{FRAMEWORKS}/Spam.framework/Versions/A/Spam.tbd": "spam",
    "System/Library/PrivateFrameworks/Eggs.tbd": "eggs",
    "usr/include/spam.h": "spam",
    "usr/share/man/spam.1": "spam",
}
LINKS = {
    f"{FRAMEWORKS}/Spam.framework/Versions/Current": "A",
    f"{FRAMEWORKS}/Spam.framework/Spam.tbd": "Versions/Current/Spam.tbd",
    f"{FRAMEWORKS}/Spam.framework/Frameworks": "..",
    f"{FRAMEWORKS}/Eggs.tbd": "../PrivateFrameworks/Eggs.tbd",
    "usr/include/of_a_mac.h": "/nowhere/on/this/machine.h",
}


@pytest.fixture
def sdk(tmp_path: Path) -> Sdk:
    folder = write_files(tmp_path / "MacOSX14.2.sdk", FILES)
    for link, target in LINKS.items():
        (folder / link).symlink_to(target)
    found = find_sdk({"ZIGBUILD_MACOS_SDK": str(folder)})
    assert found
    return found


@pytest.fixture
def digest(tmp_path: Path) -> Callable[[Sdk], str]:
    return lambda sdk: describe_sdk(sdk, Store(tmp_path / "store")).digest


def test_none_is_named() -> None:
    assert find_sdk({}) is None


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_what_is_none(text: str | None, tmp_path: Path) -> None:
    write_files(tmp_path, {"SDKSettings.json": text} if text else {})
    with pytest.raises(NotFoundError, match="is no SDK of macOS"):
        find_sdk({"ZIGBUILD_MACOS_SDK": str(tmp_path)})


def test_its_name_and_the_same_digest_wherever_it_is(sdk: Sdk, tmp_path: Path) -> None:
    link = tmp_path / "MacOSX.sdk"
    link.symlink_to(shutil.copytree(sdk.folder, tmp_path / "copy", symlinks=True))
    copy = find_sdk({"ZIGBUILD_MACOS_SDK": str(link)})
    assert copy
    first, second = (describe_sdk(one, Store(tmp_path / f"store {one.folder.name}")) for one in (sdk, copy))
    assert first == second
    assert first.name == "macosx14.2"


@pytest.mark.parametrize(
    "path", ["usr/include/spam.h", f"{FRAMEWORKS}/Spam.framework/Versions/A/Spam.tbd", f"{FRAMEWORKS}/Eggs.tbd"]
)
def test_what_builds_may_read_is_in_it(path: str, sdk: Sdk, digest: Callable[[Sdk], str]) -> None:
    before = digest(sdk)
    (sdk.folder / path).write_text("other spam")
    assert digest(sdk) != before


def test_new_files_and_links_are_in_it(sdk: Sdk, digest: Callable[[Sdk], str]) -> None:
    digests = [digest(sdk)]
    (sdk.folder / "usr/lib").mkdir()
    (sdk.folder / "usr/lib/libspam.tbd").write_text("spam")
    digests.append(digest(sdk))
    (sdk.folder / FRAMEWORKS / "Spam.framework/Versions/Current").unlink()
    (sdk.folder / FRAMEWORKS / "Spam.framework/Versions/Current").symlink_to("../Versions/A")
    digests.append(digest(sdk))
    assert len(set(digests)) == 3


def test_what_no_build_reads_is_not(sdk: Sdk, digest: Callable[[Sdk], str]) -> None:
    before = digest(sdk)
    (sdk.folder / "usr/share/man/spam.1").unlink()
    (sdk.folder / "usr/include/.DS_Store").write_text("seen")
    os.utime(sdk.folder / "usr/include/spam.h", (0, 0))
    assert digest(sdk) == before


@pytest.mark.parametrize("path", ["usr/include/more", "usr/lib"])
def test_links_that_lead_out_of_it_are_refused(
    path: str, sdk: Sdk, digest: Callable[[Sdk], str], tmp_path: Path
) -> None:
    (sdk.folder / path).symlink_to(write_files(tmp_path / "more", {"more.h": ""}))
    with pytest.raises(MismatchError, match="leads out of the SDK"):
        digest(sdk)


def test_it_is_read_once(sdk: Sdk, digest: Callable[[Sdk], str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(sdk)
    monkeypatch.delattr("zigbuild_backend.core.zig.macos_sdk.digest_file")
    assert digest(sdk) == before
