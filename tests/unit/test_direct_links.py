"""The commands that compile and link modules, in what `zig build` prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zigbuild_backend.editable.direct_links import find_direct_links

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="import libraries lie beside modules")

ZIG, ARTIFACTS = Path("/store/zig"), Path("/state/artifacts/cp313-x")
BUILD = "/store/zig build --prefix /state/artifacts --verbose"


def link(name: str, source: str) -> str:
    return f"/store/zig build-lib -cflags -O2 -- '/state/root/{source}' --name {name} -dynamic --listen=-"


def install(library: str, path: str) -> str:
    return f"install -C '/state/cache/o/12/{library}' '/state/artifacts/cp313-x/{path}'"


def find(*lines: str) -> dict[str, list[str]]:
    return find_direct_links("\n".join((BUILD, *lines)), ZIG, ARTIFACTS)


def test_each_module_has_its_command() -> None:
    printed = [link("_a", "src a/a.c"), link("_b", "b.c"), install("lib_b.so", "spam/_b.so")]
    links = find(*printed, "a warning: of the compiler", install("lib_a.so", "spam/_a.so"))
    assert links.keys() == {"spam/_a.so", "spam/_b.so"}
    assert links["spam/_a.so"] == [
        *("/store/zig", "build-lib", "-cflags", "-O2", "--", "/state/root/src a/a.c"),
        *("--name", "_a", "-dynamic"),
    ]


def test_musl_gets_into_the_name() -> None:
    assert find(link("_a.libc.musl-x86_64", "a.c"), install("lib_a.libc.musl-x86_64.so.1.0.0", "_a.so"))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [link("_a", "a.c")],
        [link("_a", "a.c"), install("lib_a.so", "_a.so"), link("_b", "b.c")],
        [link("_a", "a.c"), install("lib_a.so", "_a.so"), install("lib_b.so", "_b.so")],
        [link("_a", "a.c"), link("_a", "b.c"), install("lib_a.so", "a/_a.so"), install("lib_a.so", "b/_a.so")],
        [link("_a", "a.c").replace(" -dynamic", ""), install("lib_a.so", "_a.so")],
        [link("_a", "a.c"), "/store/zig build-obj x.zig --name zig --listen=-", install("lib_a.so", "_a.so")],
    ],
)
def test_modules_of_several_commands_have_none(lines: list[str]) -> None:
    assert find(*lines) == {}
