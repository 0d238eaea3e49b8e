#include <Python.h>

#include "tally.h"

static PyObject *total(PyObject *module, PyObject *none)
{
    return PyLong_FromLong(tally_sum);
}

static PyMethodDef methods[] = {{"total", total, METH_NOARGS, "What was added."}, {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "example_shared_library._total",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__total(void)
{
    return PyModuleDef_Init(&definition);
}
