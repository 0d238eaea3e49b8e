/* Compares the CPython that runs it with the headers that it was compiled with. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <time.h>
#ifndef Py_LIMITED_API
#include <datetime.h>
#include <frameobject.h>
#endif

/* (n, w, d, bytes) -> (n * 2, w * 2, d / 2, bytes), of types that are passed in different ways and sizes. */
static PyObject *convert(PyObject *module, PyObject *args)
{
    (void)module;
    Py_ssize_t number, length;
    long long wide;
    double real;
    const char *bytes;
    if (!PyArg_ParseTuple(args, "nLdy#", &number, &wide, &real, &bytes, &length)) return NULL;
    return Py_BuildValue("(nLdy#)", number * 2, wide * 2, real / 2, bytes, length);
}

/* Data that the interpreter exports: the exceptions and the singletons. */
static PyObject *data(PyObject *module, PyObject *none)
{
    (void)module, (void)none;
    int matches = PyErr_GivenExceptionMatches(PyExc_KeyError, PyExc_LookupError);
    return PyTuple_Pack(3, Py_True, Py_None, matches ? PyExc_KeyError : PyExc_LookupError);
}

static PyObject *sizes(PyObject *module, PyObject *none)
{
    (void)module, (void)none;
    return Py_BuildValue("{s:n,s:n,s:n,s:n}", "pointer", (Py_ssize_t)sizeof(void *), "long", (Py_ssize_t)sizeof(long),
                         "wchar_t", (Py_ssize_t)sizeof(wchar_t), "time_t", (Py_ssize_t)sizeof(time_t));
}

#ifndef Py_LIMITED_API
/* Struct name -> (what the interpreter says, what the headers say). */
static PyObject *layout(PyObject *module, PyObject *none)
{
    (void)module, (void)none;
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) return NULL;
    const struct {
        const char *name;
        const PyTypeObject *type;
        size_t size;
    } rows[] = {
#define ROW(type, structure) {#structure, &type, sizeof(structure)}
        ROW(PyBaseObject_Type, PyObject),
        ROW(PyType_Type, PyHeapTypeObject),
        ROW(PyFloat_Type, PyFloatObject),
        ROW(PyComplex_Type, PyComplexObject),
        ROW(PyList_Type, PyListObject),
        ROW(PyDict_Type, PyDictObject),
        ROW(PySet_Type, PySetObject),
        ROW(PyUnicode_Type, PyUnicodeObject),
        ROW(PyByteArray_Type, PyByteArrayObject),
        ROW(PyCFunction_Type, PyCFunctionObject),
        ROW(PyFunction_Type, PyFunctionObject),
        ROW(PyMethod_Type, PyMethodObject),
        ROW(PySlice_Type, PySliceObject),
        ROW(*PyDateTimeAPI->DateTimeType, PyDateTime_DateTime),
        ROW(*PyDateTimeAPI->DeltaType, PyDateTime_Delta),
#undef ROW
    };
    PyObject *found = PyDict_New();
    for (size_t i = 0; found && i < sizeof(rows) / sizeof(rows[0]); i++) {
        PyObject *pair = Py_BuildValue("(nn)", rows[i].type->tp_basicsize, (Py_ssize_t)rows[i].size);
        if (!pair || PyDict_SetItemString(found, rows[i].name, pair) < 0) Py_CLEAR(found);
        Py_XDECREF(pair);
    }
    return found;
}
#endif

static PyMethodDef methods[] = {
    {"convert", convert, METH_VARARGS, NULL},
    {"data", data, METH_NOARGS, NULL},
    {"sizes", sizes, METH_NOARGS, NULL},
#ifndef Py_LIMITED_API
    {"layout", layout, METH_NOARGS, NULL},
#endif
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    return PyModule_AddStringConstant(module, "headers", PY_VERSION);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)execute}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "abi_probe", .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit_abi_probe(void)
{
    return PyModuleDef_Init(&definition);
}
