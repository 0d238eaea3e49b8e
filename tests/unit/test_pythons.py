"""The Pythons: names, tags, and the names of what belongs to them."""

from __future__ import annotations

import pytest

from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.pythons import PYTHONS, STABLE_ABIS, Python, find_python, select_pythons
from zigbuild_backend.core.base.targets import find_target


def test_table() -> None:
    assert [python.name for python in PYTHONS] == [
        *("cp39", "cp310", "cp311", "cp312", "cp313", "cp314", "cp315"),
        *("cp313t", "cp314t", "cp315t"),
    ]


@pytest.mark.parametrize(
    ("name", "version", "python_tag", "abi_tag", "limited_api", "dll"),
    [
        ("cp39", "3.9", "cp39", "cp39", "", "python39.dll"),
        ("cp313", "3.13", "cp313", "cp313", "", "python313.dll"),
        ("cp313t", "3.13", "cp313", "cp313t", "", "python313t.dll"),
        ("cp310-abi3", "3.10", "cp310", "abi3", "0x030A0000", "python3.dll"),
        ("cp315-abi3t", "3.15", "cp315", "abi3.abi3t", "0x030F0000", "python3t.dll"),
    ],
)
def test_names(name: str, version: str, python_tag: str, abi_tag: str, limited_api: str, dll: str) -> None:
    python = find_python(name)
    assert str(python) == python.name == name
    assert (python.version, python.python_tag, python.abi_tag) == (version, python_tag, abi_tag)
    assert (python.limited_api, python.windows_dll) == (limited_api, dll)


@pytest.mark.parametrize(
    ("name", "target", "suffix"),
    [
        ("cp39", "manylinux_2_17_x86_64", ".cpython-39-x86_64-linux-gnu.so"),
        # Until 3.10 a Python on musl looks for the name that glibc has.
        ("cp39", "musllinux_1_2_x86_64", ".cpython-39-x86_64-linux-gnu.so"),
        ("cp310", "musllinux_1_2_armv7l", ".cpython-310-arm-linux-gnueabihf.so"),
        ("cp310", "musllinux_1_2_ppc64le", ".cpython-310-powerpc64le-linux-gnu.so"),
        ("cp311", "musllinux_1_2_x86_64", ".cpython-311-x86_64-linux-musl.so"),
        ("cp311", "musllinux_1_2_armv7l", ".cpython-311-arm-linux-musleabihf.so"),
        ("cp313t", "musllinux_1_2_i686", ".cpython-313t-i386-linux-musl.so"),
        ("cp314t", "macosx_11_0_arm64", ".cpython-314t-darwin.so"),
        ("cp39", "macosx_10_13_universal2", ".cpython-39-darwin.so"),
        ("cp313t", "win_amd64", ".cp313t-win_amd64.pyd"),
        ("cp310", "win32", ".cp310-win32.pyd"),
        ("cp310-abi3", "win_arm64", ".pyd"),
        ("cp310-abi3", "musllinux_1_2_x86_64", ".abi3.so"),
        ("cp310-abi3", "macosx_11_0_arm64", ".abi3.so"),
        ("cp315-abi3t", "win32", ".pyd"),
        ("cp315-abi3t", "musllinux_1_2_x86_64", ".abi3t.so"),
    ],
)
def test_extension_suffix(name: str, target: str, suffix: str) -> None:
    assert find_python(name).extension_suffix(find_target(target)) == suffix


@pytest.mark.parametrize(
    "name",
    [
        *(
            "cp38",
            "cp316",
            "cp312t",
            "cp38-abi3",
            "cp313t-abi3",
            "cp314-abi3t",
            "cp315t-abi3t",
            "cp27",
            "pp310",
            "3.12",
            "CP312",
            "",
            "all",
        ),
        *("cp3013", "cp3١٣", f"cp3{'9' * 5000}"),
    ],
)
def test_refused_names(name: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        find_python(name)
    (problem,) = refusal.value.problems
    assert problem.where == name
    assert "cp312, " in problem.hint


@pytest.mark.parametrize(
    ("name", "macros"),
    [
        ("cp315", {}),
        ("cp315t", {"Py_GIL_DISABLED": "1"}),
        ("cp312-abi3", {"Py_LIMITED_API": "0x030C0000"}),
        ("cp315-abi3t", {"Py_TARGET_ABI3T": "0x030F0000"}),
    ],
)
def test_macros(name: str, macros: dict[str, str]) -> None:
    assert find_python(name).macros == macros


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("cp313", "cp313"),
        ("cp314t", "cp314t"),
        ("cp314-abi3", "cp314 cp315 cp314-abi3 cp315-abi3"),
        ("cp315-abi3t", "cp315 cp315t cp315-abi3 cp315-abi3t"),
    ],
)
def test_who_loads_what(name: str, others: str) -> None:
    everyone = (*PYTHONS, *STABLE_ABIS)
    assert {other.name for other in everyone if find_python(name).serves(other)} == set(others.split())


def test_selection_is_in_order_without_repetition() -> None:
    assert select_pythons(["cp313t", "cp312", "cp39", "cp312-abi3", "cp312"]) == (
        *(Python(9), Python(12), Python(12, stable_abi=True)),
        Python(13, free_threaded=True),
    )
    assert select_pythons(["cp312", "all"]) == PYTHONS
    assert select_pythons([]) == ()
