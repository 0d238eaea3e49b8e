"""Reading patchlevel.h, and the order of versions."""

from __future__ import annotations

import pytest

from zigbuild_backend.core.cpython.cpython_version import CPythonVersion, parse_patchlevel
from zigbuild_backend.core.cpython.include_tree import is_header


@pytest.mark.parametrize(
    ("text", "minor"), [("3.9.0", 9), ("3.13.12", 13), ("3.14.0a7", 14), ("3.15.0rc2", 15), ("3.15.0b1+", 15)]
)
def test_a_version_is_kept_as_it_is_spelt(text: str, minor: int) -> None:
    version = CPythonVersion.parse(text)
    assert (str(version), version.minor) == (text, minor)


@pytest.mark.parametrize("text", ["", "3.13", "2.7.18", "3.13.0-dev", "3.13.0c1", "3.13.0 ", "3.1٣.0"])
def test_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        CPythonVersion.parse(text)


def test_finals_are_preferred_to_prereleases_and_later_ones_to_earlier_ones() -> None:
    ordered = ["3.13.1a1", "3.13.1b2", "3.13.1rc1", "3.13.1rc2", "3.13.1+", "3.13.2rc1", "3.13.0", "3.13.9", "3.13.10"]
    assert sorted(sorted(ordered), key=CPythonVersion.parse) == ordered


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b'#define PY_VERSION              "3.13.0"\n', "3.13.0"),
        (b'#define PY_VERSION\t"3.15.0a1+"\r\n', "3.15.0a1+"),
        (b'#  define PY_VERSION "3.9.18"\n', "3.9.18"),
    ],
)
def test_the_version_of_a_patchlevel_header(line: bytes, version: str) -> None:
    text = b"#define PY_MAJOR_VERSION 3\n" + line + b"#define PY_VERSION_HEX 1\n"
    assert str(parse_patchlevel(text)) == version


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'#define PY_VERSION "2.7.18"\n',
        b'#define PY_VERSION_HEX "3.13.0"\n',
        b'#define PY_VERSION "3.10.14"\n#define PYPY_VERSION "7.3.17"\n',
    ],
)
def test_a_patchlevel_header_that_is_not_of_cpython_3(text: bytes) -> None:
    assert parse_patchlevel(text) is None


@pytest.mark.parametrize(
    "name",
    ["Python.h", "cpython/object.h", "internal/pycore_gc.h", "internal/mimalloc/mimalloc/types.h", "Python-ast.h"],
)
def test_headers_of_cpython(name: str) -> None:
    assert is_header(name)


@pytest.mark.parametrize(
    "name",
    [
        "pyconfig.h",
        "README.rst",
        "greenlet/greenlet.h",
        "numpy/arrayobject.h",
        "cpython/x/y.h",
        "internal/../x.h",
        ".h",
    ],
)
def test_what_belongs_to_others(name: str) -> None:
    assert not is_header(name)
