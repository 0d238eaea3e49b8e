"""Renders ``_numpyconfig.h``, the only header of numpy that depends on the machine, so that it fits every target."""

from __future__ import annotations

import re

from ..base.errors import ConfigurationError

CONFIG = "numpy/_numpyconfig.h"

_OLDEST = 0x02000000

_TEXT = """\
/* What numpy's own build finds out about the one machine that it is for is left to the compiler here: this header is
   right for every target. */
#define NPY_ABI_VERSION {abi}
#define NPY_API_VERSION {api}

#define NPY_SIZEOF_SHORT __SIZEOF_SHORT__
#define NPY_SIZEOF_INT __SIZEOF_INT__
#define NPY_SIZEOF_LONG __SIZEOF_LONG__
#define NPY_SIZEOF_LONGLONG __SIZEOF_LONG_LONG__
#define NPY_SIZEOF_PY_LONG_LONG __SIZEOF_LONG_LONG__
#define NPY_SIZEOF_PY_INTPTR_T __SIZEOF_POINTER__
#define NPY_SIZEOF_INTP __SIZEOF_POINTER__
#define NPY_SIZEOF_UINTP __SIZEOF_POINTER__
#define NPY_SIZEOF_WCHAR_T __SIZEOF_WCHAR_T__
#define NPY_SIZEOF_FLOAT 4
#define NPY_SIZEOF_COMPLEX_FLOAT 8
#define NPY_SIZEOF_DOUBLE 8
#define NPY_SIZEOF_COMPLEX_DOUBLE 16
#ifdef _WIN32
/* numpy is compiled there by a compiler to which long double is a double. */
#define NPY_SIZEOF_LONGDOUBLE 8
#define NPY_SIZEOF_COMPLEX_LONGDOUBLE 16
#define NPY_SIZEOF_OFF_T 4
#else
#define NPY_SIZEOF_LONGDOUBLE __SIZEOF_LONG_DOUBLE__
#if __SIZEOF_LONG_DOUBLE__ == 8
#define NPY_SIZEOF_COMPLEX_LONGDOUBLE 16
#elif __SIZEOF_LONG_DOUBLE__ == 12
#define NPY_SIZEOF_COMPLEX_LONGDOUBLE 24
#else
#define NPY_SIZEOF_COMPLEX_LONGDOUBLE 32
#endif
#define NPY_SIZEOF_OFF_T 8
#endif

#ifdef __linux__
#define NPY_HAVE_ENDIAN_H 1
#endif
#define NPY_NO_SMP 0
#define NPY_VISIBILITY_HIDDEN __attribute__((visibility("hidden")))

#ifndef __STDC_FORMAT_MACROS
#define __STDC_FORMAT_MACROS 1
#endif
"""


def render_config(installed: str) -> str:
    """Return ``_numpyconfig.h`` for every target, with the versions of the API that the *installed* one names.

    :raises ConfigurationError: if those are of numpy 1.
    """
    abi, api = (_find_version(installed, name) for name in ("NPY_ABI_VERSION", "NPY_API_VERSION"))
    if int(abi, 16) < _OLDEST:
        raise ConfigurationError(
            "is older than numpy 2, whose headers are needed",
            where="numpy",
            hint='require "numpy>=2" to build: modules that are compiled with it run with numpy 1 too',
        )
    return _TEXT.format(abi=abi, api=api)


def _find_version(text: str, name: str) -> str:
    match = re.search(rf"^#define {name} (0x[0-9A-Fa-f]+)", text, re.MULTILINE)
    return match[1] if match else "0x0"
