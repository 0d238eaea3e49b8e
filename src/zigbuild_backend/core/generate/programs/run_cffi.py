"""Writes the C of an ``FFI()`` that a script defines, as the job on standard input says."""

import json
import runpy
import sys

job = json.load(sys.stdin)
sys.path[:] = [job["tools"], *(path for path in sys.path if path not in ("", sys.path[0]))]

names = runpy.run_path(job["source"], run_name="__cffi__")
if job["ffi"] not in names:
    sys.exit(f"{job['source']}: defines no {job['ffi']!r}")
ffi = names[job["ffi"]]
ffi = ffi() if not hasattr(ffi, "emit_c_code") and callable(ffi) else ffi
module = getattr(ffi, "_assigned_source", [None])[0]
if job["module"] and module != job["module"]:
    sys.exit(f"{job['source']}: set_source() names the module {module!r}, not {job['module']!r}")
ffi.emit_c_code(job["output"])
