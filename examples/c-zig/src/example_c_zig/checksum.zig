//! The extension module `example_c_zig._checksum`.

const c = @import("adler32");
const py = @import("python");

const Object = [*c]py.PyObject;

fn adler32(_: Object, data: Object) callconv(.c) Object {
    var bytes: [*c]u8 = null;
    var size: py.Py_ssize_t = 0;
    if (py.PyBytes_AsStringAndSize(data, &bytes, &size) < 0) return null;
    return py.PyLong_FromUnsignedLong(c.adler32(bytes, @intCast(size)));
}

var methods = [_]py.PyMethodDef{
    .{
        .ml_name = "adler32",
        .ml_meth = adler32,
        .ml_flags = py.METH_O,
        .ml_doc = "adler32(data, /)\n--\n\nThe Adler-32 checksum of bytes.",
    },
    .{},
};

var slots = if (@hasDecl(py, "Py_mod_gil")) [_]py.PyModuleDef_Slot{
    .{ .slot = py.Py_mod_gil, .value = py.Py_MOD_GIL_NOT_USED },
    .{},
} else [_]py.PyModuleDef_Slot{.{}};

var definition: py.PyModuleDef = .{
    .m_base = py.PyModuleDef_HEAD_INIT,
    .m_name = "example_c_zig._checksum",
    .m_methods = &methods,
    .m_slots = &slots,
};

pub export fn PyInit__checksum() Object {
    return py.PyModuleDef_Init(&definition);
}
