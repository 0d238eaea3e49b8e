"""The table of targets, and how a platform tag or a group finds its rows."""

from __future__ import annotations

import pytest

from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.targets import TARGETS, find_target, select_targets

# platform tag, zig's triples, suffix of a module for CPython 3.13
TABLE = [
    ("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17", ".cpython-313-x86_64-linux-gnu.so"),
    ("manylinux_2_17_i686", "x86-linux-gnu.2.17", ".cpython-313-i386-linux-gnu.so"),
    ("manylinux_2_17_aarch64", "aarch64-linux-gnu.2.17", ".cpython-313-aarch64-linux-gnu.so"),
    ("manylinux_2_17_armv7l", "arm-linux-gnueabihf.2.17", ".cpython-313-arm-linux-gnueabihf.so"),
    ("manylinux_2_17_ppc64le", "powerpc64le-linux-gnu.2.19", ".cpython-313-powerpc64le-linux-gnu.so"),
    ("manylinux_2_17_s390x", "s390x-linux-gnu.2.17", ".cpython-313-s390x-linux-gnu.so"),
    ("manylinux_2_31_riscv64", "riscv64-linux-gnu.2.31", ".cpython-313-riscv64-linux-gnu.so"),
    ("manylinux_2_36_loongarch64", "loongarch64-linux-gnu.2.36", ".cpython-313-loongarch64-linux-gnu.so"),
    ("musllinux_1_2_x86_64", "x86_64-linux-musl", ".cpython-313-x86_64-linux-musl.so"),
    ("musllinux_1_2_i686", "x86-linux-musl", ".cpython-313-i386-linux-musl.so"),
    ("musllinux_1_2_aarch64", "aarch64-linux-musl", ".cpython-313-aarch64-linux-musl.so"),
    ("musllinux_1_2_armv7l", "arm-linux-musleabihf", ".cpython-313-arm-linux-musleabihf.so"),
    ("musllinux_1_2_ppc64le", "powerpc64le-linux-musl", ".cpython-313-powerpc64le-linux-musl.so"),
    ("musllinux_1_2_s390x", "s390x-linux-musl", ".cpython-313-s390x-linux-musl.so"),
    ("musllinux_1_2_riscv64", "riscv64-linux-musl", ".cpython-313-riscv64-linux-musl.so"),
    ("musllinux_1_2_loongarch64", "loongarch64-linux-musl", ".cpython-313-loongarch64-linux-musl.so"),
    ("macosx_10_13_x86_64", "x86_64-macos.10.13", ".cpython-313-darwin.so"),
    ("macosx_11_0_arm64", "aarch64-macos.11.0", ".cpython-313-darwin.so"),
    ("macosx_10_13_universal2", "x86_64-macos.10.13 aarch64-macos.11.0", ".cpython-313-darwin.so"),
    ("win32", "x86-windows-gnu", ".cp313-win32.pyd"),
    ("win_amd64", "x86_64-windows-gnu", ".cp313-win_amd64.pyd"),
    ("win_arm64", "aarch64-windows-gnu", ".cp313-win_arm64.pyd"),
]


def test_table() -> None:
    rows = [
        (
            target.platform_tag,
            " ".join(part.triple for part in target.slices or (target,)),
            Python(13).extension_suffix(target),
        )
        for target in TARGETS
    ]
    assert rows == TABLE
    assert len(rows) == 22


@pytest.mark.parametrize(
    ("tag", "triple", "os_version"),
    [
        ("manylinux_2_28_x86_64", "x86_64-linux-gnu.2.28", (2, 28)),
        ("manylinux_2_18_ppc64le", "powerpc64le-linux-gnu.2.19", (2, 18)),
        ("manylinux_2_28_ppc64le", "powerpc64le-linux-gnu.2.28", (2, 28)),
        ("macosx_12_0_arm64", "aarch64-macos.12.0", (12, 0)),
        ("macosx_10_15_x86_64", "x86_64-macos.10.15", (10, 15)),
    ],
)
def test_tags_above_the_lowest(tag: str, triple: str, os_version: tuple[int, int]) -> None:
    target = find_target(tag)
    assert (target.platform_tag, target.triple, target.os_version) == (tag, triple, os_version)


def test_manylinux2014_is_its_pep_600_name() -> None:
    assert find_target("manylinux2014_aarch64") == find_target("manylinux_2_17_aarch64")


@pytest.mark.parametrize(
    ("tag", "versions"),
    [("macosx_10_15_universal2", [(10, 15), (11, 0)]), ("macosx_12_0_universal2", [(12, 0), (12, 0)])],
)
def test_slices_of_universal2_never_promise_less_than_their_architecture(
    tag: str, versions: list[tuple[int, int]]
) -> None:
    target = find_target(tag)
    assert (target.platform_tag, target.arch) == (tag, "universal2")
    assert [part.arch for part in target.slices] == ["x86_64", "arm64"]
    assert [part.os_version for part in target.slices] == versions


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("manylinux_2_5_x86_64", "the lowest is manylinux_2_17_x86_64"),
        ("manylinux_2_17_riscv64", "the lowest is manylinux_2_31_riscv64"),
        ("manylinux2014_loongarch64", "the lowest is manylinux_2_36_loongarch64"),
        ("macosx_10_9_universal2", "the lowest is macosx_10_13_universal2"),
        ("macosx_10_15_arm64", "the lowest is macosx_11_0_arm64"),
        ("macosx_11_0_ppc64", "did you mean"),
        ("manylinux_2_17_sparc", "did you mean"),
        ("musllinux_1_2_sparc", "did you mean"),
        ("musllinux_1_1_x86_64", "did you mean 'musllinux_1_2_x86_64'"),
        ("win_amd46", "did you mean 'win_amd64'"),
        ("manylinux_2_017_x86_64", "did you mean"),
        ("manylinux_2_٢٨_x86_64", "did you mean"),
        (f"manylinux_2_{'9' * 5000}_x86_64", "groups are"),
        ("macosx_011_0_arm64", "did you mean"),
        ("amiga", "groups are all, linux"),
        ("", "groups are all, linux"),
    ],
)
def test_refused_tags(tag: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        find_target(tag)
    (problem,) = refusal.value.problems
    assert problem.where == tag
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("group", "count"),
    [("all", 22), ("linux", 16), ("manylinux", 8), ("musllinux", 8), ("macos", 3), ("windows", 3)],
)
def test_groups(group: str, count: int) -> None:
    chosen = select_targets([group])
    assert len(chosen) == count
    assert all(group in ("all", target.os, target.group) for target in chosen)


def test_selection_is_in_the_order_of_the_table_without_repetition() -> None:
    chosen = select_targets(["manylinux_2_28_x86_64", "win32", "musllinux_1_2_x86_64", "windows", "win32"])
    assert [str(target) for target in chosen] == [
        *("musllinux_1_2_x86_64", "win32", "win_amd64", "win_arm64"),
        "manylinux_2_28_x86_64",
    ]


def test_selection_of_nothing() -> None:
    assert select_targets([]) == ()


def test_properties() -> None:
    assert [t.platform_tag for t in TARGETS if t.is_windows] == ["win32", "win_amd64", "win_arm64"]
    assert {t.arch for t in TARGETS if t.is_32bit} == {"i686", "armv7l"}
    assert {t.arch for t in TARGETS if t.cpu != "baseline"} == {"armv7l"}
    assert [t.platform_tag for t in TARGETS if t.slices] == ["macosx_10_13_universal2"]
