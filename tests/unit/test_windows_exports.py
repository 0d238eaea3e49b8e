"""The names that C declarations export, and those that are data."""

from __future__ import annotations

import sys

import pytest

from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.cpython.windows_exports import parse_declarations, read_stable_abi


@pytest.mark.parametrize(
    ("text", "exports"),
    [
        ("PyAPI_FUNC(int) PyArg_Parse(PyObject *, const char *, ...);", {"PyArg_Parse": False}),
        ("PyAPI_FUNC(const char *) Py_GetVersion(void);", {"Py_GetVersion": False}),
        ("PyAPI_FUNC(void) _Py_NO_RETURN Py_FatalError(const char *message);", {"Py_FatalError": False}),
        ("extern PyAPI_FUNC(PyObject *)\n_PyX(\n  int a);", {"_PyX": False}),
        ("PyAPI_FUNC(void (*)(int)) PyX(void);", {"PyX": False}),
        ("PyAPI_DATA(PyTypeObject) PyType_Type;", {"PyType_Type": True}),
        ("extern PyAPI_DATA(PyObject *) PyExc_KeyError;", {"PyExc_KeyError": True}),
        ("PyAPI_DATA(struct s) _Py_FalseStruct, _Py_TrueStruct;", {"_Py_FalseStruct": True, "_Py_TrueStruct": True}),
        ("PyAPI_DATA(const unsigned int) _Py_ctype_table[256];", {"_Py_ctype_table": True}),
        ("PyAPI_DATA(const char *) const Kinds[3 +\n 1];", {"Kinds": True}),
        ("PyAPI_DATA(int) (*PyOS_InputHook)(void);", {"PyOS_InputHook": True}),
        ("PyAPI_DATA(char) *(*PyOS_Readline)(FILE *, FILE *);", {"PyOS_Readline": True}),
        ("PyAPI_DATA(int) _PyEval_SetProfile(PyThreadState *tstate);", {"_PyEval_SetProfile": False}),
        ("static inline int PyX(void) { return 0; } int y;", {}),
    ],
)
def test_declarations(text: str, exports: dict[str, bool]) -> None:
    assert dict(parse_declarations(text)) == exports


def test_the_stable_abi_grows() -> None:
    old, new = read_stable_abi(9), read_stable_abi(13)
    assert old < new
    assert "PyType_GetModule" in new - old
    assert {"PyOS_AfterFork_Child", "PyExc_WindowsError", "_Py_NoneStruct", "PyTuple_New"} <= new
    assert "PyFrame_New" not in new


def test_the_stable_abi_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "abi3info", None)
    with pytest.raises(NotFoundError, match="not installed") as error:
        read_stable_abi(13)
    assert error.value.problems[0].hint == "pip install abi3info, or zigbuild-backend[cli]"
