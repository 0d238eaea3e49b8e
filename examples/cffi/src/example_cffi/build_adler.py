"""What cffi makes the module ``_adler`` of. It is run when the project is built, and is in no wheel."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(Path(__file__).with_name("adler.h").read_text())
ffibuilder.set_source("example_cffi._adler", '#include <stddef.h>\n#include <stdint.h>\n#include "adler.h"\n')
