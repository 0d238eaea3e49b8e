"""Help for sources of other compilers and systems: MSVC headers and pragmas, frameworks, long command lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from host_wheels import HOST, PYTHON
from projects import Files, write_files
from repositories import drop, make_repository
from zigbuild_backend.core.base.pythons import PYTHONS
from zigbuild_backend.core.base.targets import TARGETS
from zigbuild_backend.core.binaries.parse import parse_binary, parse_slices
from zigbuild_backend.index.repository import open_repository

INIT = """
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, .m_name = "{name}"}};
PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModule_Create(&definition); }}
"""

WINDOWS = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include "net.h"
int shared, *nobody_reads;
#ifdef _WIN32
#include <Windows.h>
#include <Winsvc.h>
#pragma comment(lib, "Advapi32.lib")
#pragma comment(lib, "a-library-that-is-nowhere")
#define OPEN() (OpenSCManagerA(NULL, NULL, GENERIC_READ) != NULL)
#else
#define OPEN() 0
#endif
static PyObject *
answer(PyObject *self, PyObject *args)
{
    (void)self, (void)args;
    int warned_of;
    return PyLong_FromLong(start_net() + OPEN());
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "spam", .m_methods = methods};
PyMODINIT_FUNC PyInit_spam(void) { return PyModule_Create(&definition); }
"""

NET = """
#include "net.h"
int shared;
#ifdef _WIN32
#include <WinSock2.h>
int start_net(void) { WSADATA data; return WSAStartup(2, &data); }
#else
int start_net(void) { return 0; }
#endif
"""

NET_HEADER = """
#pragma once
#ifdef _MSC_VER
#  pragma comment ( lib , "ws2_32" )
#endif
int start_net(void);
"""


def run(*arguments: str | Path, sdk: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zigbuild_backend", *arguments]
    environ = os.environ | {"ZIGBUILD_MACOS_SDK": str(sdk or "")}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=900)


def make_project(root: Path, settings: str, files: Files) -> Path:
    head = '[project]\nname = "spam"\nversion = "1.0"\n'
    return write_files(root, {"pyproject.toml": f"{head}{settings}", **files})


def build(project: Path, *targets: str) -> dict[str, bytes]:
    """Platform tag → the module in its wheel for the running Python."""
    out = project.parent / "out"
    options = [option for target in targets for option in ("--target", target)]
    done = run("wheels", project, "--python", PYTHON, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    modules = {}
    for wheel in out.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith((".so", ".pyd")))
            modules[wheel.stem.rpartition("-")[2]] = archive.read(name)
    return modules


def test_headers_in_any_case_and_libraries_that_pragmas_name(tmp_path: Path) -> None:
    """Besides, ``-Werror`` does nothing, and with ``-fcommon`` two tentative definitions are of one object."""
    settings = """
        [[tool.zigbuild.extension]]
        name = "spam"
        sources = ["spam.c"]
        link = ["net"]
        flags.c = ["-Wall", "-Werror", "-fcommon"]

        [[tool.zigbuild.library]]
        name = "net"
        sources = ["net.c"]
        flags.c = ["-fcommon"]
    """
    files = {"spam.c": WINDOWS, "net.c": NET, "net.h": NET_HEADER}
    modules = build(make_project(tmp_path / "spam", settings, files), HOST, "win_amd64")
    loaded = {library.lower() for library in parse_binary(modules["win_amd64"]).libraries}
    assert loaded >= {"advapi32.dll", "ws2_32.dll"}


def test_a_command_line_of_many_long_paths(tmp_path: Path) -> None:
    settings = '[[tool.zigbuild.extension]]\nname = "spam"\nsources = ["**/*.c"]\n'
    folder = "/".join(["a-folder-with-quite-a-long-name-of-its-own"] * 4)
    files = {f"{folder}/a_file_of_many_{number}.c": f"int number_{number};" for number in range(200)}
    assert sum(map(len, files)) > 32_767  # what a command line may have on Windows
    files["spam.c"] = "#include <Python.h>" + INIT.format(name="spam")
    assert build(make_project(tmp_path / "spam", settings, files), HOST)


