/* pyconfig.h for CPython 3.9 to 3.15 on Windows, whatever the machine, for clang with the headers of mingw-w64.

   CPython itself is built by MSVC: what is said here is what that build is, where its binary interface shows it.
   Py_GIL_DISABLED is not for this file: it is defined on the command line, or not at all. */
#ifndef Py_CONFIG_H
#define Py_CONFIG_H

/* CPython's headers count on these two, which the file that comes with it includes. */
#include <io.h>
#include <stdio.h>

/* Free-threaded builds find the thread's block in x18, by an intrinsic that only MSVC has. */
#if defined(Py_GIL_DISABLED) && defined(__aarch64__)
static __inline__ __attribute__((__always_inline__)) unsigned long long
__getReg(int number)
{
    unsigned long long x18;
    (void)number; /* CPython asks for no other */
    __asm__("mov %0, x18" : "=r"(x18));
    return x18;
}
#endif

/* The system. */
#define MS_WINDOWS
#define MS_WIN32
#ifdef _WIN64
#define MS_WIN64
#endif
#define NT_THREADS
#define WITH_THREAD

/* Everything of CPython is imported from its DLL, unless a program says that it brings CPython along. */
#define HAVE_DECLSPEC_DLL 1
#ifndef Py_NO_ENABLE_SHARED
#define Py_ENABLE_SHARED 1
#define MS_COREDLL 1
#endif

/* Sizes and alignments in MSVC, in bytes; long double is left out, for clang's is another. */
#define SIZEOF__BOOL 1
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define SIZEOF_WCHAR_T 2
#define SIZEOF_VOID_P __SIZEOF_POINTER__
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_UINTPTR_T __SIZEOF_POINTER__
#define SIZEOF_HKEY __SIZEOF_POINTER__
#define SIZEOF_PID_T SIZEOF_INT
#define SIZEOF_OFF_T 4
#define SIZEOF_FPOS_T 8
#define SIZEOF_TIME_T 8
#define ALIGNOF_LONG 4
#define ALIGNOF_SIZE_T __SIZEOF_SIZE_T__
#define ALIGNOF_MAX_ALIGN_T 8
#define LONG_BIT 32
#define WORD_BIT 32
#define HAVE_LARGEFILE_SUPPORT 1
#define DOUBLE_IS_LITTLE_ENDIAN_IEEE754 1

/* Which parts of CPython there are. */
#define WITH_DECIMAL_CONTEXTVAR 1
#define WITH_DOC_STRINGS 1
#define WITH_FREELISTS 1
#define WITH_MIMALLOC 1
#define WITH_PYMALLOC 1
#define HAVE_DYNAMIC_LOADING 1

/* Functions and types that CPython's headers ask for, and those that extensions ask for by habit. */
#define HAVE_CLOCK 1
#define HAVE_COPYSIGN 1
#define HAVE_DECL_ISFINITE 1
#define HAVE_DECL_ISINF 1
#define HAVE_DECL_ISNAN 1
#define HAVE_DUP 1
#define HAVE_ERF 1
#define HAVE_ERFC 1
#define HAVE_GETPID 1
#define HAVE_HYPOT 1
#define HAVE_INTPTR_T 1
#define HAVE_MKTIME 1
#define HAVE_PUTENV 1
#define HAVE_ROUND 1
#define HAVE_SETVBUF 1
#define HAVE_SNPRINTF 1
#define HAVE_STDARG_PROTOTYPES 1
#define HAVE_STRERROR 1
#define HAVE_STRFTIME 1
#define HAVE_UINTPTR_T 1
#define HAVE_UMASK 1

/* Headers, likewise; not those which only mingw-w64 has, for code takes them for a sign of POSIX. */
#define STDC_HEADERS 1
#define HAVE_CONIO_H 1
#define HAVE_DIRECT_H 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_IO_H 1
#define HAVE_PROCESS_H 1
#define HAVE_SIGNAL_H 1
#define HAVE_STDDEF_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_UTIME_H 1
#define HAVE_WCHAR_H 1

#endif
