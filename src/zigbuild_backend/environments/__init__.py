"""Where a wheel is made again: interpreters of this machine, and the very backend, libraries and zig of the wheel."""

from .environment import (
    LIBRARIES,
    PACKAGE,
    Environment,
    compile_bytecode,
    link,
    obtain_environment,
    obtain_toml_reader,
    obtain_ziglang,
)
from .interpreters import Interpreter, find_interpreter, list_interpreters, read_interpreter
from .tools import obtain_exact_tools, obtain_tools

__all__ = [
    "LIBRARIES",
    "PACKAGE",
    "Environment",
    "Interpreter",
    "compile_bytecode",
    "find_interpreter",
    "link",
    "list_interpreters",
    "obtain_environment",
    "obtain_exact_tools",
    "obtain_toml_reader",
    "obtain_tools",
    "obtain_ziglang",
    "read_interpreter",
]
