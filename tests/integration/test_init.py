"""``zigbuild init``: what it writes is a project that can be built at once, and whose tests pass."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from zigbuild_backend.cli.new_project import LANGUAGES
from zigbuild_backend.cli.program import run
from zigbuild_backend.core.project.project_folder import read_project


@pytest.mark.usefixtures("zig")
@pytest.mark.parametrize("language", LANGUAGES)
def test_template(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--stable-abi"] if LANGUAGES[language].has_stable_abi and language != "c" else []
    assert run(["init", "eggs", "--name", "Spam-Eggs", "--language", language, *options]) == 0
    written = capsys.readouterr().out.split()
    root = tmp_path / "eggs"
    assert sorted(written) == sorted(str(path) for path in root.rglob("*") if path.is_file())
    monkeypatch.chdir(root)
    code = run(["wheels", "--target", "native", "--python", "native", "--quiet"])
    said = capsys.readouterr().err
    if code == 5 and LANGUAGES[language].requires:
        pytest.skip(said)
    assert code == 0, said
    (wheel,) = (root / "dist").glob("spam_eggs-0.1.0-*.whl")
    assert ("-abi3-" in wheel.name) == bool(options)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", root / "tests"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


def test_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("\nzig\ny\n"))
    monkeypatch.chdir(tmp_path)
    assert run(["init", "my project"]) == 0
    assert "name of the project [my-project]: language (c, cxx, " in capsys.readouterr().err
    (module,) = read_project(tmp_path / "my project").modules
    assert (module.name, module.settings.stable_abi) == ("my_project._core", "cp310")
    assert module.sources == ("src/my_project/_core.zig",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name=-x"], "--name: "),
        (["--name", "class"], "--name: a package cannot be called 'class'"),
        (["--name", "3d"], "--name: a package cannot be called '3d'"),
        (["--language", "rust"], "--language: there is no template for 'rust'"),
        (["--language", "cython", "--stable-abi"], "--stable-abi: the template for cython cannot use the stable ABI"),
        (["taken", "--language", "c"], "already has .gitignore"),
    ],
)
def test_refused(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/.gitignore").write_text("mine\n")
    monkeypatch.chdir(tmp_path)
    assert run(["init", *([] if arguments[0] == "taken" else ["new"]), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".gitignore"]
