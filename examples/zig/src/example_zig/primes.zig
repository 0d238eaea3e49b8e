//! The extension module `example_zig._primes`.

const std = @import("std");
const py = @import("python");
const sieve = @import("sieve.zig");

const Object = [*c]py.PyObject;

fn primes(_: Object, args: Object) callconv(.c) Object {
    var limit: py.Py_ssize_t = 0;
    if (py.PyArg_ParseTuple(args, "n:primes", &limit) == 0) return null;
    const numbers = sieve.primesBelow(std.heap.c_allocator, @intCast(@max(limit, 0))) catch return py.PyErr_NoMemory();
    defer std.heap.c_allocator.free(numbers);
    const list = py.PyList_New(@intCast(numbers.len));
    if (list == null) return null;
    for (numbers, 0..) |number, index| {
        const item = py.PyLong_FromSize_t(number);
        if (item == null) {
            py.Py_DECREF(list);
            return null;
        }
        _ = py.PyList_SetItem(list, @intCast(index), item);
    }
    return list;
}

var methods = [_]py.PyMethodDef{
    .{
        .ml_name = "primes",
        .ml_meth = primes,
        .ml_flags = py.METH_VARARGS,
        .ml_doc = "primes(limit, /)\n--\n\nThe prime numbers below a limit, in order.",
    },
    .{},
};

var slots = if (@hasDecl(py, "Py_mod_gil")) [_]py.PyModuleDef_Slot{
    .{ .slot = py.Py_mod_gil, .value = py.Py_MOD_GIL_NOT_USED },
    .{},
} else [_]py.PyModuleDef_Slot{.{}};

var definition: py.PyModuleDef = .{
    .m_base = py.PyModuleDef_HEAD_INIT,
    .m_name = "example_zig._primes",
    .m_methods = &methods,
    .m_slots = &slots,
};

pub export fn PyInit__primes() Object {
    return py.PyModuleDef_Init(&definition);
}
