#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
digit_sum(PyObject *Py_UNUSED(module), PyObject *object)
{
    unsigned long long number = PyLong_AsUnsignedLongLong(object);
    long sum = 0;
    if (PyErr_Occurred())
        return NULL;
    for (; number; number /= 10)
        sum += (long)(number % 10);
    return PyLong_FromLong(sum);
}

static PyMethodDef methods[] = {
    {"digit_sum", digit_sum, METH_O, "digit_sum(number, /)\n--\n\nThe sum of its decimal digits."},
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
    .m_name = "example_namespace.digits._sum",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__sum(void)
{
    return PyModuleDef_Init(&definition);
}
