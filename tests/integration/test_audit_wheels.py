"""The parsers and the audit against what zig really links, what LIEF and pyelftools read, and wheels from the index."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import lief
import pytest

from lanes import few_first
from zigbuild_backend.core.audit.binary_audit import audit_module
from zigbuild_backend.core.audit.platform_policy import Policy, builtin_policy, find_policy
from zigbuild_backend.core.audit.promise import Promise
from zigbuild_backend.core.audit.symbol_origin import find_origin
from zigbuild_backend.core.audit.wheel_audit import check_wheel
from zigbuild_backend.core.base.errors import NotFoundError, Problem, ProblemList
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.targets import TARGETS, Target, find_target
from zigbuild_backend.core.binaries.binary import Binary
from zigbuild_backend.core.binaries.elf import ElfBinary
from zigbuild_backend.core.binaries.fat import render_fat, split_fat
from zigbuild_backend.core.binaries.macho import MachOBinary
from zigbuild_backend.core.binaries.parse import parse_binary, parse_slices
from zigbuild_backend.core.binaries.pe import PeBinary
from zigbuild_backend.core.zig.toolchain import ZigEnvironment
from zigbuild_backend.core.zig.ziglang import find_zig, settle_library

CP313 = Python(13)
LEAVES = tuple(target for target in TARGETS if not target.slices)

SOURCE = """
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#define IMPORT __declspec(dllimport)
#else
#define EXPORT __attribute__((visibility("default")))
#define IMPORT
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
typedef struct { long count; } PyObject;
IMPORT extern PyObject *PyModule_Create2(void *, int);
IMPORT extern PyObject _Py_NoneStruct;
void *spam_fill(double value) {
    char *text = malloc(100);
    snprintf(text, 100, "%g", log(value));
    return text;
}
EXPORT PyObject *PyInit_spam(void) {
    PyObject *module = PyModule_Create2(spam_fill(0), 1013);
    return module ? module : &_Py_NoneStruct;
}
"""
PYTHON_DEF = "LIBRARY python313.dll\nEXPORTS\nPyModule_Create2\n_Py_NoneStruct DATA\n"
DLLTOOL_MACHINES = {"i686": "i386", "x86_64": "i386:x86-64", "arm64": "arm64"}


def run_zig(*arguments: str, cwd: Path) -> None:
    """Run zig with the user's caches; without it the test is skipped."""
    try:
        zig = find_zig(DEFAULT_ZIG, this_machine(os.environ))
    except NotFoundError as error:
        pytest.skip(str(error))
    zig.run(arguments, cwd=cwd, world=ZigEnvironment(library=settle_library(zig)))


