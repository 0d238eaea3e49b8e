/* The greatest common divisor, by Euclid's method. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
divisor(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long a, b;
    if (!PyArg_ParseTuple(args, "KK:divisor", &a, &b))
        return NULL;
    while (b != 0) {
        unsigned long long rest = a % b;
        a = b;
        b = rest;
    }
    return PyLong_FromUnsignedLongLong(a);
}

static PyMethodDef methods[] = {
    {"divisor", divisor, METH_VARARGS, "divisor(a, b, /)\n--\n\nThe greatest common divisor of two numbers below 2**64."},
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
    .m_name = "example_build_file._divisor",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__divisor(void)
{
    return PyModuleDef_Init(&definition);
}
