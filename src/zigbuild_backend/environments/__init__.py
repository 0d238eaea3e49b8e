"""Where a wheel is made again: interpreters of this machine, and the very backend, libraries and zig of the wheel."""

from .environment import Environment, compile_bytecode, obtain_environment, obtain_toml_reader
from .interpreters import Interpreter, find_interpreter, list_interpreters, read_interpreter

__all__ = [
    "Environment",
    "Interpreter",
    "compile_bytecode",
    "find_interpreter",
    "list_interpreters",
    "obtain_environment",
    "obtain_toml_reader",
    "read_interpreter",
]