def link(folder: Path, target: Target, source: str = SOURCE, *flags: str) -> bytes:
    """Return the module ``spam`` for one target without slices."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spam.c").write_text(source)
    name = f"spam{CP313.extension_suffix(target)}"
    if target.is_windows:
        (folder / "python313.def").write_text(PYTHON_DEF)
        machine = DLLTOOL_MACHINES[target.arch]
        run_zig("dlltool", "-m", machine, "-d", "python313.def", "-l", "py.lib", "-D", "python313.dll", cwd=folder)
        flags = (*flags, "py.lib", "-fno-emit-implib")
    else:
        flags = (*flags, "-fallow-shlib-undefined")
    if target.os == "macos":
        flags = (*flags, "-install_name", "@rpath/spam.so")
    run_zig(
        *("build-lib", "-dynamic", "-lc", "-OReleaseFast", "-fstrip", "-fPIC", "-fno-sanitize-c", "--name", "spam"),
        *("-target", target.triple, f"-mcpu={target.cpu}", f"-femit-bin={name}"),
        *("-cflags", "-fvisibility=hidden", "--", "spam.c", *flags),
        cwd=folder,
    )
    return (folder / name).read_bytes()


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], bytes]:
    """Return the module ``spam`` for a target, linked when it is first asked for."""
    folder = tmp_path_factory.mktemp("modules")

    @cache
    def build(target: Target) -> bytes:
        if target.slices:
            return render_fat([build(find_target(part.platform_tag)) for part in target.slices])
        return link(folder / target.platform_tag, target)

    return build


def find_problems(data: bytes, target: Target, policy: Policy) -> list[Problem]:
    """Return the problems of the module ``spam`` for CPython 3.13."""
    problems = ProblemList("spam")
    audit_module(data, "spam", Promise(target, policy, CP313), problems)
    return problems.found


@pytest.mark.parametrize("target", few_first(TARGETS), ids=str)
def test_zig_tells_the_truth(module: Callable[[Target], bytes], target: Target) -> None:
    data = module(target)
    start = time.perf_counter()
    for policy in (builtin_policy(target), find_policy(target)):
        problems = find_problems(data, target, policy)
        assert problems == []
    assert time.perf_counter() - start < 0.1


def read_with_lief(data: bytes) -> dict[str, object]:
    """Return what LIEF reads, in the words of :class:`Binary`; symbols of Darwin lose their underscore."""
    if data.startswith(b"\x7fELF"):
        elf = lief.ELF.parse(list(data))
        tags = lief.ELF.DynamicEntry.TAG
        paths = [p for e in elf.dynamic_entries if e.tag in (tags.RPATH, tags.RUNPATH) for p in e.paths]
        return {
            "exports": {str(s.name) for s in elf.exported_symbols},
            "imports": {
                (str(s.name), s.symbol_version.symbol_version_auxiliary.name if versioned(s) else "")
                for s in elf.dynamic_symbols
                if s.name and s.shndx == 0  # its own imported_symbols leaves out those without a type
            },
            "libraries": list(elf.libraries),
            "rpaths": paths,
            "name": "".join(e.name for e in elf.dynamic_entries if e.tag == tags.SONAME),
        }
    if data.startswith(b"MZ"):
        pe = lief.PE.parse(list(data))
        return {
            "exports": {str(e.name) for e in pe.get_export().entries},
            "imports": {(e.name, i.name) for i in pe.imports for e in i.entries if not e.is_ordinal},
            "name": pe.get_export().name,
            "timestamp": pe.header.time_date_stamps,
            "dll_characteristics": pe.optional_header.dll_characteristics,
        }
    macho = lief.MachO.parse(list(data)).at(0)
    return {
        "exports": {str(s.name).removeprefix("_") for s in macho.exported_symbols},
        "imports": {str(s.name).removeprefix("_") for s in macho.imported_symbols},
        "libraries": [lib.name for lib in macho.libraries if lib.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB],
        "name": "".join(lib.name for lib in macho.libraries if lib.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB),
        "uuid": bytes(macho.uuid.uuid).hex(),
        "min_version": tuple(macho.build_version.minos if macho.has_build_version else macho.version_min.version),
        "is_signed": macho.has_code_signature,
    }


def versioned(symbol: object) -> bool:
    version = getattr(symbol, "symbol_version", None)
    return bool(version and version.has_auxiliary_version)


def read_ourselves(binary: Binary) -> dict[str, object]:
    """Return the facts that :func:`read_with_lief` returns, as our parsers read them."""
    facts: dict[str, object] = {"exports": set(binary.exports), "name": binary.name}
    if isinstance(binary, ElfBinary):
        facts["imports"] = {(s.name, s.version) for s in binary.imports}
        facts |= {"libraries": list(binary.libraries), "rpaths": list(binary.rpaths)}
    elif isinstance(binary, PeBinary):
        facts["imports"] = {(s.name, s.library) for s in binary.imports if not s.name.startswith("#")}
        facts |= {"timestamp": binary.timestamp, "dll_characteristics": binary.dll_characteristics}
    elif isinstance(binary, MachOBinary):
        facts["imports"] = {s.name for s in binary.imports}
        facts |= {"libraries": list(binary.libraries), "uuid": binary.uuid, "min_version": binary.min_version}
        facts["is_signed"] = binary.signature is not None
    return facts


@pytest.mark.parametrize("target", few_first(LEAVES), ids=str)
def test_lief_agrees(module: Callable[[Target], bytes], target: Target) -> None:
    data = module(target)
    assert read_ourselves(parse_binary(data)) == read_with_lief(data)


@pytest.mark.parametrize("target", few_first(t for t in LEAVES if t.os == "linux"), ids=str)
def test_pyelftools_agrees(module: Callable[[Target], bytes], target: Target, tmp_path: Path) -> None:
    from elftools.elf.elffile import ELFFile

    path = tmp_path / "spam.so"
    path.write_bytes(module(target))
    binary = parse_binary(path.read_bytes())
    assert isinstance(binary, ElfBinary)
    with path.open("rb") as file:
        elf = ELFFile(file)
        dynamic = elf.get_section_by_name(".dynamic")
        symbols = list(elf.get_section_by_name(".dynsym").iter_symbols())[1:]
        needs = elf.get_section_by_name(".gnu.version_r")
        versions = {(v.name, a.name) for v, rows in needs.iter_versions() for a in rows} if needs else set()
        assert binary.libraries == tuple(tag.needed for tag in dynamic.iter_tags("DT_NEEDED"))
        assert set(binary.version_needs) == versions
        assert set(binary.exports) == {s.name for s in symbols if s["st_shndx"] != "SHN_UNDEF"}
        assert [s.name for s in binary.imports] == [s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF"]


def test_universal2(module: Callable[[Target], bytes], tmp_path: Path) -> None:
    target = find_target("macosx_10_13_universal2")
    fat = lief.MachO.parse(list(module(target)))
    assert [fat.at(n).header.cpu_type.name for n in range(fat.size)] == ["X86_64", "ARM64"]
    lipo = shutil.which("llvm-lipo") or shutil.which("llvm-lipo-14")
    if lipo is None:
        pytest.skip("llvm-lipo is not installed")
    for number, data in enumerate(split_fat(module(target))):
        (tmp_path / f"{number}.so").write_bytes(data)
    subprocess.run([lipo, "-create", "1.so", "0.so", "-output", "fat.so"], check=True, cwd=tmp_path)
    assert (tmp_path / "fat.so").read_bytes() == module(target)


@pytest.mark.parametrize("tag", ["manylinux_2_17_x86_64", "macosx_11_0_arm64", "win32", "win_amd64"])
def test_origin_of_a_symbol(tmp_path: Path, tag: str) -> None:
    target = find_target(tag)
    (tmp_path / "spam.c").write_text(SOURCE)
    (tmp_path / "ham.c").write_text("int ham(void) { return 1; }\n")
    for name in ("spam", "ham"):
        run_zig("build-obj", "-target", target.triple, "-lc", f"-femit-bin={name}.o", f"{name}.c", cwd=tmp_path)
    objects = {f"{name}.c": (tmp_path / f"{name}.o").read_bytes() for name in ("ham", "spam")}
    assert find_origin(objects, "malloc") == "spam.c"
    assert find_origin(objects, "PyModule_Create2") == "spam.c"
    assert find_origin(objects, "spam_fill") is None


def test_newer_glibc_is_found_out(tmp_path: Path) -> None:
    source = SOURCE.replace("malloc(100)", "malloc(100 + memfd_create(0, 0))")
    source = "#define _GNU_SOURCE\n#include <sys/mman.h>\n" + source
    data = link(tmp_path, find_target("manylinux_2_27_x86_64"), source)
    target = find_target("manylinux_2_17_x86_64")
    (problem,) = find_problems(data, target, builtin_policy(target))
    assert problem.message.startswith("memfd_create needs GLIBC_2.27 of libc.so.6")


@pytest.mark.parametrize("tag", ["manylinux_2_17_x86_64", "musllinux_1_2_x86_64", "macosx_11_0_arm64"])
def test_stripped_visibility_is_noticed(tmp_path: Path, tag: str) -> None:
    source = SOURCE.replace("void *spam_fill", "EXPORT void *spam_fill")
    target = find_target(tag)
    data = link(tmp_path, target, source)
    problems = find_problems(data, target, builtin_policy(target))
    assert [p.message for p in problems] == ["exports spam_fill beside its init function"]


MARKUPSAFE = {
    "macosx_11_0_arm64": "116bb52f642a37c115f517494ea5feb03889e04df47eeff5b130b1808ce7c219",
    "manylinux_2_17_aarch64": "133a43e73a802c5562be9bbcd03d090aa5a1fe899db609c29e8c8d815c5f6de6",
    "manylinux_2_31_riscv64": "509fa21c6deb7a7a273d629cf5ec029bc209d1a51178615ddf718f5918992ab9",
    "musllinux_1_2_x86_64": "8485f406a96febb5140bfeca44a73e3ce5116b2501ac54fe953e488fb1d03b12",
    "win32": "bdd37121970bfd8be76c5fb069c7751683bdf373db1ed6c010162b2a130248ed",
    "win_amd64": "9a1abfdc021a164803f4d485104931fb8f8c1efd55bc6b748d2f5774e78b62c5",
    "win_arm64": "7e68f88e5b8799aa49c85cd116c932a1ac15caaa3f5db09087854d218359e485",
}


@pytest.mark.full
@pytest.mark.parametrize(("platform", "digest"), MARKUPSAFE.items())
def test_wheel_from_the_index(tmp_path: Path, platform: str, digest: str) -> None:
    """Wheels of MarkupSafe 3.0.3, made by other compilers: GCC, clang and MSVC."""
    (tmp_path / "requirements.txt").write_text(f"markupsafe==3.0.3 --hash=sha256:{digest}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--retries=1"]
    command += ["--platform", platform, "--python-version", "3.13", "-d", "wheels", "-r", "requirements.txt"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("the index did not answer in two minutes")
    if done.returncode:
        pytest.skip(f"the index does not serve the wheel: {done.stderr.strip().splitlines()[-1:]}")
    (path,) = (tmp_path / "wheels").iterdir()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert check_wheel(path).problems == ()
    with ZipFile(path) as wheel:
        (member,) = (name for name in wheel.namelist() if name.endswith((".so", ".pyd")))
        data = wheel.read(member)
    (binary,) = parse_slices(data)
    assert read_ourselves(binary) == read_with_lief(data)
    renamed = path.with_name(path.name.replace("cp313-cp313", "cp312-cp312"))
    path.rename(renamed)
    found = [problem.message for problem in check_wheel(renamed).problems]
    assert any("is not found by cp312" in message for message in found)
    assert any("has no Tag cp312-cp312" in message for message in found)