def test_a_header_that_is_new_is_found(tmp_path: Path) -> None:
    """zig does not look for it again by itself."""
    mark = '__attribute__((used)) const char *found = "NEW EGGS";'
    code = f'#include <Python.h>\n#if __has_include("eggs.h")\n{mark}\n#endif\n' + INIT.format(name="spam")
    settings = '[[tool.zigbuild.extension]]\nname = "spam"\nsources = ["spam.c"]\n'
    project = make_project(tmp_path / "project", settings, {"spam.c": code})
    assert b"NEW EGGS" not in build(project, HOST)[HOST]
    write_files(project, {"eggs.h": ""})
    assert b"NEW EGGS" in build(project, HOST)[HOST]


def test_all_wheels_of_the_world_fit_on_the_command_line_of_windows() -> None:
    options = [f"-Dwheel={python}-{target}" for python in PYTHONS for target in TARGETS]
    assert sum(len(option) + 1 for option in options) < 16_000


MAC = """
    [[tool.zigbuild.extension]]
    name = "spam"
    sources = ["spam.c"]

      [[tool.zigbuild.extension.on]]
      when = { os = "macos" }
      frameworks = ["Security", "CoreFoundation"]
"""


SPAM_FRAMEWORK = """
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/System/Library/Frameworks/Spam.framework/Versions/A/Spam'
current-version: 1
reexported-libraries:
  - targets: [ x86_64-macos, arm64-macos ]
    libraries: [ '/usr/lib/libeggs.dylib' ]
...
"""

EGGS_LIBRARY = """
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libeggs.dylib'
current-version: 1
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _SpamEggs ]
...
"""

SDK: Files = {
    "SDKSettings.json": '{"CanonicalName": "macosx14.2"}',
    "System/Library/Frameworks/Spam.framework/Versions/A/Spam.tbd": SPAM_FRAMEWORK,
    "System/Library/Frameworks/Spam.framework/Versions/A/Headers/Spam.h": "int SpamEggs(void);\n",
    "usr/include/of_the_sdk.h": "#define OF_THE_SDK 1\n",
    "usr/lib/libeggs.tbd": EGGS_LIBRARY,
}


def make_sdk(root: Path) -> Path:
    """Return an SDK with a framework: its files are in a folder of its version, and links lead to them."""
    framework = write_files(root, SDK) / "System/Library/Frameworks/Spam.framework"
    (framework / "Versions/Current").symlink_to("A")
    for name in ("Spam.tbd", "Headers"):
        (framework / name).symlink_to(f"Versions/Current/{name}")
    return root


