"""Real wheels of one project that were built differently: what the command says of them."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from machines import EXAMPLE
from zigbuild_backend.core.binaries.binary import ELF_MAGIC
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.rebuild.compare.sections import list_sections

RUN = (sys.executable, "-m", "zigbuild_backend")
TARGETS = ("manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64")
SOURCE = "src/example_c/_distance.c"
INFO = "example_c-1.0.0.dist-info"
SBOM = f"{INFO}/sboms/zigbuild.cdx.json"

Build = Callable[..., Mapping[str, Path]]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, zig: Zig) -> Build:  # noqa: ARG001 (skips where there is none)
    """Build a wheel for each target from the example, with its sources changed and other variables set."""

    def build(changes: Mapping[str, tuple[str, str]] = {}, **variables: str) -> Mapping[str, Path]:
        folder = tmp_path_factory.mktemp("built")
        project = Path(shutil.copytree(EXAMPLE, folder / "c"))
        for name, (old, new) in changes.items():
            text = (project / name).read_text()
            assert old in text
            (project / name).write_text(text.replace(old, new))
        options = [option for target in TARGETS for option in ("--target", target)]
        command = [*RUN, "wheels", project, "--python", "native", "--out", folder / "out", "-q", *options]
        subprocess.run(command, check=True, env={**os.environ, **variables}, timeout=1200)
        return {path.stem.rpartition("-")[2]: path for path in (folder / "out").iterdir()}

    return build


@pytest.fixture(scope="module")
def wheels(build: Build) -> Mapping[str, Path]:
    return build()


def compare(expected: Path, found: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, "compare", expected, found, *options], capture_output=True, text=True, timeout=120, encoding="utf-8"
    )


def see(expected: Path, found: Path) -> list[tuple[str, str]]:
    """Return the places and what differs there."""
    done = compare(expected, found, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["identical"]) == (4, False), done.stderr
    return [(difference["place"], difference["what"]) for difference in document["differences"]]


def test_a_second_build_is_identical(build: Build, wheels: Mapping[str, Path]) -> None:
    again = build()
    for target in TARGETS:
        done = compare(wheels[target], again[target])
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
        assert " are the same, " in done.stderr


def test_a_wheel_that_is_not_there(wheels: Mapping[str, Path]) -> None:
    done = compare(wheels["win_amd64"], Path("no", "such.whl"))
    assert (done.returncode, done.stdout) == (5, "")
    assert "such.whl: there is no such wheel" in done.stderr


def test_another_epoch(build: Build, wheels: Mapping[str, Path]) -> None:
    later = build(SOURCE_DATE_EPOCH="1700000000")
    for target in TARGETS:
        assert see(wheels[target], later[target]) == [
            (f"{INFO}/zigbuild-buildinfo.json", "epoch: expected 315532800, found 1700000000"),
            ("archive", "time of all 10 members: expected 1980-01-01 00:00:00, found 2023-11-14 22:13:20"),
        ]


def test_other_headers(build: Build, wheels: Mapping[str, Path], tmp_path: Path) -> None:
    headers = Path(shutil.copytree(sysconfig.get_path("include"), tmp_path / "include" / "python"))
    with (headers / "object.h").open("a") as file:
        file.write("/* edited */\n")
    other = build(ZIGBUILD_HEADERS=str(headers))
    for target in TARGETS:
        ((place, line),) = see(wheels[target], other[target])[:1]
        assert place == f"{INFO}/zigbuild-buildinfo.json"
        assert line.startswith("python.headers: expected ")


@pytest.fixture(scope="module")
def changed(build: Build) -> Mapping[str, Path]:
    """Return the wheels of a project whose C source has another text in it."""
    return build({SOURCE: ("The edit distance", "/home/spam.c: The edit distance")})


def test_other_code(wheels: Mapping[str, Path], changed: Mapping[str, Path]) -> None:
    for target in TARGETS:
        lines = see(wheels[target], changed[target])
        assert lines[0][0] == f"{INFO}/zigbuild-buildinfo.json"
        assert lines[0][1].startswith("source.digest: expected ")
        assert ("archive", f"contents that differ just as the specifications do: {SBOM}") in lines
        assert any("path: expected none, found '/home/spam.c'" in what for _, what in lines)


def test_what_people_read(wheels: Mapping[str, Path], changed: Mapping[str, Path]) -> None:
    done = compare(wheels["manylinux_2_17_x86_64"], changed["manylinux_2_17_x86_64"])
    lines = done.stdout.splitlines()
    assert lines[0] == f"{INFO}/zigbuild-buildinfo.json"
    assert lines[1].startswith("  source.digest: expected ")
    assert lines[2] == "    why: the sources are not the same: any member may differ"
    assert any(line.endswith("-x86_64-linux-gnu.so") for line in lines)
    assert lines[-1] == "    why: they hold addresses of code and data, or are digests"
    assert len(lines) < 40
    assert "differences between " in done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_a_byte_of_the_code_that_flipped(wheels: Mapping[str, Path], target: str, tmp_path: Path) -> None:
    altered = tmp_path / wheels[target].name
    with zipfile.ZipFile(wheels[target]) as source, zipfile.ZipFile(altered, "w") as file:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith((".so", ".pyd")):
                place = info.filename
                code = next(s for s in list_sections(data) if s.name in (".text", "__TEXT,__text"))
                at = code.offset + 5
                data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            file.writestr(info, data)
    lines = see(wheels[target], altered)
    assert lines[0] == (f"{INFO}/zigbuild-buildinfo.json", "the specification is the same in both")
    assert (place, "is not what the RECORD of the found wheel says") in lines
    ((_, line),) = [line for line in lines if line[0] == f"{place} [{code.name}]"]
    assert line.startswith(f"1 of {code.size} bytes at {code.offset:#x} differ, from +0x5: ")
    is_signed = target.startswith("macosx")
    assert any("valid, found" in what for _, what in lines) == is_signed


def test_another_deflate(wheels: Mapping[str, Path], tmp_path: Path) -> None:
    target = "win_amd64"
    repacked = tmp_path / wheels[target].name
    with zipfile.ZipFile(wheels[target]) as source, zipfile.ZipFile(repacked, "w") as file:
        for info in source.infolist():
            file.writestr(info, source.read(info))
    (_, (place, line)) = see(wheels[target], repacked)
    assert place == "archive"
    assert line.startswith("the compressed streams of ")


def test_sections_are_those_that_lief_finds(wheels: Mapping[str, Path]) -> None:
    import lief

    for target in TARGETS:
        with zipfile.ZipFile(wheels[target]) as file:
            (name,) = (name for name in file.namelist() if name.endswith((".so", ".pyd")))
            data = file.read(name)
        parsed = lief.parse(io.BytesIO(data))
        assert parsed is not None
        found = {(section.name.rpartition(",")[2], section.offset, section.size) for section in list_sections(data)}
        for section in parsed.sections:
            size = section.sizeof_raw_data if data.startswith(b"MZ") else section.size
            if size and section.offset and section.name not in (".bss", ".relro_padding"):
                assert (section.name, section.offset, size) in found
        assert data.startswith(ELF_MAGIC) == target.startswith("manylinux")
