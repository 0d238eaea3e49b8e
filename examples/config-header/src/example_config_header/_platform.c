#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "config.h"

static PyObject *
platform(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
#ifdef HAVE_FORK
    PyObject *fork = Py_True;
#else
    PyObject *fork = Py_False;
#endif
    return Py_BuildValue("{s:s,s:s,s:O,s:O}", "line_end", LINE_END, "path_separator", PATH_SEPARATOR, "fork", fork,
                         "registry", HAVE_REGISTRY ? Py_True : Py_False);
}

static PyMethodDef methods[] = {
    {"platform", platform, METH_NOARGS, "platform()\n--\n\nThe facts, by name."},
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
    .m_name = "example_config_header._platform",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__platform(void)
{
    return PyModuleDef_Init(&definition);
}
