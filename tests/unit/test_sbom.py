"""The bill of materials says what the specification says, in CycloneDX's words, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

from specs import COMPILED, PURE
from zigbuild_backend.core.wheel.sbom import render_sbom


def test_compiled_wheel() -> None:
    bom = json.loads(render_sbom(COMPILED))
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    metadata = bom["metadata"]
    assert metadata["component"]["purl"] == "pkg:pypi/spam-eggs@1.0"
    assert {tool["purl"] for tool in metadata["tools"]["components"]} == {
        "pkg:pypi/zigbuild-backend@0.1.0",
        "pkg:pypi/packaging@26.3",
        "pkg:pypi/pyproject-metadata@0.12.1",
        "pkg:pypi/ziglang@0.16.0",
    }
    assert {row["name"]: row["value"] for row in metadata["properties"]} == {
        "zigbuild:source-digest": COMPILED.source,
        "zigbuild:tag": "cp313-cp313-win_amd64",
        "zigbuild:cpython-headers": f"3.13.2 {'33' * 32}",
    }


def test_pure_wheel_names_no_compiler() -> None:
    metadata = json.loads(render_sbom(PURE))["metadata"]
    assert [tool["name"] for tool in metadata["tools"]["components"]] == ["zigbuild-backend"]
    assert [row["name"] for row in metadata["properties"]] == ["zigbuild:source-digest", "zigbuild:tag"]


def test_local_version_is_escaped_in_a_package_url() -> None:
    component = json.loads(render_sbom(PURE))["metadata"]["component"]
    assert component["version"] == "2.0+local"
    assert component["purl"] == "pkg:pypi/spam@2.0%2Blocal"


def test_it_knows_no_clock_and_no_chance() -> None:
    text = render_sbom(COMPILED)
    assert text == render_sbom(replace(COMPILED))
    assert b"timestamp" not in text
    assert b"serialNumber" not in text
