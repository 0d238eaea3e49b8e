#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "runs.h"

static PyObject *
encode(PyObject *Py_UNUSED(module), PyObject *data)
{
    char *bytes;
    Py_ssize_t size, used = 0;
    if (PyBytes_AsStringAndSize(data, &bytes, &size) < 0)
        return NULL;
    if (size > PY_SSIZE_T_MAX / 2)
        return PyErr_NoMemory();
    PyObject *result = PyBytes_FromStringAndSize(NULL, 2 * size);
    if (result == NULL)
        return NULL;
    char *pairs = PyBytes_AS_STRING(result);
    for (Py_ssize_t start = 0, end; start < size; start = end) {
        for (end = start + 1; end < size && bytes[end] == bytes[start] && end - start < LONGEST_RUN; end++)
            ;
        pairs[used++] = (char)(end - start);
        pairs[used++] = bytes[start];
    }
    _PyBytes_Resize(&result, used);
    return result;
}

static PyMethodDef methods[] = {
    {"encode", encode, METH_O, "encode(data, /)\n--\n\nPairs of a count and a byte."},
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
    .m_name = "example_two._encode",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__encode(void)
{
    return PyModuleDef_Init(&definition);
}
