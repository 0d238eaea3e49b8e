"""The audit: each lie that a module or a wheel can tell, and that the truth is believed."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binary_files import coff_object, elf_file, elf_object, macho_file, pe_file
from zigbuild_backend.core.audit.binary_audit import audit_library, audit_module, init_symbols
from zigbuild_backend.core.audit.claims import parse_claimed_python, parse_claimed_target
from zigbuild_backend.core.audit.platform_policy import Policy, builtin_policy, read_auditwheel_policy
from zigbuild_backend.core.audit.promise import Origin, Promise, no_origin
from zigbuild_backend.core.audit.symbol_origin import find_origin
from zigbuild_backend.core.audit.wheel_audit import check_wheel
from zigbuild_backend.core.base.errors import NotFoundError, Problem, ProblemList
from zigbuild_backend.core.base.pythons import PYTHONS, Python
from zigbuild_backend.core.base.targets import TARGETS, Target, find_target
from zigbuild_backend.core.binaries.fat import render_fat

CP313 = Python(13)
ABI3 = Python(11, stable_abi=True)
FAT = render_fat([macho_file("x86_64", min_version=(10, 13)), macho_file("arm64")])


def module_for(target: Target, python: Python = CP313) -> bytes:
    """Return a sound module for any target."""
    if target.is_windows:
        return pe_file(target.arch, imports=[(python.windows_dll, ["PyLong_FromLong"]), ("KERNEL32.dll", ["Sleep"])])
    if target.slices:
        return FAT
    if target.os == "macos":
        return macho_file(target.arch, min_version=target.os_version)
    if target.libc == "musl":
        return elf_file(target.arch, imports=[("malloc", "", ""), ("PyLong_FromLong", "", "")], needed=["libc.so"])
    return elf_file(target.arch)


def find_problems(
    data: bytes,
    path: str = "spam.so",
    module: str = "spam",
    *,
    promise: Promise | None = None,
    origin: Origin = no_origin,
) -> list[Problem]:
    """Return the problems of one module, by default for glibc 2.17 and CPython 3.13."""
    target = find_target("manylinux_2_17_x86_64")
    problems = ProblemList(path)
    audit_module(data, module, promise or Promise(target, builtin_policy(target), CP313), problems, origin=origin)
    return problems.found


def audit(
    data: bytes,
    tag: str = "manylinux_2_17_x86_64",
    python: Python = CP313,
    policy: Policy | None = None,
    *,
    stable_abi: frozenset[str] | None = None,
    bundled: frozenset[str] = frozenset(),
    origin: Origin = no_origin,
) -> list[str]:
    """Return the messages of one audit of ``spam``."""
    target = find_target(tag)
    promise = Promise(target, policy or builtin_policy(target), python, stable_abi, bundled)
    problems = find_problems(data, promise=promise, origin=origin)
    assert all(problem.where.startswith("spam.so") for problem in problems)
    return [problem.message for problem in problems]


@pytest.mark.parametrize("python", [CP313, ABI3, Python(14, free_threaded=True), Python(15)], ids=str)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_truth_is_believed(target: Target, python: Python) -> None:
    data = module_for(target, python)
    assert audit(data, target.platform_tag, python, stable_abi=frozenset({"PyLong_FromLong"})) == []


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_other_target_is_refused(target: Target) -> None:
    data = module_for(target)
    for other in TARGETS:
        same_family = (other.libc, other.arch) == (target.libc, target.arch)
        slice_of_fat = target.slices and other in target.slices
        if not same_family and not slice_of_fat and (target.os, target.arch) != (other.os, other.arch):
            assert any("needs a shared library for" in m for m in audit(data, other.platform_tag)), other


def test_what_is_no_binary() -> None:
    assert audit(b"#!/bin/sh\n") == ["neither an ELF, a 64-bit Mach-O nor a PE file"]
    assert "(no shared library)" in audit(elf_file(file_type=2))[0]


def test_init_function() -> None:
    assert audit(elf_file(exports=[])) == ["does not export PyInit_spam, so it cannot be imported as spam"]
    (problem, stray) = find_problems(elf_file(exports=["PyInit_ham"]), "pkg/spam.so", "pkg.spam")
    assert problem == Problem(
        "does not export PyInit_spam, so it cannot be imported as pkg.spam",
        "pkg/spam.so",
        "it exports PyInit_ham: the file and the init function must have one name",
    )
    assert stray.message == "exports PyInit_ham beside its init function"


def test_init_symbols() -> None:
    assert init_symbols("pkg.spam", CP313) == ("PyInit_spam",)
    assert init_symbols("pkg.lančmít", CP313) == ("PyInitU_lanmt_2sa6t",)
    assert init_symbols("スパム", CP313) == ("PyInitU_zck5b2b",)
    assert init_symbols("spam", Python(15)) == ("PyInit_spam", "PyModExport_spam")


def test_modexport_counts_from_3_15() -> None:
    data = elf_file(exports=["PyModExport_spam"])
    assert audit(data, python=Python(15)) == []
    assert "does not export PyInit_spam" in audit(data, python=Python(14))[0]


def test_stray_exports() -> None:
    assert audit(elf_file(exports=["PyInit_spam", "_init", "__bss_start"])) == []
    data = pe_file(exports=["PyInit_spam", *(f"f{n}" for n in range(7))])
    assert audit(data, "win_amd64") == ["exports f0, f1, f2, f3, f4 and 2 more beside its init function"]


def test_glibc_version() -> None:
    data = elf_file(imports=[("memfd_create", "libc.so.6", "GLIBC_2.27"), ("malloc", "libc.so.6", "GLIBC_2.2.5")])
    (problem,) = find_problems(data, origin={"memfd_create": "src/spam.c"}.get)
    assert problem == Problem(
        "memfd_create needs GLIBC_2.27 of libc.so.6, the tag manylinux_2_17_x86_64 promises 2.17"
        ", pulled in by src/spam.c",
        "spam.so",
        "raise the target to manylinux_2_27_x86_64 or avoid the call",
    )
    assert audit(data, "manylinux_2_27_x86_64") == []


@pytest.mark.parametrize(
    ("version", "promised"),
    [
        ("GLIBC_2.17", True),
        ("GLIBC_2.2.5", True),
        ("GLIBC_2.17.9", True),
        ("GLIBC_2.18", False),
        ("GLIBC_2.100", False),
        ("GLIBC_3.0", False),
        ("GLIBC_PRIVATE", False),
        ("GLIBC_ABI_DT_RELR", False),
        ("GLIBCXX_3.4.19", True),
        ("GLIBCXX_3.4.20", False),
        ("OPENSSL_1.1.0", False),
    ],
)
def test_versions_are_numbers(version: str, promised: bool) -> None:
    policy = Policy(frozenset(), (2, 17), {"GLIBCXX": frozenset({"3.4.19"})})
    assert policy.has_version(version) is promised


def test_linux_libraries() -> None:
    data = elf_file(needed=["libc.so.6", "libfoo-1a2b.so.1", "libpython3.13.so.1.0"])
    assert audit(data, bundled=frozenset({"libfoo-1a2b.so.1"})) == [
        "is linked with libpython3.13.so.1.0, which the interpreter may not have or have twice"
    ]
    assert "needs libfoo-1a2b.so.1, which manylinux_2_17_x86_64 does not promise" in audit(data)
    on_musl = audit(elf_file(), "musllinux_1_2_x86_64")
    assert on_musl == [
        "needs libc.so.6, which musllinux_1_2_x86_64 does not promise (for malloc)",
        "malloc needs GLIBC_2.2.5 of libc.so.6, the tag musllinux_1_2_x86_64 promises no glibc",
    ]


def test_private_symbols() -> None:
    policy = Policy(frozenset({"libc.so.6"}), (2, 17), private={"libc.so.6": frozenset({"malloc"})})
    assert audit(elf_file(), policy=policy) == ["uses malloc, which is private to libc.so.6"]


def test_loader_flags() -> None:
    assert "executable stack" in audit(elf_file(stack_flags=7))[0]
    assert "relocations in its code" in audit(elf_file(has_text_relocations=True))[0]
    assert "NEON" in audit(elf_file("armv7l", neon=1), "manylinux_2_17_armv7l")[0]
    assert audit(elf_file(runpath="$ORIGIN/../spam.libs:${ORIGIN}")) == []
    assert audit(elf_file(rpath="/home/me/zig/lib:$ORIGIN")) == ["searches the folder '/home/me/zig/lib' for libraries"]
    assert audit(elf_file(rpath="$ORIGINAL:")) == [
        "searches the folder '$ORIGINAL' for libraries",
        "searches the folder '.' for libraries",
    ]


def test_unresolved_symbols() -> None:
    imports = [("malloc", "libc.so.6", "GLIBC_2.2.5"), ("spam_helper", "", ""), ("__gmon_start__", "", "")]
    message = "uses spam_helper, which neither Python nor any library that it is linked with defines"
    assert audit(elf_file(imports=imports, weak=["__gmon_start__"])) == [message]
    assert audit(macho_file(imports=[("spam_helper", 0xFE)]), "macosx_11_0_arm64") == [message]
    with_another = elf_file(imports=imports, weak=["__gmon_start__"], needed=["libc.so.6", "libham.so"])
    assert audit(with_another, bundled=frozenset({"libham.so"})) == []


def test_macos() -> None:
    tag = "macosx_11_0_arm64"
    assert audit(macho_file(min_version=(12, 3)), tag) == ["needs macOS 12.3, the tag macosx_11_0_arm64 promises 11.0"]
    assert audit(macho_file(platform=2), tag) == ["is for ios, not for macOS"]
    assert "install name /build/spam.so" in audit(macho_file(name="/build/spam.so"), tag)[0]
    assert "no code signature" in audit(macho_file(is_signed=False), tag)[0]
    assert audit(macho_file("x86_64", min_version=(10, 13)), "macosx_10_13_x86_64") == []
    framework = "/Library/Frameworks/Python.framework/Versions/3.13/Python"
    linked = macho_file(libraries=["/usr/lib/libSystem.B.dylib", framework, "/opt/lib/libz.dylib"])
    assert audit(linked, tag) == [
        f"is linked with {framework}, which the interpreter may not have or have twice",
        "needs /opt/lib/libz.dylib, which macosx_11_0_arm64 does not promise",
    ]
    changed = bytearray(macho_file())
    changed[20] ^= 0x80
    assert any("does not fit its bytes" in message for message in audit(bytes(changed), tag)) or audit(
        bytes(changed), tag
    )


def test_damaged_signature() -> None:
    data = macho_file(name="@rpath/ham.so")
    assert audit(data.replace(b"ham.so", b"jam.so"), "macosx_11_0_arm64") == [
        "has a code signature that does not fit its bytes, so macOS kills the process that loads it"
    ]


def test_universal2() -> None:
    assert audit(FAT, "macosx_10_13_universal2") == []
    assert audit(FAT, "macosx_11_0_arm64") == []
    newer = render_fat([macho_file("x86_64", min_version=(10, 15)), macho_file("arm64", exports=[])])
    target = find_target("macosx_10_13_universal2")
    problems = find_problems(newer, promise=Promise(target, builtin_policy(target), CP313))
    assert [(problem.where, problem.message) for problem in problems] == [
        ("spam.so (x86_64)", "needs macOS 10.15, the tag macosx_10_13_universal2 promises 10.13"),
        ("spam.so (arm64)", "does not export PyInit_spam, so it cannot be imported as spam"),
    ]
    thin = audit(macho_file("x86_64", min_version=(10, 13)), "macosx_10_13_universal2")
    assert thin == ["holds macho x86_64, macosx_10_13_universal2 needs a shared library for macho arm64"]


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("python312.dll", "is linked with python312.dll, a module for cp313 must import python313.dll"),
        ("python313t.dll", "is linked with python313t.dll, a module for cp313 must import python313.dll"),
        ("python3.dll", "is linked with python3.dll, a module for cp313 must import python313.dll"),
        ("MSVCRT.dll", "needs MSVCRT.dll, which win_amd64 does not promise (for x)"),
        ("libgcc_s_seh-1.dll", "needs libgcc_s_seh-1.dll, which win_amd64 does not promise (for x)"),
        ("MSVCP140.dll", "needs MSVCP140.dll, which win_amd64 does not promise (for x)"),
        ("Python313.DLL", None),
        ("API-MS-Win-crt-heap-l1-1-0.dll", None),
        ("VCRUNTIME140.dll", None),
    ],
)
def test_windows_libraries(library: str, expected: str | None) -> None:
    assert audit(pe_file(imports=[(library, ["x"])]), "win_amd64") == ([expected] if expected else [])


def test_windows_stable_abi() -> None:
    linked = pe_file(imports=[("python313.dll", ["PyLong_FromLong"])])
    assert audit(linked, "win_amd64", ABI3) == [
        "is linked with python313.dll, a module for cp311-abi3 must import python3.dll"
    ]
    abi3t = pe_file(exports=["PyModExport_spam"], imports=[("python3t.dll", ["PyLong_FromLong"])])
    assert audit(abi3t, "win_amd64", Python(15, stable_abi=True)) == []


def test_stable_abi_list() -> None:
    data = elf_file(imports=[("PyLong_FromLong", "", ""), ("_PyLong_New", "", ""), ("PyObject_Vectorcall", "", "")])
    names = frozenset({"PyLong_FromLong"})
    origin: Callable[[str], str | None] = {"_PyLong_New": "src/spam.c"}.get
    assert audit(data, python=ABI3, stable_abi=names, origin=origin) == [
        "uses _PyLong_New, which is not in the stable ABI of CPython 3.11, pulled in by src/spam.c",
        "uses PyObject_Vectorcall, which is not in the stable ABI of CPython 3.11",
    ]
    assert audit(data, python=ABI3) == audit(data, stable_abi=names) == []


def test_library_knows_no_python() -> None:
    target = find_target("win_amd64")
    data = pe_file(exports=["ham"], imports=[("python313.dll", ["PyLong_FromLong"])])
    problems = ProblemList("ham.dll")
    audit_library(data, Promise(target, builtin_policy(target)), problems)
    (problem,) = problems.found
    assert problem.where == "ham.dll"
    assert problem.message == "needs python313.dll, which win_amd64 does not promise (for PyLong_FromLong)"


def test_find_origin() -> None:
    objects = {
        "bitcode.o": b"BC\xc0\xde" + bytes(64),
        "ham.c": elf_object(["malloc"]),
        "spam.c": elf_object(["memfd_create"]),
        "spam.obj": coff_object(["__imp_Beep"]),
        "spam.m": macho_file(file_type=1, is_signed=False, imports=[("objc_msgSend", 0)]),
    }
    assert find_origin(objects, "memfd_create") == "spam.c"
    assert find_origin(objects, "Beep") == "spam.obj"
    assert find_origin(objects, "objc_msgSend") == "spam.m"
    assert find_origin(objects, "fork") is None


def test_auditwheel_policy() -> None:
    policy = read_auditwheel_policy(find_target("manylinux_2_20_x86_64"))
    assert policy is not None
    assert policy.glibc == (2, 20)
    assert policy.has_library("libstdc++.so.6")
    assert policy.has_version("GLIBCXX_3.4.19")
    assert not policy.has_version("GLIBCXX_3.4.20")
    musl = read_auditwheel_policy(find_target("musllinux_1_2_x86_64"))
    assert musl is not None
    assert musl.has_library("libc.so")
    assert not musl.has_library("libc.so.6")
    assert read_auditwheel_policy(find_target("win_amd64")) is None
    too_old = parse_claimed_target("manylinux_2_5_aarch64")
    assert too_old is not None
    assert read_auditwheel_policy(too_old) is None


def test_auditwheel_is_not_there_or_different(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = find_target("manylinux_2_17_x86_64")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert read_auditwheel_policy(target) is None
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: spec)
    assert read_auditwheel_policy(target) is None
    (tmp_path / "policy").mkdir()
    for text in ("", "{}", "[1]", '[{"name": "x", "symbol_versions": {"x86_64": {}}}]'):
        (tmp_path / "policy" / "manylinux-policy.json").write_text(text)
        assert read_auditwheel_policy(target) is None


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("manylinux1_x86_64", ("manylinux_2_5_x86_64", (2, 5))),
        ("manylinux2014_aarch64", ("manylinux_2_17_aarch64", (2, 17))),
        ("manylinux_2_99_s390x", ("manylinux_2_99_s390x", (2, 99))),
        ("musllinux_1_1_x86_64", ("musllinux_1_1_x86_64", (1, 1))),
        ("macosx_10_9_x86_64", ("macosx_10_9_x86_64", (10, 9))),
        ("win_arm64", ("win_arm64", (0, 0))),
        ("win_ia64", None),
        ("linux_x86_64", None),
        ("manylinux2099_x86_64", None),
        ("manylinux_2_17_sparc", None),
        ("macosx_10_9_intel", None),
        ("any", None),
    ],
)
def test_claimed_target(tag: str, expected: tuple[str, tuple[int, int]] | None) -> None:
    target = parse_claimed_target(tag)
    assert (target and (target.platform_tag, target.os_version)) == expected


def test_claimed_target_agrees_with_the_table() -> None:
    for target in TARGETS:
        claimed = parse_claimed_target(target.platform_tag)
        assert claimed is not None
        assert [(t.arch, t.os_version, t.libc, t.multiarch) for t in (claimed, *claimed.slices)] == [
            (t.arch, t.os_version, t.libc, t.multiarch) for t in (target, *target.slices)
        ]


def test_claimed_python() -> None:
    for python in PYTHONS:
        assert parse_claimed_python(python.python_tag, python.abi_tag) == python
    assert parse_claimed_python("cp39", "abi3") == Python(9, stable_abi=True)
    assert parse_claimed_python("cp315", "abi3t") == Python(15, free_threaded=True, stable_abi=True)
    for interpreter, abi in (("py3", "none"), ("cp313", "none"), ("pp310", "pypy310_pp73"), ("cp313", "cp312")):
        assert parse_claimed_python(interpreter, abi) is None


METADATA = "Metadata-Version: 2.1\nName: Spam\nVersion: 1.0\n"
WHEEL_FILE = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {purelib}\n"
DIST_INFO = "spam-1.0.dist-info"
SUFFIX = ".cpython-313-x86_64-linux-gnu.so"
TAG = "cp313-cp313-manylinux_2_17_x86_64"


def row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(data)}\n"


def write_wheel(
    folder: Path,
    files: dict[str, bytes] | None = None,
    *,
    tag: str = TAG,
    metadata: str = METADATA,
    wheel: str | None = None,
    record: Callable[[str], str] = str,
    build: str = "",
    extra: tuple[tuple[str, bytes], ...] = (),
) -> Path:
    """Return a wheel of spam 1.0. *record* may change RECORD; *extra* members are not in it."""
    if wheel is None:
        wheel = WHEEL_FILE.format(purelib=str(tag.endswith("-any")).lower())
        wheel += f"Build: {build}\n" * bool(build)
        python, abi, platforms = tag.split("-")
        wheel += "".join(f"Tag: {python}-{abi}-{platform}\n" for platform in platforms.split("."))
    members = dict({f"spam/_spam{SUFFIX}": elf_file(exports=["PyInit__spam"])} if files is None else files)
    members[f"{DIST_INFO}/METADATA"] = metadata.encode()
    members[f"{DIST_INFO}/WHEEL"] = wheel.encode()
    text = record("".join(row(*item) for item in members.items()) + f"{DIST_INFO}/RECORD,,\n")
    path = folder / f"spam-1.0-{build + '-' if build else ''}{tag}.whl"
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, data in (*members.items(), *extra, (f"{DIST_INFO}/RECORD", text.encode(errors="surrogatepass"))):
            archive.writestr(ZipInfo(name), data)
    return path


def messages(path: Path, **options: object) -> list[str]:
    return [
        f"{p.where.removeprefix(path.name).removeprefix('/')}: {p.message}"
        for p in check_wheel(path, **options).problems
    ]


def test_sound_wheel(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, tag=f"{TAG}.manylinux2014_x86_64", build="1a")
    report = check_wheel(path)
    assert report.problems == ()
    assert report.tags == ("cp313-cp313-manylinux2014_x86_64", TAG)
    assert report.size == path.stat().st_size
    with ZipFile(path) as archive:
        assert report.installed_size == sum(member.file_size for member in archive.infolist())


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("python", [CP313, Python(10), ABI3, Python(14, free_threaded=True)], ids=str)
def test_sound_wheel_for_every_target(tmp_path: Path, target: Target, python: Python) -> None:
    files = {f"spam{python.extension_suffix(target)}": module_for(target, python)}
    tag = f"{python.python_tag}-{python.abi_tag}-{target.platform_tag}"
    assert messages(write_wheel(tmp_path, files, tag=tag)) == []


def test_missing_wheel(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        check_wheel(tmp_path / "spam-1.0-py3-none-any.whl")


def test_file_name(tmp_path: Path) -> None:
    path = tmp_path / "spam.whl"
    path.write_bytes(b"")
    (problem,) = check_wheel(path).problems
    assert problem.where == "spam.whl"


def test_every_tag_is_checked(tmp_path: Path) -> None:
    module = elf_file(exports=["PyInit__spam"], imports=[("f", "libc.so.6", "GLIBC_2.20")])
    files = {f"spam/_spam{SUFFIX}": module}
    found = messages(write_wheel(tmp_path, files, tag=f"{TAG}.manylinux_2_28_x86_64.manylinux2014_x86_64"))
    where = f"spam/_spam{SUFFIX}"
    assert found == [f"{where}: f needs GLIBC_2.20 of libc.so.6, the tag manylinux_2_17_x86_64 promises 2.17"]


def test_wrong_suffix(tmp_path: Path) -> None:
    found = messages(write_wheel(tmp_path, tag="cp312-cp312-manylinux_2_17_x86_64"))
    expected = "which looks for .cpython-312-x86_64-linux-gnu.so"
    assert found == [f"spam/_spam{SUFFIX}: is not found by cp312 on manylinux_2_17_x86_64, {expected}"]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("spam.so", TAG),
        ("spam.abi3.so", TAG),
        ("spam.abi3.so", "cp311-abi3-manylinux_2_17_x86_64"),
        ("spam.abi3t.so", "cp315-abi3.abi3t-manylinux_2_17_x86_64"),
    ],
)
def test_suffixes_of_every_importer(tmp_path: Path, name: str, tag: str) -> None:
    wheel = WHEEL_FILE.format(purelib="false") + f"Tag: {tag}\n"
    assert messages(write_wheel(tmp_path, {name: elf_file()}, tag=tag, wheel=wheel)) == []


def test_stable_abi_of_a_wheel(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, {"spam.abi3.so": elf_file()}, tag="cp311-abi3-manylinux_2_17_x86_64")
    asked = []

    def names(python: Python) -> frozenset[str]:
        asked.append(python)
        return frozenset()

    found = messages(path, stable_abi=names)
    assert found == ["spam.abi3.so: uses PyLong_FromLong, which is not in the stable ABI of CPython 3.11"]
    assert asked == [ABI3]


def test_libraries_that_are_no_modules(tmp_path: Path) -> None:
    files = {"spam/libham.so": elf_file(exports=["ham"]), "spam.libs/libx-1.so.2": elf_file(exports=["x"])}
    assert messages(write_wheel(tmp_path, files, tag="py3-none-manylinux_2_17_x86_64")) == []
    files["spam/broken.so"] = b"oops"
    found = messages(write_wheel(tmp_path, files, tag="py3-none-manylinux_2_17_x86_64"))
    assert found == ["spam/broken.so: neither an ELF, a 64-bit Mach-O nor a PE file"]


def test_programs(tmp_path: Path) -> None:
    tag = "py3-none-manylinux_2_17_x86_64"
    scripts = {"spam-1.0.data/scripts/spam": elf_file(), "spam-1.0.data/scripts/tool": b"#!python\n"}
    assert messages(write_wheel(tmp_path, scripts, tag=tag)) == []
    linked = {"spam-1.0.data/scripts/spam": elf_file(needed=["libfoo.so.1"])}
    assert messages(write_wheel(tmp_path, linked, tag=tag)) == [
        f"spam-1.0.data/scripts/spam: needs libfoo.so.1, which {tag.rpartition('-')[2]} does not promise"
    ]
    assert messages(write_wheel(tmp_path, scripts, tag="py3-none-any")) == [
        "spam-1.0.data/scripts/spam: is compiled, but py3-none-any says that it runs anywhere"
    ]
    assert messages(write_wheel(tmp_path, {"spam/text": b"MZ, but no program"}, tag="py3-none-any")) == []


def test_module_without_an_abi(tmp_path: Path) -> None:
    found = messages(write_wheel(tmp_path, tag="py3-none-manylinux_2_17_x86_64"))
    assert len(found) == 1
    assert "names no ABI of CPython" in found[0]


def test_unknown_platform(tmp_path: Path) -> None:
    assert messages(write_wheel(tmp_path, tag="cp313-cp313-linux_x86_64")) == [
        ": the platform linux_x86_64 promises nothing that could be checked"
    ]


def test_pure_wheel(tmp_path: Path) -> None:
    assert messages(write_wheel(tmp_path, {"spam.py": b""}, tag="py3-none-any")) == []
    assert messages(write_wheel(tmp_path, tag="py3-none-any")) == [
        f"{DIST_INFO}/WHEEL: has Root-Is-Purelib true, but the wheel holds compiled libraries",
        f"spam/_spam{SUFFIX}: is compiled, but py3-none-any says that it runs anywhere",
    ]


@pytest.mark.parametrize(
    ("wheel", "expected"),
    [
        ("Root-Is-Purelib: false\nTag: {tag}\n", "has Wheel-Version ''"),
        ("Wheel-Version: 2.0\nRoot-Is-Purelib: false\nTag: {tag}\n", "has Wheel-Version '2.0'"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: maybe\nTag: {tag}\n", "has Root-Is-Purelib 'maybe'"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: false\n", "has no Tag {tag}, which the file name says"),
        (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\nTag: py3-none-any\nTag: x\n",
            "has the Tag py3-none-any, x, which the file name does not say",
        ),
        (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nBuild: 7\nTag: {tag}\n",
            "has the Build '7', the file name says ''",
        ),
    ],
)
def test_wheel_file(tmp_path: Path, wheel: str, expected: str) -> None:
    path = write_wheel(tmp_path, wheel=wheel.format(tag=TAG))
    assert messages(path) == [f"{DIST_INFO}/WHEEL: {expected.format(tag=TAG)}"]


def test_purelib_that_is_none(tmp_path: Path) -> None:
    wheel = WHEEL_FILE.format(purelib="false") + "Tag: py3-none-any\n"
    assert messages(write_wheel(tmp_path, {}, tag="py3-none-any", wheel=wheel)) == [
        f"{DIST_INFO}/WHEEL: has Root-Is-Purelib false, but the tags say that the wheel runs anywhere"
    ]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("Metadata-Version: 2.1\nName: ham\nVersion: 1.0\n", ["is for 'ham', the file name says spam"]),
        ("Metadata-Version: 2.1\nName: spam\nVersion: 1.0.0\n", []),
        ("Metadata-Version: 2.1\nName: spam\nVersion: 1.1\n", ["is for version '1.1', the file name says 1.0"]),
        (
            "Metadata-Version: 2.1\nName: spam\nVersion: one\n",
            ["version: 'one' is invalid for 'version'", "is for version 'one', the file name says 1.0"],
        ),
        (METADATA + "Colour: red\n", ["colour: unrecognized field: 'colour'"]),
        (METADATA + "Requires-Dist: ham >< 1\n", ["requires-dist: 'ham >< 1' is invalid for 'requires-dist'"]),
    ],
)
def test_metadata(tmp_path: Path, metadata: str, expected: list[str]) -> None:
    assert messages(write_wheel(tmp_path, metadata=metadata)) == [f"{DIST_INFO}/METADATA: {line}" for line in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[console_scripts]\nspam = spam:main\nHam = spam.ham:App.run [extra]\n[x]\ny=spam\n", []),
        ("[console_scripts]\nspam = spam main\n", ["spam of console_scripts points at 'spam main'"]),
        ("spam = spam:main\n", ["cannot be read: File contains no section headers."]),
        (
            "[a]\nx = y\nx = z\n",
            ["cannot be read: While reading from '<string>' [line  3]: option 'x' in section 'a' already exists"],
        ),
        ("\xff", ["cannot be read: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"]),
    ],
)
def test_entry_points(tmp_path: Path, text: str, expected: list[str]) -> None:
    where = f"{DIST_INFO}/entry_points.txt"
    path = write_wheel(tmp_path, {where: text.encode("latin-1")}, tag="py3-none-manylinux_2_17_x86_64")
    assert messages(path) == [f"{where}: {line}" for line in expected]


RECORD = f"{DIST_INFO}/RECORD"
ANY_HASH = "sha256=" + "A" * 43


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("spam-", f"ham.py,{ANY_HASH},0\nspam-", f"{RECORD}: lists ham.py, which is not in the archive"),
        ("spam.py,", "ham.py,", f"{RECORD}: does not list spam.py"),
        ("spam.py,", f"spam.py,{ANY_HASH},5\nspam.py,", f"{RECORD}: lists spam.py 2 times"),
        (",5\n", ",6\n", f"{RECORD}: gives spam.py the size '6', it has 5 bytes"),
        (",5\n", ",\n", f"{RECORD}: gives spam.py the size '', it has 5 bytes"),
        ("sha256=n", "sha256=N", "spam.py: cannot be read: Hash mismatch for file 'spam.py'"),
        (
            "sha256=n",
            "sha224=n",
            f"{RECORD}: gives spam.py the hash 'sha224=n1bnYdeb_bNDBKASWGywTRa0Ne9hMAkal3AuVZJgovI'",
        ),
        ("sha256=n", "md5=n", ": cannot be opened: Weak hash algorithm (md5) is not permitted by PEP 427"),
        ("govI,5", "govI=,5", ": cannot be opened: too many values to unpack (expected 2)"),
        ("govI,5", "govI", ": cannot be opened: not enough values to unpack (expected 3, got 2)"),
        ("RECORD,,", f"RECORD,{ANY_HASH},1", f": cannot be opened: Hash mismatch for file '{RECORD}'"),
        ("RECORD,,", f"RECORD.jws,{ANY_HASH},1", f"{RECORD}: gives a hash for {RECORD}.jws, which depends on it"),
        ("spam.py", "\udcff", ": cannot be opened: 'utf-8' codec can't decode byte 0xed in position 0: invalid"),
    ],
)
def test_record(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = write_wheel(
        tmp_path,
        {"spam.py": b"pass\n"},
        tag="py3-none-any",
        record=lambda text: text.replace(old, new, 1),
        extra=((f"{RECORD}.jws", b"{}"),),
    )
    assert any(message.startswith(expected) for message in messages(path))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../spam.py", "the name '../spam.py' is not that of a place inside the wheel"),
        ("/etc/passwd", "the name '/etc/passwd' is not that of a place inside the wheel"),
        ("C:/spam.py", "the name 'C:/spam.py' is not that of a place inside the wheel"),
        ("spam//ham.py", "the name 'spam//ham.py' is not that of a place inside the wheel"),
        ("a\\..\\b.py", "the name 'a\\\\..\\\\b.py' is not that of a place inside the wheel"),
        ("spam.py", "is in the archive 2 times"),
        ("ham-2.dist-info/METADATA", f"is in a second metadata folder beside {DIST_INFO}"),
    ],
)
def test_member_names(tmp_path: Path, name: str, expected: str) -> None:
    path = write_wheel(tmp_path, {"spam.py": b""}, tag="py3-none-any", extra=((name, b""),))
    assert any(message.endswith(expected) for message in messages(path))


def test_symbolic_link(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, {}, tag="py3-none-any")
    with ZipFile(path, "a") as archive:
        link = ZipInfo("spam.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    assert "spam.py: is a symbolic link, which installers do not make" in messages(path)


def test_missing_metadata(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr(RECORD, f"{RECORD},,\n")
    assert messages(path) == [f"{DIST_INFO}/METADATA: is not in the wheel", f"{DIST_INFO}/WHEEL: is not in the wheel"]
    with ZipFile(path, "w") as archive:
        archive.writestr("spam.py", "")
    assert messages(path) == [f": cannot be opened: Missing {RECORD} file"]


def test_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, {"spam.py": b"x" * 77}, tag="py3-none-any")
    data = path.read_bytes().replace(struct.pack("<I", 77), struct.pack("<I", 0xF0000000))
    path.write_bytes(data)
    assert f"spam.py: says that it unpacks to {0xF0000000} bytes" in messages(path)


def test_no_zip_at_all(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    path.write_bytes(b"not a zip")
    assert messages(path) == [": cannot be opened: File is not a zip file"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=5), st.integers(0, 1 << 16))
def test_hostile_archives_never_raise(tmp_path: Path, changes: list[tuple[int, int]], cut: int) -> None:
    path = write_wheel(tmp_path)
    data = bytearray(path.read_bytes())
    for offset, value in changes:
        data[-1 - offset % len(data)] = value
    path.write_bytes(bytes(data[: max(cut, 1)]))
    assert check_wheel(path).size == min(len(data), max(cut, 1))
