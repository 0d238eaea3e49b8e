# Functions that a DLL or program takes from the C runtime of Windows instead of from zig's compiler-rt.
#
# compiler-rt has them in one object with all its mathematics. From that object the linker leaves out functions that
# nothing calls, but not those with a jump table: on x86_64, jump tables are data that it always keeps. A module that
# calls one function would get 60 KB of others, and the startup code of every module calls memcpy.
#
# The results of these functions are exact, so that it does not matter who computes them. They are weak, so that a
# project's own definitions come first, and so that compiler-rt can be linked, too, for other functions.

        .macro  import name
        .section .text$\name, "xr", discard, \name
        .weak   \name
\name:
        jmp     *__imp_\name(%rip)
        .endm

        import  memcmp
        import  memcpy
        import  memmove
        import  memset
        import  strlen

        import  ceil
        import  ceilf
        import  floor
        import  floorf
        import  fmod
        import  fmodf
        import  round
        import  roundf
        import  sqrt
        import  sqrtf
        import  trunc
        import  truncf

# Touches the pages of a stack frame of rax bytes, downward: Windows adds pages to a stack one by one. Compilers call it
# before a frame that is larger than a page; it preserves all registers. It is not weak: an assembler makes hidden names
# for weak functions from that of one that is not, without which they would be the names in compiler-rt.

        .section .text$___chkstk_ms, "xr", discard, ___chkstk_ms
        .globl  ___chkstk_ms
___chkstk_ms:
        pushq   %rcx
        pushq   %rax
        leaq    24(%rsp), %rcx
        jmp     2f
1:
        subq    $4096, %rcx
        testb   %cl, (%rcx)
        subq    $4096, %rax
2:
        cmpq    $4096, %rax
        jae     1b
        subq    %rax, %rcx
        testb   %cl, (%rcx)
        popq    %rax
        popq    %rcx
        ret
