"""The buildinfo: the specification of a wheel as ``zigbuild-buildinfo.json`` in its ``.dist-info``.

The text is canonical JSON (RFC 8785): keys sorted, no white space, so that one specification has one text, and
the digest of the text identifies it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..base.errors import ConfigurationError, MismatchError
from ..base.pythons import find_python
from ..base.targets import find_target
from ..zig.macos_sdk import SdkInput
from .spec import PythonInput, WheelSpec

FILE_NAME = "zigbuild-buildinfo.json"
SCHEMA = 1


def render_buildinfo(spec: WheelSpec, members: str) -> bytes:
    """Return the buildinfo of *spec*; *members* is the :func:`digest_members` of the wheel's other files.

    The digest of the members is the only output in a buildinfo; a rebuild is compared with it.
    """
    return _canonical({**_describe(spec), "members": members})


def digest_spec(spec: WheelSpec) -> str:
    """Return the sha256 (hex) of a specification: the cache key of its wheel, and the identity of a rebuild."""
    return hashlib.sha256(_canonical(_describe(spec))).hexdigest()


def digest_members(record: bytes) -> str:
    """Return the sha256 (hex) over *record*, the RECORD rows of a wheel's files without buildinfo."""
    return hashlib.sha256(record).hexdigest()


def parse_buildinfo(data: bytes) -> WheelSpec:
    """Return the specification in a buildinfo.

    :raises MismatchError: if the data is no buildinfo, has another schema, or names an unknown target or Python.
    """
    try:
        table = json.loads(data)
        if table["schema"] != SCHEMA:
            raise MismatchError(
                f"its schema is {table['schema']!r}, this version reads {SCHEMA}",
                where=FILE_NAME,
                hint=f"use {table['backend']['name']} {table['backend']['version']}",
            )
        target, python, sdk = table["target"], table["python"], table.get("sdk")
        return WheelSpec(
            name=table["source"]["name"],
            version=table["source"]["version"],
            tag=table["tag"],
            source=table["source"]["digest"],
            recipe=table["source"]["recipe"],
            backend=f"{table['backend']['name']} {table['backend']['version']} {table['backend']['digest']}",
            requirements=tuple(table["requirements"]),
            archive=table["archive"],
            epoch=table["epoch"],
            zig=table["zig"],
            optimize=table["optimize"],
            target=find_target(target["platform-tag"]) if target else None,
            python=PythonInput(
                find_python(python["name"]), python["version"], python["headers"], python["import-library"]
            )
            if python
            else None,
            overrides=tuple(table.get("overrides", ())),
            sdk=SdkInput(sdk["name"], sdk["digest"]) if sdk else None,
            headers=tuple(sorted(table.get("headers", {}).items())),
        )
    except ConfigurationError as error:
        (problem,) = error.problems
        raise MismatchError(
            f"names {problem.where}: {problem.message}", where=FILE_NAME, hint="a newer zigbuild-backend may know it"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MismatchError(f"is no buildinfo: {error!r}", where=FILE_NAME, hint="download the wheel again") from error


def _describe(spec: WheelSpec) -> dict[str, Any]:
    name, version, digest = spec.backend.split(" ")
    target, python = spec.target, spec.python
    return {
        "schema": SCHEMA,
        "backend": {"name": name, "version": version, "digest": digest},
        "source": {"name": spec.name, "version": spec.version, "digest": spec.source, "recipe": spec.recipe},
        "tag": spec.tag,
        "requirements": list(spec.requirements),
        "archive": spec.archive,
        "epoch": spec.epoch,
        "zig": spec.zig,
        "optimize": spec.optimize,
        "target": target
        and {
            "platform-tag": target.platform_tag,
            "triples": [part.triple for part in target.slices or (target,)],
            "cpu": target.cpu,
        },
        "python": python
        and {
            "name": python.python.name,
            "version": python.version,
            "headers": python.headers,
            "import-library": python.import_library,
        },
        **({"overrides": list(spec.overrides)} if spec.overrides else {}),
        **({"sdk": {"name": spec.sdk.name, "digest": spec.sdk.digest}} if spec.sdk else {}),
        **({"headers": dict(spec.headers)} if spec.headers else {}),
    }


def _canonical(table: Mapping[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785) of strings, small integers, arrays and objects with ASCII keys."""
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
