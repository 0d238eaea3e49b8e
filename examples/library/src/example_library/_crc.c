#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <checksum.h>

static PyObject *
crc(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*:crc", &data))
        return NULL;
    uint32_t sum = checksum_crc(data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(sum);
}

static PyMethodDef methods[] = {
    {"crc", crc, METH_VARARGS, "crc(data, /)\n--\n\nCRC-32, as in gzip."},
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
    .m_name = "example_library._crc",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__crc(void)
{
    return PyModuleDef_Init(&definition);
}
