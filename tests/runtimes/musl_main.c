/* Preloaded into a program of musl that has CPython inside: runs it as a plain Python instead of the program's main. */
#define _GNU_SOURCE
#include <dlfcn.h>

typedef int (*Main)(int, char **, char **);
typedef int (*Start)(Main, int, char **, void (*)(void), void (*)(void), void (*)(void));

static int python(int count, char **arguments, char **environment) {
    int (*run)(int, char **) = (int (*)(int, char **))dlsym(RTLD_DEFAULT, "Py_BytesMain");
    (void)environment;
    return run ? run(count, arguments) : 99;
}

int __libc_start_main(Main main, int count, char **arguments, void (*begin)(void), void (*end)(void),
                      void (*leave)(void)) {
    (void)main;
    return ((Start)dlsym(RTLD_NEXT, "__libc_start_main"))(python, count, arguments, begin, end, leave);
}
