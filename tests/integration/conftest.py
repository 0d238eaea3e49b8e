"""The users who run programs in the sandbox, and a release with its repository."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from confined import User, make_user
from repositories import make_release, make_repository
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.sandbox.command import Sandbox
from zigbuild_backend.rebuild.sandbox.unconfined import Unconfined


@pytest.fixture(scope="session", params=["root", "ordinary"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    """Make a user with a folder: root and an ordinary user have different rights and limits."""
    with _made(request.param) as somebody:
        yield somebody


@pytest.fixture(scope="session")
def own_user() -> Iterator[User]:
    """Return the user that these tests run as, who has zig."""
    with _made("root" if os.getuid() == 0 else "ordinary") as somebody:
        yield somebody


@contextmanager
def _made(name: str) -> Iterator[User]:
    folder = Path(tempfile.mkdtemp(prefix="sandboxed-"))
    try:
        yield make_user(name, folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def example_release(tmp_path_factory: pytest.TempPathFactory, zig: object) -> Path:
    """Make a folder with the sdist of the example in C, and a wheel for each object format. No test writes into it."""
    del zig
    return make_release(tmp_path_factory.mktemp("example-release"))


@pytest.fixture(scope="session")
def example_repository(example_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the data folder of a repository with that release, to be copied. No test writes into it."""
    return make_repository(tmp_path_factory.mktemp("example-repository"), example_release)


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """Return the sandbox, or what stands for it on a machine without one."""
    try:
        return find_sandbox(os.environ)
    except NotFoundError:
        return Unconfined()
