/* Labels the regions of a mask: neighbours above, below, left and right that are true get one number. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <numpy/arrayobject.h>

/* What a module that was compiled for one machine would get wrong on another. */
_Static_assert(NPY_SIZEOF_LONG == sizeof(long), "long");
_Static_assert(NPY_SIZEOF_INTP == sizeof(void *), "npy_intp");
_Static_assert(NPY_SIZEOF_LONGDOUBLE == sizeof(npy_longdouble), "npy_longdouble");
_Static_assert(sizeof(npy_int64) == 8 && sizeof(npy_int32) == 4, "integers of a size");

/* Gives all that hangs together with a cell the number of it. *stack* has room for every cell. */
static void
fill(const npy_bool *mask, npy_int32 *labels, npy_intp rows, npy_intp columns, npy_intp start, npy_int32 label,
     npy_intp *stack)
{
    npy_intp depth = 0;
    labels[start] = label;
    stack[depth++] = start;
    while (depth > 0) {
        npy_intp cell = stack[--depth], row = cell / columns, column = cell % columns;
        npy_intp neighbours[4] = {
            row > 0 ? cell - columns : -1,
            row + 1 < rows ? cell + columns : -1,
            column > 0 ? cell - 1 : -1,
            column + 1 < columns ? cell + 1 : -1,
        };
        for (int side = 0; side < 4; side++) {
            npy_intp next = neighbours[side];
            if (next >= 0 && mask[next] && labels[next] == 0) {
                labels[next] = label;
                stack[depth++] = next;
            }
        }
    }
}

static PyObject *
label(PyObject *Py_UNUSED(module), PyObject *argument)
{
    PyArrayObject *mask = (PyArrayObject *)PyArray_FROMANY(argument, NPY_BOOL, 2, 2, NPY_ARRAY_CARRAY_RO);
    if (mask == NULL)
        return NULL;
    npy_intp rows = PyArray_DIM(mask, 0), columns = PyArray_DIM(mask, 1), size = PyArray_SIZE(mask);
    PyArrayObject *labels = (PyArrayObject *)PyArray_ZEROS(2, PyArray_DIMS(mask), NPY_INT32, 0);
    npy_intp *stack = PyMem_New(npy_intp, size ? size : 1);
    if (labels == NULL || stack == NULL) {
        PyMem_Free(stack);
        Py_XDECREF(labels);
        Py_DECREF(mask);
        return stack == NULL ? PyErr_NoMemory() : NULL;
    }
    const npy_bool *cells = PyArray_DATA(mask);
    npy_int32 *numbers = PyArray_DATA(labels), count = 0;
    Py_BEGIN_ALLOW_THREADS
    for (npy_intp cell = 0; cell < size; cell++) {
        if (cells[cell] && numbers[cell] == 0)
            fill(cells, numbers, rows, columns, cell, ++count, stack);
    }
    Py_END_ALLOW_THREADS
    PyMem_Free(stack);
    Py_DECREF(mask);
    return Py_BuildValue("Ni", labels, (int)count);
}

static PyMethodDef methods[] = {
    {"label", label, METH_O, "label(mask, /)\n--\n\nThe number of each cell's region, 0 outside, and how many there are."},
    {NULL, NULL, 0, NULL},
};

static int
execute(PyObject *Py_UNUSED(module))
{
    return PyArray_ImportNumPyAPI();
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "example_numpy._regions",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__regions(void)
{
    return PyModuleDef_Init(&definition);
}
