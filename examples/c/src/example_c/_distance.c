/* The edit distance of two strings, by the row-at-a-time method: O(len(a) * len(b)) time, O(len(b)) memory. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *
distance(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *a, *b;
    if (!PyArg_ParseTuple(args, "UU:distance", &a, &b))
        return NULL;
    Py_ssize_t rows = PyUnicode_GET_LENGTH(a), columns = PyUnicode_GET_LENGTH(b);
    Py_ssize_t *row = PyMem_New(Py_ssize_t, columns + 1);
    if (row == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t j = 0; j <= columns; j++)
        row[j] = j;
    for (Py_ssize_t i = 1; i <= rows; i++) {
        Py_ssize_t diagonal = row[0];
        row[0] = i;
        for (Py_ssize_t j = 1; j <= columns; j++) {
            Py_ssize_t replaced = diagonal + (PyUnicode_READ_CHAR(a, i - 1) != PyUnicode_READ_CHAR(b, j - 1));
            Py_ssize_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < other ? replaced : other;
        }
    }
    PyObject *result = PyLong_FromSsize_t(row[columns]);
    PyMem_Free(row);
    return result;
}

static PyMethodDef methods[] = {
    {"distance", distance, METH_VARARGS, "distance(a, b, /)\n--\n\nThe edit distance between two strings."},
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
    .m_name = "example_c._distance",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__distance(void)
{
    return PyModuleDef_Init(&definition);
}
