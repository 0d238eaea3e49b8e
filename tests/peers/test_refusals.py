"""Folders that are not projects: a message with place and mend, and no traceback."""

from __future__ import annotations

import pytest

from frontends import Frontend
from projects import render_module, render_pyproject

VERSION = 'version = "1.0"'


@pytest.mark.parametrize(
    ("name", "settings", "project", "said"),
    [
        ("missing-meson-version", "", "", "version"),
        ("missing-dynamic-version", "", 'dynamic = ["version"]', "version"),
        ("unknown-user-args-top-level", "[tool.zigbuild]\nunknown = {}", VERSION, "unknown key 'unknown'"),
        ("unknown-user-args-meson-args", "[tool.zigbuild.sdist]\nunknown = []", VERSION, "unknown key 'unknown'"),
        ("too-old-core", '[tool.zigbuild]\nminimum-version = "99"', VERSION, "99"),
    ],
)
def test_projects(
    name: str, settings: str, project: str, said: str, frontend: Frontend, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"pyproject.toml": render_pyproject(name, settings, project=project), f"{name.replace('-', '_')}.py": ""}
    with pytest.raises(SystemExit) as ended:
        frontend.wheel(frontend.write(files))
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert said in message
    assert "hint: " in message


def test_a_project_for_other_pythons(frontend: Frontend, capsys: pytest.CaptureFixture[str]) -> None:
    said = 'version = "1.2.3"\nrequires-python = "==1.0.0"'
    name = "unsupported_python_version"
    pure = {"pyproject.toml": render_pyproject(name, project=said), f"{name}.py": ""}
    assert "Requires-Python: ==1.0.0\n" in frontend.wheel(frontend.write(pure)).read("METADATA")
    extension = f'[[tool.zigbuild.extension]]\nname = "{name}"\nsources = ["module.c"]\n'
    files = {"pyproject.toml": render_pyproject(name, extension, project=said), "module.c": render_module(name)}
    with pytest.raises(SystemExit) as ended:
        frontend.wheel(frontend.write(files, "compiled"))
    assert ended.value.code == 2
    assert "requires-python is ==1.0.0" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["invalid", "setup_args", "optimise"])
def test_settings_of_a_frontend(key: str, frontend: Frontend, capsys: pytest.CaptureFixture[str]) -> None:
    project = frontend.write({"pyproject.toml": render_pyproject("pure"), "pure.py": ""})
    for hook in (frontend.sdist, frontend.wheel):
        with pytest.raises(SystemExit):
            hook(project, {key: "1"})
        message = capsys.readouterr().err
        assert key in message
        assert ("did you mean 'optimize'" in message) == (key == "optimise")
