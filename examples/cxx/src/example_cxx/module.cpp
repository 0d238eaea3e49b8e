#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "words.hpp"

#include <memory>
#include <new>
#include <stdexcept>

namespace {

struct Release {
    void operator()(PyObject *object) const { Py_DECREF(object); }
};
using Reference = std::unique_ptr<PyObject, Release>;

PyObject *
count(PyObject *, PyObject *args, PyObject *keywords)
{
    static const char *names[] = {"", "longest", nullptr};
    const char *text;
    Py_ssize_t size, longest = 100;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "s#|n:count", const_cast<char **>(names), &text, &size, &longest))
        return nullptr;
    try {
        Reference result(PyDict_New());
        if (!result)
            return nullptr;
        for (const auto &[word, number] : count_words({text, static_cast<std::size_t>(size)}, longest)) {
            Reference key(PyUnicode_FromStringAndSize(word.data(), word.size())), value(PyLong_FromLong(number));
            if (!key || !value || PyDict_SetItem(result.get(), key.get(), value.get()) < 0)
                return nullptr;
        }
        return result.release();
    } catch (const std::length_error &error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    }
    return nullptr;
}

PyMethodDef methods[] = {
    {"count", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(count)), METH_VARARGS | METH_KEYWORDS,
     "count(text, /, longest=100)\n--\n\nHow often each word occurs."},
    {},
};

PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "example_cxx._words", nullptr, 0, methods, slots};

} // namespace

PyMODINIT_FUNC
PyInit__words()
{
    return PyModuleDef_Init(&definition);
}
