"""``generate``: sources that are made from other files before anything is compiled."""

from __future__ import annotations

from typing import Literal

from ..base.frozen import dataclass
from . import rules
from .fields import Values, setting

Per = Literal["project", "target", "wheel"]


@dataclass(frozen=True)
class Generator:
    """``[[tool.zigbuild.generate]]``: files that are made before anything is compiled.

    They lie in the project then as if they had always been there, but only where it is built: those in packages go into
    wheels, unless they are compiled, or made for each target.
    """

    with_: Literal["cython", "cffi", "template", "command"] = setting(
        "``cython``: C or C++ of ``.pyx`` files; ``cffi``: that of a script with an ``FFI()``; ``template``: texts "
        "with ``@NAME@`` in them; ``command``: whatever a program writes"
    )
    sources: tuple[str, ...] = setting(
        "what is made something of, by globs; of ``cffi`` one script, of ``command`` all that it reads and is",
        rule=rules.path,
        default=(),
    )
    inputs: tuple[str, ...] = setting(
        "files that are read besides, by globs; what Cython finds by ``cimport`` and ``include`` need not be named",
        rule=rules.path,
        default=(),
    )
    outputs: tuple[str, ...] = setting(
        "what is made: for ``template`` one path for each source, in their order, for ``command`` all; default: beside "
        "the source, with the suffix ``.c`` or ``.cpp``, for ``template`` without ``.in``. What is made once for the "
        "project and is not compiled goes into the wheels if it lies in a package, or if ``wheel`` names it",
        rule=rules.path,
        default=(),
    )
    requires: tuple[str, ...] = setting(
        "the build requirements that are used, beside Cython or cffi itself", rule=rules.project_name, default=()
    )
    per: Per = setting(
        "for what it is done again: once for the ``project``, or for each ``target`` or ``wheel``, whose facts "
        "``command`` and ``template`` are then told",
        default="project",
    )
    cxx: bool = setting("of ``cython`` and ``cffi``: write C++", default=False)
    directives: Values = setting("of ``cython``: compiler directives", rule=rules.directive, default=())
    include_dirs: tuple[str, ...] = setting("of ``cython``: folders of ``.pxd`` files", rule=rules.path, default=())
    ffi: str = setting("of ``cffi``: the name of the ``FFI()`` in the script", rule=rules.name, default="ffibuilder")
    values: Values = setting(
        "of ``template``: what stands for each ``@NAME@``; ``{name}`` and ``{version}`` in text are the project's",
        rule=rules.define,
        default=(),
    )
    command: tuple[str, ...] = setting(
        "of ``command``: ``python`` with a script and its arguments, or a program of one of ``requires``",
        default=(),
    )
