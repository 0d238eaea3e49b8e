"""A software bill of materials for each wheel: CycloneDX 1.6 in ``.dist-info/sboms`` (PEP 770).

Its content depends on the wheel specification alone: it has no time and no random serial number.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from .spec import WheelSpec

FILE_NAME = "zigbuild.cdx.json"


def render_sbom(spec: WheelSpec) -> bytes:
    """Return the bill of materials of the wheel of *spec*: the package, and the tools that built it."""
    package = {
        "type": "library",
        "bom-ref": _purl(spec.name, spec.version),
        "name": spec.name,
        "version": spec.version,
        "purl": _purl(spec.name, spec.version),
    }
    tools = [_describe_tool(*spec.backend.split(" ")[:2])]
    tools += [_describe_tool(*requirement.split("==")) for requirement in spec.requirements]
    if spec.zig:
        tools.append(_describe_tool("ziglang", spec.zig))
    properties = [
        {"name": "zigbuild:source-digest", "value": spec.source},
        {"name": "zigbuild:tag", "value": spec.tag},
    ]
    if spec.python:
        properties.append({"name": "zigbuild:cpython-headers", "value": f"{spec.python.version} {spec.python.headers}"})
    table = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": package, "tools": {"components": tools}, "properties": properties},
        "components": [],
    }
    return (json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _describe_tool(name: str, version: str) -> dict[str, str]:
    purl = _purl(name, version)
    return {"type": "application", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _purl(name: str, version: str) -> str:
    """Return the package URL of a release on PyPI, in which names have dashes."""
    return f"pkg:pypi/{name.replace('_', '-')}@{quote(version, safe='')}"
