"""CPython's side of a compile: headers, pyconfig.h, import libraries, the stable ABI."""
