"""Module-definition files of the DLLs of CPython for Windows, and the symbols of the stable ABI.

A module for Windows is linked with an import library, which ``zig dlltool`` makes from a ``.def`` file. CPython's
import libraries come with its installers for Windows only; these ``.def`` files are made from a header set, so that a
wheel depends on nothing else: the headers declare every exported name with ``PyAPI_FUNC`` or ``PyAPI_DATA``.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from ..base import store_folders
from ..base.errors import NotFoundError
from ..base.pythons import Python
from ..zig.toolchain import Zig
from .header_sets import HeaderSet
from .pyconfig import read_pyconfig

# Expanded to themselves, the two macros still mark the declarations in the preprocessed text.
_KEEP_MACROS = (
    "-DPy_NO_ENABLE_SHARED",
    *("-DPyAPI_FUNC(T)=PyAPI_FUNC(T)", "-DPyAPI_DATA(T)=PyAPI_DATA(T)"),
    "-D__attribute__(A)=",
)

# Up to 3.12 the macro gives PyArg_ParseTuple and similar functions other names in the DLL.
_VARIANTS = ((), ("-DPY_SSIZE_T_CLEAN",))

# It includes curses.h, which Windows does not have.
_LEFT_OUT = frozenset({"py_curses.h"})

# Declared for every system, but exported by no DLL.
_ABSENT = frozenset({"Py_FrozenMain"})

# Declared in the limited API, but not exported by python3.dll: Windows has no fork(), and no ABI of FILE * is stable.
_ABSENT_FROM_STABLE_ABI = frozenset({"PyOS_AfterFork", "PyMarshal_WriteLongToFile", "PyMarshal_WriteObjectToFile"})

# Declared in the limited API of 3.9, but not exported by the python3.dll of its releases.
_ABSENT_FROM_STABLE_ABI_OF_39 = frozenset(
    [
        "PyDictRevIterItem_Type",
        "PyDictRevIterKey_Type",
        "PyDictRevIterValue_Type",
        "PyInterpreterState_Get",
        "PyInterpreterState_GetDict",
        "PyMarshal_ReadObjectFromString",
        "PyMarshal_WriteObjectToString",
        "PyMember_GetOne",
        "PyMember_SetOne",
        "PyModule_AddType",
        "PyNode_AddChild",
        "PyNode_Free",
        "PyNode_ListTree",
        "PyNode_New",
        "PyObject_GC_IsFinalized",
        "PyObject_GC_IsTracked",
        "PyThread_GetInfo",
        "PyThread_ReInitTLS",
        "PyThread_acquire_lock",
        "PyThread_acquire_lock_timed",
        "PyThread_allocate_lock",
        "PyThread_create_key",
        "PyThread_delete_key",
        "PyThread_delete_key_value",
        "PyThread_exit_thread",
        "PyThread_free_lock",
        "PyThread_get_key_value",
        "PyThread_get_stacksize",
        "PyThread_get_thread_ident",
        "PyThread_get_thread_native_id",
        "PyThread_init_thread",
        "PyThread_release_lock",
        "PyThread_set_key_value",
        "PyThread_set_stacksize",
        "PyThread_start_new_thread",
        "PyType_FromModuleAndSpec",
        "PyType_GetModule",
        "PyType_GetModuleState",
        "Py_BytesMain",
        "_Py_EncodeLocaleRaw",
    ]
)

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DECLARATION = re.compile(r"\bPyAPI_(FUNC|DATA)\((?:[^()]|\([^()]*\))*\)([^;{]*)")


def obtain_exports(headers: HeaderSet, python: Python, zig: Zig) -> str:
    """Return the module-definition file of the DLL that a Windows module for *python* imports, on any architecture.

    It is made from *headers*, which must be of that minor version, and kept in zig's store.

    :raises CompileError: if zig cannot preprocess the headers.
    """
    recipe = hashlib.sha256()
    for part in (headers.digest.encode(), Path(__file__).read_bytes(), read_pyconfig("windows")):
        recipe.update(hashlib.sha256(part).digest())

    def make(path: Path) -> None:
        path.write_bytes(_render(_find_exports(headers, python, zig), python.windows_dll).encode())

    kept = zig.store.keep((store_folders.EXPORTS, recipe.hexdigest(), f"{python}.def"), make)
    return kept.read_text(encoding="utf-8")


def read_stable_abi(minor: int) -> frozenset[str]:
    """Return the functions and data of the stable ABI (PEP 384) as of CPython 3.*minor*, on all systems together.

    :raises NotFoundError: if the package ``abi3info``, which lists them, is not installed.
    """
    try:
        abi3info = importlib.import_module("abi3info")  # it has no types
    except ImportError:
        raise NotFoundError(
            "the list of the stable ABI is not installed",
            where="abi3info",
            hint="pip install abi3info, or zigbuild-backend[cli]",
        ) from None
    entries = (*abi3info.FUNCTIONS.items(), *abi3info.DATAS.items())
    return frozenset(symbol.name for symbol, entry in entries if entry.added.minor <= minor)


def _render(exports: dict[str, bool], dll: str) -> str:
    lines = (f"    {name} DATA" if is_data else f"    {name}" for name, is_data in sorted(exports.items()))
    return "\n".join((f"NAME {dll}", "EXPORTS", *lines, ""))


def _find_exports(headers: HeaderSet, python: Python, zig: Zig) -> dict[str, bool]:
    """Return the names that the DLL exports to modules, each with whether it is data."""
    names = [path.name for path in sorted(headers.folder.glob("*.h")) if path.name not in _LEFT_OUT]
    source = "".join(f"#include <{name}>\n" for name in ("Python.h", *names))
    defines = [f"-D{name}={value}" for name, value in python.macros.items()]
    pyconfig = zig.store.keep_tree(store_folders.PYCONFIG, {"pyconfig.h": read_pyconfig("windows")})
    exports: dict[str, bool] = {}
    for variant in _VARIANTS:
        text = zig.run(
            (
                *("cc", "-E", "-P", "-x", "c", "-target", "x86_64-windows-gnu"),
                *(f"-I{pyconfig}", f"-I{headers.folder}"),
                *(*_KEEP_MACROS, *variant, *defines, "-"),
            ),
            stdin=source.encode(),
        ).decode(errors="replace")
        exports.update(parse_declarations(text))
    absent = _ABSENT
    if python.stable_abi:
        absent |= _ABSENT_FROM_STABLE_ABI | (_ABSENT_FROM_STABLE_ABI_OF_39 if python.minor == 9 else frozenset())
    else:
        # The internal headers cannot be preprocessed: some include files that only CPython's build has. Read without
        # that, they declare a dozen names which only other systems have.
        for path in sorted(headers.folder.glob("internal/**/*.h")):
            text = _COMMENT.sub(" ", path.read_text(encoding="utf-8", errors="replace"))
            exports = dict(parse_declarations(text)) | exports
    return {name: is_data for name, is_data in exports.items() if name not in absent}


def parse_declarations(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each name that *text*, C without comments, declares by ``PyAPI_FUNC`` or ``PyAPI_DATA``, with its kind.

    The kind says whether it is data. A declaration with parameters is that of a function, although some headers mark a
    few as data.
    """
    for kind, declarators in _DECLARATION.findall(text):
        if function := re.match(r"[\s*]*(?:\w+\s+)*(\w+)\s*\(", declarators):
            yield function[1], False
        elif kind == "DATA":
            if pointer := re.search(r"\(\s*\*\s*(\w+)\s*\)", declarators):
                yield pointer[1], True
            else:
                for declarator in declarators.split(","):
                    if name := re.search(r"(\w+)\s*(?:\[.*)?$", declarator.strip(), re.DOTALL):
                        yield name[1], True
