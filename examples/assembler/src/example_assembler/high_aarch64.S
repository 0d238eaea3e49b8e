#include "names.h"

    .text
    .globl NAME(example_multiply_high)
    HIDDEN(example_multiply_high)
    .p2align 2
NAME(example_multiply_high):
    umulh x0, x0, x1
    ret

#ifdef __ELF__
    .section .note.GNU-stack, "", %progbits
#endif
