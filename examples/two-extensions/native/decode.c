#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

#include "runs.h"

static PyObject *
decode(PyObject *Py_UNUSED(module), PyObject *data)
{
    char *pairs;
    Py_ssize_t size, total = 0, used = 0;
    if (PyBytes_AsStringAndSize(data, &pairs, &size) < 0)
        return NULL;
    if (size % 2 || size / 2 > PY_SSIZE_T_MAX / LONGEST_RUN) {
        PyErr_SetString(PyExc_ValueError, "not pairs of a count and a byte");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < size; i += 2)
        total += (unsigned char)pairs[i];
    PyObject *result = PyBytes_FromStringAndSize(NULL, total);
    if (result == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < size; i += 2) {
        memset(PyBytes_AS_STRING(result) + used, pairs[i + 1], (unsigned char)pairs[i]);
        used += (unsigned char)pairs[i];
    }
    return result;
}

static PyMethodDef methods[] = {
    {"decode", decode, METH_O, "decode(pairs, /)\n--\n\nThe bytes that pairs stand for."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "example_two.inner._decode",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__decode(void)
{
    return PyModuleDef_Init(&definition);
}
