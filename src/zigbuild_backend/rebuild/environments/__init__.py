"""Where a wheel is made again: interpreters of this machine, and the very backend, libraries and zig of the wheel."""
