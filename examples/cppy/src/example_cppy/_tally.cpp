#include <cppy/cppy.h>

namespace {

// Every way out gives back what was taken: a cppy::ptr owns its reference.
PyObject *tally(PyObject *, PyObject *iterable) {
    cppy::ptr counts(PyDict_New());
    cppy::ptr items(PyObject_GetIter(iterable));
    cppy::ptr one(PyLong_FromLong(1));
    if (!counts || !items || !one) return nullptr;
    while (cppy::ptr item = PyIter_Next(items.get())) {
        PyObject *before = PyDict_GetItemWithError(counts.get(), item.get());
        if (!before && PyErr_Occurred()) return nullptr;
        cppy::ptr after(before ? PyNumber_Add(before, one.get()) : cppy::incref(one.get()));
        if (!after || PyDict_SetItem(counts.get(), item.get(), after.get()) < 0) return nullptr;
    }
    return PyErr_Occurred() ? nullptr : counts.release();
}

PyMethodDef methods[] = {
    {"tally", tally, METH_O, "How often each item of an iterable occurs, in order of first appearance."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_tally", nullptr, 0, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__tally() { return PyModuleDef_Init(&definition); }
