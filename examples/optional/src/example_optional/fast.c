#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
count_bits(PyObject *Py_UNUSED(module), PyObject *data)
{
    char *bytes;
    Py_ssize_t size, count = 0;
    if (PyBytes_AsStringAndSize(data, &bytes, &size) < 0)
        return NULL;
    for (Py_ssize_t i = 0; i < size; i++)
        count += __builtin_popcount((unsigned char)bytes[i]);
    return PyLong_FromSsize_t(count);
}

static PyMethodDef methods[] = {
    {"count_bits", count_bits, METH_O, "count_bits(data, /)\n--\n\nHow many bits are set."},
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
    .m_name = "example_optional._fast",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__fast(void)
{
    return PyModuleDef_Init(&definition);
}
