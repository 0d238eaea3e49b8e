/* What Zig sources see of CPython: Python.h, and as functions and objects those of its macros that zig cannot translate.

   Inline functions are only declared to zig: see zig_python.c. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#undef PyModuleDef_HEAD_INIT
static const PyModuleDef_Base PyModuleDef_HEAD_INIT = {PyObject_HEAD_INIT(NULL) NULL, 0, NULL};

#undef PyVarObject_HEAD_INIT
static PyVarObject
PyVarObject_HEAD_INIT(PyTypeObject *type, Py_ssize_t size)
{
    PyVarObject head = {PyObject_HEAD_INIT(type) size};
    return head;
}

#if PY_VERSION_HEX < 0x030a0000
static inline PyObject *
Py_NewRef(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static inline PyObject *
Py_XNewRef(PyObject *object)
{
    Py_XINCREF(object);
    return object;
}
#endif

#undef Py_RETURN_NONE
static inline PyObject *
Py_RETURN_NONE(void)
{
    return Py_NewRef(Py_None);
}

#undef Py_RETURN_TRUE
static inline PyObject *
Py_RETURN_TRUE(void)
{
    return Py_NewRef(Py_True);
}

#undef Py_RETURN_FALSE
static inline PyObject *
Py_RETURN_FALSE(void)
{
    return Py_NewRef(Py_False);
}

#undef Py_RETURN_NOTIMPLEMENTED
static inline PyObject *
Py_RETURN_NOTIMPLEMENTED(void)
{
    return Py_NewRef(Py_NotImplemented);
}

#undef Py_CLEAR
static inline void
Py_CLEAR(PyObject **place)
{
    PyObject *object = *place;
    *place = NULL;
    Py_XDECREF(object);
}

/* Macros that reach into bit-fields, where later versions have functions. */
#ifndef Py_LIMITED_API
#if PY_VERSION_HEX < 0x030b0000
static inline Py_ssize_t
zigbuild_length(PyObject *text)
{
    return PyUnicode_GET_LENGTH(text);
}

static inline Py_UCS4
zigbuild_character(PyObject *text, Py_ssize_t index)
{
    return PyUnicode_READ_CHAR(text, index);
}

static inline void *
zigbuild_data(PyObject *text)
{
    return PyUnicode_DATA(text);
}

#undef PyUnicode_GET_LENGTH
static inline Py_ssize_t
PyUnicode_GET_LENGTH(PyObject *text)
{
    return zigbuild_length(text);
}

#undef PyUnicode_READ_CHAR
static inline Py_UCS4
PyUnicode_READ_CHAR(PyObject *text, Py_ssize_t index)
{
    return zigbuild_character(text, index);
}

#undef PyUnicode_DATA
static inline void *
PyUnicode_DATA(PyObject *text)
{
    return zigbuild_data(text);
}
#endif
#if PY_VERSION_HEX < 0x030c0000
static inline int
zigbuild_kind(PyObject *text)
{
    return PyUnicode_KIND(text);
}

#undef PyUnicode_KIND
static inline int
PyUnicode_KIND(PyObject *text)
{
    return zigbuild_kind(text);
}
#endif
#endif