def test_frameworks_are_linked_from_an_sdk_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "#include <Python.h>\n#include <Spam/Spam.h>\n#include <of_the_sdk.h>\n"
    code += "__attribute__((used)) int eggs(void) { return SpamEggs() + OF_THE_SDK; }\n" + INIT.format(name="spam")
    settings = MAC.replace('["Security", "CoreFoundation"]', '["Spam"]')
    project = make_project(tmp_path / "project", settings, {"spam.c": code})
    sdk = make_sdk(tmp_path / "MacOSX14.2.sdk")
    out = tmp_path / "out"
    only = [f"--only={PYTHON}-macosx_{target}" for target in ("10_13_universal2", "11_0_arm64")]
    done = run("wheels", project, "--out", out, *only, sdk=sdk)
    assert done.returncode == 0, done.stderr
    for number, wheel in enumerate(sorted(out.iterdir())):
        with zipfile.ZipFile(wheel) as archive:
            module = next(name for name in archive.namelist() if name.endswith(".so"))
            binaries = parse_slices(archive.read(module))
            buildinfo = json.loads(archive.read("spam-1.0.dist-info/zigbuild-buildinfo.json"))
        assert len(binaries) == 2 - number
        for binary in binaries:
            libraries = {"/System/Library/Frameworks/Spam.framework/Versions/A/Spam", "/usr/lib/libeggs.dylib"}
            assert libraries <= set(binary.libraries)
        assert buildinfo["sdk"]["name"] == "macosx14.2"

    # They are made again with the same SDK, wherever it is, and with no other one.
    assert run("sdist", project, "--out", out).returncode == 0
    moved = Path(shutil.copytree(sdk, tmp_path / "elsewhere" / "MacOSX.sdk", symlinks=True))
    verified = run("verify", project / ".." / out.name, sdk=moved)
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.count(": same\n") == 2
    monkeypatch.setenv("ZIGBUILD_MACOS_SDK", str(moved))
    data = tmp_path / "data"
    data.mkdir()
    with closing(open_repository(make_repository(data, out), {})) as repository:
        drop(repository)
    restore = ("cache", "restore", "--data", data, "--upstream", "none", "--no-isolation")
    missing = run(*restore)
    assert missing.returncode == 5
    assert "ZIGBUILD_MACOS_SDK is not set" in missing.stderr
    restored = run(*restore, sdk=moved)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.count(": rebuilt\n") == 2
    unnamed = run("rebuild", next(out.glob("*.whl")), "--out", tmp_path / "again", "--no-isolation")
    assert (unnamed.returncode, unnamed.stdout) == (5, "")
    assert f"whose digest is {buildinfo['sdk']['digest']}; ZIGBUILD_MACOS_SDK is not set" in unnamed.stderr
    (moved / "usr/include/of_the_sdk.h").write_text("#define OF_THE_SDK 2\n")
    other = run("rebuild", next(out.glob("*.whl")), "--out", tmp_path / "again", sdk=moved)
    assert (other.returncode, other.stdout) == (4, "")
    assert f"{moved} is macosx14.2, whose digest is " in other.stderr
    assert "set ZIGBUILD_MACOS_SDK to the folder of that macosx14.2" in other.stderr

    # What a framework stands for is another library in another SDK, and nothing of the first build is in the way.
    (sdk / "usr/lib/libeggs.tbd").write_text(EGGS_LIBRARY.replace("libeggs", "libspam"))
    done = run("wheels", project, "--out", tmp_path / "others", only[1], sdk=sdk)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "others").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert b"/usr/lib/libspam.dylib" in archive.read(module)

    (sdk / "SDKSettings.json").unlink()
    refused = run("wheels", project, "--out", out, *only, sdk=sdk)
    assert refused.returncode == 5
    assert "is no SDK of macOS" in refused.stderr


def test_frameworks_are_a_reason_to_skip_a_wheel(tmp_path: Path) -> None:
    project = make_project(tmp_path / "spam", MAC, {"spam.c": "#include <Python.h>" + INIT.format(name="spam")})
    options = ["--target", HOST, "--target", "macosx_11_0_arm64"]
    planned = run("plan", project, "--json", "--python", PYTHON, *options)
    verdicts = {wheel["target"]: wheel for wheel in json.loads(planned.stdout)["wheels"]}
    assert verdicts[HOST]["verdict"] == "buildable"
    (problem,) = verdicts["macosx_11_0_arm64"]["problems"]
    assert problem["message"] == "needs an SDK of macOS, for the frameworks CoreFoundation, Security"
    refused = run("wheels", project, "--only", f"{PYTHON}-macosx_11_0_arm64", "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "needs an SDK of macOS" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_objective_c_is_for_macos_only(tmp_path: Path) -> None:
    settings = """
        [[tool.zigbuild.extension]]
        name = "spam"
        sources = ["spam.c"]

          [[tool.zigbuild.extension.on]]
          when = { os = "macos" }
          sources = ["answer.m"]
    """
    answer = "#ifndef __OBJC__\n#error not Objective-C\n#endif\n@class Answer;\nint answer(void) { return 42; }"
    code = "#include <Python.h>\n#ifdef __APPLE__\nint answer(void);\nint (*used)(void) = answer;\n#endif"
    files = {"spam.c": code + INIT.format(name="spam"), "answer.m": answer}
    project = make_project(tmp_path / "spam", settings, files)
    assert len(build(project, HOST, "macosx_10_13_universal2")) == 2
    everywhere = settings.replace('["spam.c"]', '["spam.c", "answer.m"]').partition("[[tool.zigbuild.extension.on]]")[0]
    done = run("wheels", make_project(tmp_path / "else", everywhere, files), "--target", HOST, "--python", PYTHON)
    assert done.returncode == 2
    assert "'answer.m' is in Objective-C, for which only macOS has a runtime" in done.stderr
