"""Manifests: what is said of a release is read back, and nothing that contradicts itself is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from specs import COMPILED, PURE
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.wheel.buildinfo import digest_spec, render_buildinfo
from zigbuild_backend.core.wheel.spec import WheelSpec
from zigbuild_backend.release.release_manifest import (
    ReleasedFile,
    ReleasedWheel,
    make_manifest,
    parse_manifest,
    render_manifest,
)

SDIST = ReleasedFile("spam_eggs-1.0.tar.gz", 3, "aa" * 32)
ARM = replace(COMPILED, tag="cp313-cp313-win_arm64", target=find_target("win_arm64"))


def released(spec: WheelSpec) -> ReleasedWheel:
    return ReleasedWheel(ReleasedFile(spec.file_name, 10, "bb" * 32), render_buildinfo(spec, "cc" * 32))


def altered(**changes: Any) -> bytes:
    """Return a manifest with one wheel, whose rows have other values."""
    table = json.loads(render_manifest(make_manifest(SDIST, [released(COMPILED)])))
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = table
        for parent in parents:
            place = place[int(parent) if parent.isdecimal() else parent]
        place[key] = value
    return json.dumps(table).encode()


def test_round_trip() -> None:
    manifest = make_manifest(SDIST, [released(ARM), released(COMPILED)])
    text = render_manifest(manifest)
    assert parse_manifest(text) == manifest
    assert render_manifest(parse_manifest(text)) == text
    assert (manifest.name, manifest.version) == ("spam_eggs", "1.0")
    assert manifest.find(ARM.file_name).spec == ARM
    assert manifest.find(ARM.file_name).members == "cc" * 32


def test_text_is_sorted_and_canonical() -> None:
    wheels = [released(ARM), released(COMPILED)]
    text = render_manifest(make_manifest(SDIST, wheels))
    assert text == render_manifest(make_manifest(SDIST, reversed(wheels)))
    table = json.loads(text)
    assert text.decode() == json.dumps(table, sort_keys=True, separators=(",", ":"))
    assert [row["file"] for row in table["wheels"]] == [COMPILED.file_name, ARM.file_name]
    assert table["wheels"][0] == {
        "file": "spam_eggs-1.0-cp313-cp313-win_amd64.whl",
        "size": 10,
        "sha256": "bb" * 32,
        "spec": digest_spec(COMPILED),
        "buildinfo": json.loads(render_buildinfo(COMPILED, "cc" * 32)),
    }


def test_a_wheel_that_is_not_in_it() -> None:
    with pytest.raises(NotFoundError, match=r"x\.whl: is not in the manifest of spam_eggs 1\.0"):
        make_manifest(SDIST, [released(COMPILED)]).find("x.whl")


def test_of_several_releases() -> None:
    with pytest.raises(MismatchError, match="belong to several releases"):
        make_manifest(SDIST, [released(COMPILED), released(PURE)])


def test_without_wheels() -> None:
    with pytest.raises(ConfigurationError, match="at least one wheel"):
        make_manifest(SDIST, [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a manifest"),
        (b"[]", "is not a manifest"),
        (b"\xff", "is not a manifest"),
        (b"[" * 100_000, "is not a manifest"),
        (altered(schema=2), "its schema is 2, this version reads 1"),
        (altered(name="ham"), "names another release than its wheels"),
        (altered(version="2"), "names another release than its wheels"),
        (altered(sdist=None), "is not a manifest"),
        (altered(sdist__file="../x.tar.gz"), "needs a file name, a size in bytes and a sha256"),
        (altered(sdist__size=-1), "needs a file name, a size in bytes and a sha256"),
        (altered(sdist__size="1"), "needs a file name, a size in bytes and a sha256"),
        (altered(sdist__sha256="AA" * 32), "needs a file name, a size in bytes and a sha256"),
        (altered(wheels=[]), "at least one wheel"),
        (altered(wheels__0__file="other.whl"), "contradict each other"),
        (altered(wheels__0__spec="dd" * 32), "contradict each other"),
        (altered(wheels__0__buildinfo__epoch=0), "contradict each other"),
        (altered(wheels__0__buildinfo={}), "no buildinfo"),
        (altered(wheels__0__buildinfo=1), "no buildinfo"),
    ],
)
def test_what_is_no_manifest(data: bytes, message: str) -> None:
    with pytest.raises((MismatchError, ConfigurationError), match=message):
        parse_manifest(data)
