#include "names.h"

    .intel_syntax noprefix
    .text
    .globl NAME(example_multiply_high)
    HIDDEN(example_multiply_high)
NAME(example_multiply_high):
#ifdef _WIN32
    mov rax, rcx
    mul rdx
#else
    mov rax, rdi
    mul rsi
#endif
    mov rax, rdx
    ret

#ifdef __ELF__
    .section .note.GNU-stack, "", @progbits
#endif
