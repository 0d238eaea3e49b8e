/* The inline functions of CPython's headers as functions of their own, for modules in Zig to call.

   zig does not get the translation of all of them right, such as of those with atomics, bit-fields or arrays in unions.
   The headers of the system come first: only in CPython's are inline functions to become what they are not. */
#include "pyconfig.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <wchar.h>
#ifdef _WIN32
#include <intrin.h>
#else
#include <langinfo.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>
#endif

#define static
#define inline
#include "zig_python.h"
