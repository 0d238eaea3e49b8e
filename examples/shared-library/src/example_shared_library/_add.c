#include <Python.h>

#include "tally.h"

static PyObject *add(PyObject *module, PyObject *argument)
{
    long number = PyLong_AsLong(argument);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    tally_add(number);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"add", add, METH_O, "Adds a number to the tally."}, {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "example_shared_library._add",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__add(void)
{
    return PyModuleDef_Init(&definition);
}
