/* pyconfig.h for CPython 3.9 to 3.15 on Linux (glibc and musl) and macOS, whatever the machine.

   A build of CPython writes this file for one machine. Everything in which machines differ is left to the compiler's
   predefined macros here. Py_GIL_DISABLED is not for this file: it is defined on the command line, or not at all. */
#ifndef Py_PYCONFIG_H
#define Py_PYCONFIG_H

/* What system headers show. CPython is built with these, and its own headers rely on them. macOS hides its extensions
   as soon as a standard is asked for by number. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifdef __APPLE__
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif
#else
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#ifndef _LARGEFILE_SOURCE
#define _LARGEFILE_SOURCE 1
#endif
#endif

/* Sizes and alignments, in bytes. On macOS pymacconfig.h, which comes next, says some of them again. */
#define SIZEOF__BOOL 1
#define SIZEOF_SHORT __SIZEOF_SHORT__
#define SIZEOF_INT __SIZEOF_INT__
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_LONG_LONG __SIZEOF_LONG_LONG__
#define SIZEOF_FLOAT __SIZEOF_FLOAT__
#define SIZEOF_DOUBLE __SIZEOF_DOUBLE__
#define SIZEOF_LONG_DOUBLE __SIZEOF_LONG_DOUBLE__
#define SIZEOF_VOID_P __SIZEOF_POINTER__
#define SIZEOF_UINTPTR_T __SIZEOF_POINTER__
#define SIZEOF_PTHREAD_T __SIZEOF_POINTER__
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_WCHAR_T __SIZEOF_WCHAR_T__
#define SIZEOF_PID_T 4
#define SIZEOF_OFF_T 8
#define ALIGNOF_LONG __SIZEOF_LONG__
#define ALIGNOF_SIZE_T __SIZEOF_SIZE_T__
#if defined(__arm__) || defined(__s390x__)
#define ALIGNOF_MAX_ALIGN_T 8
#else
#define ALIGNOF_MAX_ALIGN_T 16
#endif

/* time_t grew to 64 bits everywhere but in glibc for 32-bit machines, where it is asked for with _TIME_BITS. */
#if __SIZEOF_LONG__ == 4 && defined(__GLIBC__) && (!defined(_TIME_BITS) || _TIME_BITS != 64)
#define SIZEOF_TIME_T 4
#else
#define SIZEOF_TIME_T 8
#endif
#if __SIZEOF_LONG__ == 4
#define HAVE_LARGEFILE_SUPPORT 1
#endif

/* Byte order, and how floating point is done. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORDS_BIGENDIAN 1
#define DOUBLE_IS_BIG_ENDIAN_IEEE754 1
#else
#define DOUBLE_IS_LITTLE_ENDIAN_IEEE754 1
#endif
#if defined(__i386__) || defined(__x86_64__)
#define HAVE_GCC_ASM_FOR_X87 1
#endif
#ifdef __x86_64__
#define HAVE_GCC_ASM_FOR_X64 1
#endif
#ifdef __i386__
#define X87_DOUBLE_ROUNDING 1
#endif

/* Which parts of CPython there are: as in every build that people install. */
#define WITH_DECIMAL_CONTEXTVAR 1
#define WITH_DOC_STRINGS 1
#define WITH_FREELISTS 1
#define WITH_MIMALLOC 1
#define WITH_PYMALLOC 1
#define HAVE_DYNAMIC_LOADING 1
#define _Py_STACK_GROWS_DOWN 1

/* Types and compiler features. An unsigned wchar_t is what CPython calls usable: a Py_UNICODE. */
#define HAVE_BUILTIN_ATOMIC 1
#define HAVE_SSIZE_T 1
#define HAVE_STD_ATOMIC 1
#ifdef __SIZEOF_INT128__
#define HAVE_GCC_UINT128_T 1
#endif
#ifdef __WCHAR_UNSIGNED__
#define HAVE_USABLE_WCHAR_T 1
#endif

/* Functions that CPython's headers ask for, and the older ones of libm and libc that extensions ask for by habit: all
   of glibc 2.17, musl 1.2 and macOS 10.13 have them. */
#define HAVE_CLOCK_GETTIME 1
#define HAVE_COPYSIGN 1
#define HAVE_DECL_ISFINITE 1
#define HAVE_DECL_ISINF 1
#define HAVE_DECL_ISNAN 1
#define HAVE_FORK 1
#define HAVE_GETPID 1
#define HAVE_HYPOT 1
#define HAVE_MMAP 1
#define HAVE_POLL 1
#define HAVE_READLINK 1
#define HAVE_REALPATH 1
#define HAVE_ROUND 1
#define HAVE_SIGACTION 1
#define HAVE_SNPRINTF 1
#define HAVE_STDARG_PROTOTYPES 1
#define HAVE_STRFTIME 1

/* Headers, likewise. */
#define STDC_HEADERS 1
#define TIME_WITH_SYS_TIME 1
#define HAVE_ALLOCA_H 1
#define HAVE_DLFCN_H 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_LANGINFO_H 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_POLL_H 1
#define HAVE_PTHREAD_H 1
#define HAVE_SCHED_H 1
#define HAVE_SIGNAL_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRING_H 1
#define HAVE_STRINGS_H 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_MMAN_H 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_RESOURCE_H 1
#define HAVE_SYS_SELECT_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_UIO_H 1
#define HAVE_SYS_UN_H 1
#define HAVE_SYS_WAIT_H 1
#define HAVE_TERMIOS_H 1
#define HAVE_UNISTD_H 1
#define HAVE_WCHAR_H 1

#endif
