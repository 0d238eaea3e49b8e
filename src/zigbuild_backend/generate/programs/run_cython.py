"""Compiles one file with Cython, as the job on standard input says; ends with 1 if Cython refuses it."""

import json
import sys

job = json.load(sys.stdin)
sys.path[:] = [job["tools"], *(path for path in sys.path if path not in ("", sys.path[0]))]

from Cython.Compiler.Main import CompilationOptions, compile_single, default_options  # type: ignore[import-not-found]  # noqa: E402
from Cython.Compiler.Options import parse_directive_list  # type: ignore[import-not-found]  # noqa: E402

try:
    directives = parse_directive_list(",".join(f"{name}={value}" for name, value in job["directives"]))
except ValueError as error:
    sys.exit(f"directives: {error}")
options = CompilationOptions(
    default_options,
    output_file=job["output"],
    include_path=job["include-dirs"],
    cplus=job["cxx"],
    compiler_directives=directives,
)
sys.exit(min(1, compile_single(job["source"], options, job["module"] or None).num_errors))
