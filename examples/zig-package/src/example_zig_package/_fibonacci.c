#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <fibonacci.h>

static PyObject *
fibonacci(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned int index;
    if (!PyArg_ParseTuple(args, "I:fibonacci", &index))
        return NULL;
    uint64_t number;
    if (!fibonacci_find(index, &number)) {
        PyErr_SetString(PyExc_OverflowError, "the number has more than 64 bits");
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(number);
}

static PyMethodDef methods[] = {
    {"fibonacci", fibonacci, METH_VARARGS, "fibonacci(index, /)\n--\n\nThe Fibonacci number with that index, as far as it has 64 bits."},
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
    .m_name = "example_zig_package._fibonacci",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__fibonacci(void)
{
    return PyModuleDef_Init(&definition);
}
