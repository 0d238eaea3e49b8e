/* Finds bytes in bytes by Horspool's method: after a look at the last byte of a window, a table says how far to move on.
 *
 * Objects never change after they are made, so that threads can share them without locks.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <limits.h>
#include <string.h>

typedef struct {
    PyObject_HEAD
    PyObject *needle;
    Py_ssize_t shifts[UCHAR_MAX + 1];
} Pattern;

/* Where the needle begins in data at start or later, or -1. */
static Py_ssize_t
search(const Pattern *self, const char *data, Py_ssize_t size, Py_ssize_t start)
{
    const char *needle = PyBytes_AsString(self->needle);
    const Py_ssize_t length = PyBytes_Size(self->needle);
    while (start <= size - length) {
        if (memcmp(data + start, needle, (size_t)length) == 0)
            return start;
        start += self->shifts[(unsigned char)data[start + length - 1]];
    }
    return -1;
}

static PyObject *
find(PyObject *self, PyObject *args)
{
    PyObject *data;
    Py_ssize_t start = 0;
    if (!PyArg_ParseTuple(args, "S|n:find", &data, &start))
        return NULL;
    if (start < 0) {
        PyErr_SetString(PyExc_ValueError, "start must not be negative");
        return NULL;
    }
    return PyLong_FromSsize_t(search((Pattern *)self, PyBytes_AsString(data), PyBytes_Size(data), start));
}

static PyObject *
count(PyObject *self, PyObject *args)
{
    PyObject *data;
    if (!PyArg_ParseTuple(args, "S:count", &data))
        return NULL;
    const Pattern *pattern = (Pattern *)self;
    const Py_ssize_t length = PyBytes_Size(pattern->needle);
    Py_ssize_t found = 0, place = -length;
    while ((place = search(pattern, PyBytes_AsString(data), PyBytes_Size(data), place + length)) >= 0)
        found++;
    return PyLong_FromSsize_t(found);
}

static PyObject *
get_needle(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *needle = ((Pattern *)self)->needle;
    Py_INCREF(needle);
    return needle;
}

static PyObject *
make(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *needle;
    if (keywords != NULL && PyDict_Size(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "Pattern() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "S:Pattern", &needle))
        return NULL;
    const Py_ssize_t length = PyBytes_Size(needle);
    if (length == 0) {
        PyErr_SetString(PyExc_ValueError, "the needle must not be empty");
        return NULL;
    }
    /* The structure of a type is not part of the stable ABI: its functions are asked for by name. */
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Pattern *self = (Pattern *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    Py_INCREF(needle);
    self->needle = needle;
    for (size_t byte = 0; byte <= UCHAR_MAX; byte++)
        self->shifts[byte] = length;
    const unsigned char *bytes = (const unsigned char *)PyBytes_AsString(needle);
    for (Py_ssize_t index = 0; index < length - 1; index++)
        self->shifts[bytes[index]] = length - 1 - index;
    return (PyObject *)self;
}

static void
destroy(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((Pattern *)self)->needle);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type); /* types that are made at run time are counted by their objects */
}

static PyMethodDef methods[] = {
    {"find", find, METH_VARARGS,
     "find($self, data, start=0, /)\n--\n\nWhere the needle first begins in data, at start or later; -1 if nowhere."},
    {"count", count, METH_VARARGS,
     "count($self, data, /)\n--\n\nHow often the needle is in data, without overlaps."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"needle", get_needle, NULL, "What is looked for.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_doc, "Pattern(needle, /)\n--\n\nBytes to look for, with a table of how far a search may move on."},
    {Py_tp_new, make},
    {Py_tp_dealloc, destroy},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

static PyType_Spec type_spec = {
    .name = "example_stable_abi.Pattern",
    .basicsize = sizeof(Pattern),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = type_slots,
};

static int
execute(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &type_spec, NULL);
    if (type == NULL)
        return -1;
    const int status = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return status;
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
    .m_name = "example_stable_abi._pattern",
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__pattern(void)
{
    return PyModuleDef_Init(&definition);
}
