"""METADATA, entry points and licence files of the peers' packages."""

from __future__ import annotations

from pathlib import Path

import pytest

import zigbuild_backend
from frontends import Frontend
from projects import render_pyproject

FULL = """
version = "1.2.3"
description = "all that a project can say of itself"
readme = "README.md"
requires-python = ">=3.7"
license = { file = "LICENSE" }
keywords = ["full", "metadata", "two words"]
authors = [{ email = "ann@example.org" }, { name = "Bea Example" }]
maintainers = [{ name = "Cem Example", email = "cem@example.org" }]
classifiers = ["Development Status :: 4 - Beta", "Programming Language :: Python"]
dependencies = ["a", "b > 1", "c > 2; os_name != 'nt'"]
optional-dependencies = { test = ["d < 3", "e[all]"] }
urls = { homepage = "https://example.org/", changelog = "https://example.org/changes" }
scripts = { example-cli = "example:cli" }
gui-scripts = { example-gui = "example:gui" }
entry-points = { "something.custom" = { example = "example:custom" } }
"""
METADATA = """\
Metadata-Version: 2.1
Name: full-metadata
Version: 1.2.3
Summary: all that a project can say of itself
Keywords: full,metadata,two words
Author: Bea Example
Author-Email: Unknown <ann@example.org>
Maintainer-Email: Cem Example <cem@example.org>
License: a licence
Classifier: Development Status :: 4 - Beta
Classifier: Programming Language :: Python
Project-URL: homepage, https://example.org/
Project-URL: changelog, https://example.org/changes
Requires-Python: >=3.7
Provides-Extra: test
Requires-Dist: a
Requires-Dist: b>1
Requires-Dist: c>2; os_name != "nt"
Requires-Dist: d<3; extra == "test"
Requires-Dist: e[all]; extra == "test"
Description-Content-Type: text/markdown

# A readme
"""
ENTRY_POINTS = """\
[console_scripts]
example-cli = example:cli

[gui_scripts]
example-gui = example:gui

[something.custom]
example = example:custom
"""


def sort_lines(metadata: str) -> tuple[list[str], str]:
    """Return the header of METADATA as sorted lines with lower-case names, and the description."""
    header, _, body = metadata.partition("\n\n")
    rows = [line.split(":", 1) for line in header.splitlines()]
    return sorted(f"{name.lower()}:{value}" for name, value in rows), body.strip()


def test_all_that_can_be_said(frontend: Frontend) -> None:
    files = {"LICENSE": "a licence", "README.md": "# A readme\n", "example.py": ""}
    settings = '[tool.zigbuild]\npackages = ["example.py"]\n'
    files["pyproject.toml"] = render_pyproject("full-metadata", settings, project=FULL)
    project = frontend.write(files)
    wheel = frontend.wheel(project)
    assert sort_lines(wheel.read("METADATA")) == sort_lines(METADATA)
    assert wheel.read("entry_points.txt") == ENTRY_POINTS
    frontend.sdist(project)
    assert frontend.read_sdist("PKG-INFO") == wheel.read("METADATA")


def test_a_licence_with_a_name_of_its_own(frontend: Frontend) -> None:
    said = 'version = "1.0.0"\nlicense = { file = "something/LICENSE.custom" }'
    files = {
        "pyproject.toml": render_pyproject("license-file", project=said),
        "something/LICENSE.custom": "Hello!\n",
        "license_file.py": "",
    }
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.names == {"license_file.py", f"{wheel.info}/licenses/something/LICENSE.custom"}
    assert wheel.read("licenses/something/LICENSE.custom") == "Hello!\n"
    assert "License: Hello!\n" in wheel.read("METADATA")


def test_an_expression_and_its_licences(frontend: Frontend) -> None:
    said = 'version = "1.0.0"\nlicense = "MIT OR BSD-3-Clause"\nlicense-files = ["LICENSES/*"]'
    licences = ["LICENSES/BSD-3-Clause.txt", "LICENSES/MIT.txt"]
    files = {"pyproject.toml": render_pyproject("license-pep639", project=said), "license_pep639.py": ""}
    wheel = frontend.wheel(frontend.write({**files, **dict.fromkeys(licences, "")}))
    assert wheel.names == {"license_pep639.py", *(f"{wheel.info}/licenses/{path}" for path in licences)}
    assert wheel.read("METADATA").strip().splitlines() == [
        "Metadata-Version: 2.4",
        "Name: license-pep639",
        "Version: 1.0.0",
        "License-Expression: MIT OR BSD-3-Clause",
        *(f"License-File: {path}" for path in licences),
    ]


def test_licences_in_folders(frontend: Frontend) -> None:
    said = 'version = "0.1.0"\nlicense = "MIT"\nlicense-files = ["LICENSE1.txt", "nested/more/LICENSE2.txt"]'
    licences = ["LICENSE1.txt", "nested/more/LICENSE2.txt"]
    files = {"pyproject.toml": render_pyproject("pep639_pure", project=said), "pep639_pure.py": ""}
    project = frontend.write({**files, **dict.fromkeys(licences, "")})
    wheel = frontend.wheel(project)
    assert {f"{wheel.info}/licenses/{path}" for path in licences} < wheel.names
    assert set(frontend.sdist(project)) == {*files, *licences, "PKG-INFO"}
    assert frontend.read_sdist("PKG-INFO") == wheel.read("METADATA")
    none_wanted = said.replace('["LICENSE1.txt", "nested/more/LICENSE2.txt"]', "[]")
    (project / "LICENSE").write_text("not to be shipped\n")
    (project / "pyproject.toml").write_text(render_pyproject("pep639_pure", project=none_wanted))
    wheel = frontend.wheel(project)
    assert wheel.names == {"pep639_pure.py"}
    assert "License-File" not in wheel.read("METADATA")


def test_a_version_in_a_file(frontend: Frontend) -> None:
    settings = '[tool.zigbuild.version]\nfrom = "file"\npath = "meson.build"\npattern = "version: \'([^\']*)\'"\n'
    files = {
        "pyproject.toml": render_pyproject("dynamic-version", settings, project='dynamic = ["version"]'),
        "meson.build": "project('dynamic-version', version: '1.0.0')\n",
        "dynamic_version.py": "",
    }
    frontend.sdist(frontend.write(files))
    lines = frontend.read_sdist("PKG-INFO").splitlines()
    assert lines[1:3] == ["Name: dynamic-version", "Version: 1.0.0"]


def test_metadata_before_a_build(frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = frontend.write(
        {
            "pyproject.toml": render_pyproject(
                "CMake.Example",
                '[[tool.zigbuild.extension]]\nname = "cmake_example"\nsources = ["main.c"]\n',
                project='version = "0.0.1"\nrequires-python = ">=3.9"\noptional-dependencies.test = ["pytest>=6.0"]',
            ),
            "main.c": "this is no C\n",
        }
    )
    monkeypatch.chdir(project)
    info = zigbuild_backend.prepare_metadata_for_build_wheel(str(tmp_path))
    assert info == "cmake_example-0.0.1.dist-info"
    assert (tmp_path / info / "METADATA").read_text().strip().splitlines()[1:] == [
        "Name: CMake.Example",
        "Version: 0.0.1",
        "Requires-Python: >=3.9",
        "Provides-Extra: test",
        'Requires-Dist: pytest>=6.0; extra == "test"',
    ]
