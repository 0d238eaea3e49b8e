"""Compiles one file with Cython, as the job on standard input says; ends with 1 if Cython refuses it."""

import importlib
import json
import sys

job = json.load(sys.stdin)
sys.path[:] = [job["tools"], *(path for path in sys.path if path not in ("", sys.path[0]))]

main = importlib.import_module("Cython.Compiler.Main")
options = importlib.import_module("Cython.Compiler.Options")
try:
    directives = options.parse_directive_list(",".join(f"{name}={value}" for name, value in job["directives"]))
except ValueError as error:
    sys.exit(f"directives: {error}")
chosen = main.CompilationOptions(
    main.default_options,
    output_file=job["output"],
    include_path=job["include-dirs"],
    cplus=job["cxx"],
    compiler_directives=directives,
)
sys.exit(min(1, main.compile_single(job["source"], chosen, job["module"] or None).num_errors))
