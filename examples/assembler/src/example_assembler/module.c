#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#ifdef HAVE_ASSEMBLER
uint64_t example_multiply_high(uint64_t a, uint64_t b);
#else
static uint64_t
example_multiply_high(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t left = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t right = (a & UINT32_MAX) * (b >> 32) + (left & UINT32_MAX);
    return (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);
}
#endif

static PyObject *
multiply_high(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *objects[2];
    unsigned long long numbers[2];
    if (!PyArg_ParseTuple(args, "OO:multiply_high", &objects[0], &objects[1]))
        return NULL;
    for (int i = 0; i < 2; i++) {
        numbers[i] = PyLong_AsUnsignedLongLong(objects[i]);
        if (PyErr_Occurred())
            return NULL;
    }
    return PyLong_FromUnsignedLongLong(example_multiply_high(numbers[0], numbers[1]));
}

static PyMethodDef methods[] = {
    {"multiply_high", multiply_high, METH_VARARGS, "multiply_high(a, b, /)\n--\n\na * b >> 64"},
    {NULL, NULL, 0, NULL},
};

static int
execute(PyObject *module)
{
#ifdef HAVE_ASSEMBLER
    PyObject *is_assembler = Py_True;
#else
    PyObject *is_assembler = Py_False;
#endif
    Py_INCREF(is_assembler);
    if (PyModule_AddObject(module, "is_assembler", is_assembler) == 0)
        return 0;
    Py_DECREF(is_assembler);
    return -1;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
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
    .m_name = "example_assembler._multiply",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__multiply(void)
{
    return PyModuleDef_Init(&definition);
}
