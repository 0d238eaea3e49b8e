"""Finding the sandbox, and the paths that cannot be given to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from confined import User
from zigbuild_backend.core.base.errors import ConfigurationError, NotFoundError, ToolchainError
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.sandbox.command import Command


@pytest.mark.usefixtures("own_user")
def test_paths_that_cannot_be_given(tmp_path: Path) -> None:
    sandbox = find_sandbox(os.environ)
    (tmp_path / "link").symlink_to("/")
    with pytest.raises(NotFoundError, match="does not exist, but a sandbox must read it") as missing:
        sandbox.run(Command(["true"], tmp_path, readable=[tmp_path / "nosuch"]))
    assert missing.value.problems[0].where == str(tmp_path / "nosuch")
    for path in (tmp_path / "link", tmp_path / "nosuch"):
        with pytest.raises(ConfigurationError, match="is not a folder that a sandbox can write to"):
            sandbox.run(Command(["true"], tmp_path, writable=[path]))
    with pytest.raises(ToolchainError, match="No such file or directory"):
        sandbox.run(Command(["true"], tmp_path))


def test_sandbox_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="bubblewrap is not installed") as error:
        find_sandbox({"PATH": "/nosuch"})
    assert "apt-get install bubblewrap" in error.value.problems[0].hint
    assert "--no-isolation" in error.value.problems[0].hint


def test_sandbox_that_the_system_does_not_allow(user: User) -> None:
    """Inside the sandbox no further namespaces can be made, so there is no other sandbox to be found."""
    done = user.run(
        f"""
        import sys
        sys.path.insert(0, "{user.folder}/src")
        from zigbuild_backend.core.base.errors import NotFoundError
        from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
        try:
            print(find_sandbox({{"PATH": "/usr/bin:/bin"}}))
        except NotFoundError as error:
            print(error)
        """,
        readable=[user.folder / "src"],
    )
    assert "cannot make a sandbox: bwrap: " in done.stdout, done
    assert "hint: let users make namespaces" in done.stdout
    assert "--no-isolation" in done.stdout


def test_modules_can_be_imported_where_there_are_no_such_limits() -> None:
    """Modules import what only Linux has when they use it: other systems run programs without isolation."""
    program = """
import sys
for name in ("resource", "fcntl", "pwd", "grp"):
    sys.modules[name] = None
import zigbuild_backend.rebuild.sandbox
"""
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
