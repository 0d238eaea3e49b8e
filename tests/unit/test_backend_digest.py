"""The digest of the backend: from RECORD where that can vouch for the files, else from the files."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from zigbuild_backend.core.base import backend_digest
from zigbuild_backend.core.base.backend_digest import PACKAGE, digest_backend, list_package, read_backend
from zigbuild_backend.core.base.pins import NAME, VERSION
from zigbuild_backend.rebuild.environments.earlier_backends import digest_any_backend


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the package with a RECORD that is written after its files, as installers write it."""
    package = tmp_path / PACKAGE
    shutil.copytree(backend_digest.PACKAGE_FOLDER, package, ignore=shutil.ignore_patterns("__pycache__"))
    record = tmp_path / f"{PACKAGE}-{VERSION}.dist-info" / "RECORD"
    record.parent.mkdir()
    rows = []
    for path in list_package(package):
        data = (package / path).read_bytes()
        digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{PACKAGE}/{path},sha256={digest},{len(data)}\n")
    record.write_text("".join([*rows, f"{PACKAGE}/core/__pycache__/x.pyc,,\n", "RECORD,,\n"]))
    monkeypatch.setattr(backend_digest, "PACKAGE_FOLDER", package)
    read_backend.cache_clear()
    return package


def read_and_forget() -> str:
    try:
        return read_backend()
    finally:
        read_backend.cache_clear()


def test_record_gives_the_digest_of_the_files(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = f"{NAME} {VERSION} {digest_backend(installed)}"
    monkeypatch.setattr(backend_digest, "digest_backend", lambda package: pytest.fail(f"hashed {package}"))
    assert read_and_forget() == expected


@pytest.mark.parametrize("change", ["content", "size", "new file", "lost file"])
def test_edited_files_are_hashed(installed: Path, change: str) -> None:
    before = read_and_forget()
    file = installed / "core" / "base" / "pins.py"
    if change == "content":
        file.write_bytes(file.read_bytes().replace(b"0", b"1"))
        later = (installed.parent / f"{PACKAGE}-{VERSION}.dist-info" / "RECORD").stat().st_mtime_ns + 1_000_000
        os.utime(file, ns=(later, later))
    elif change == "size":
        file.write_bytes(file.read_bytes() + b"\n")
    elif change == "new file":
        (file.parent / "more.py").touch()
    else:
        file.unlink()
    after = read_and_forget()
    assert after != before
    assert after.split()[2] == digest_backend(installed)


def test_files_outside_of_core_do_not_matter(installed: Path) -> None:
    before = read_and_forget()
    (installed / "cli" / "session.py").write_text("")
    assert read_and_forget() == before


def test_the_built_wheel_says_the_same(backend: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(backend) as wheel:
        wheel.extractall(tmp_path)
    assert digest_backend(tmp_path / PACKAGE) == digest_backend(backend_digest.PACKAGE_FOLDER)


def test_backends_without_a_core_have_the_digest_of_their_own_rule(tmp_path: Path) -> None:
    """Version 0.1 counted all its modules but those outside of the making of wheels."""
    for path in ("wheel.py", "settings/model.py", "deflate/deflate.c"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    total = hashlib.sha256()
    for path in ("deflate/deflate.c", "settings/model.py", "wheel.py"):
        total.update(path.encode() + b"\0" + hashlib.sha256(path.encode()).digest())
    assert digest_any_backend(tmp_path) == total.hexdigest()
    for path in ("cli/wheels.py", "compare/zips.py", "warm.py", "wheel.pyc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert digest_any_backend(tmp_path) == total.hexdigest()
    shutil.copytree(backend_digest.PACKAGE_FOLDER / "core", tmp_path / "core")
    assert digest_any_backend(tmp_path) == digest_backend(tmp_path)
