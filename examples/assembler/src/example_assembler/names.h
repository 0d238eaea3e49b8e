/* How the systems spell the names of C in assembler, and say that one is not to be seen from outside. */
#if defined(__APPLE__)
#define NAME(name) _##name
#define HIDDEN(name) .private_extern NAME(name)
#else
#define NAME(name) name
#if defined(__ELF__)
#define HIDDEN(name) .hidden NAME(name)
#else
#define HIDDEN(name)
#endif
#endif
