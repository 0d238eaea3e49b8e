"""What compiling against CPython needs and no compiler has: headers, pyconfig.h, import libraries, the stable ABI."""
