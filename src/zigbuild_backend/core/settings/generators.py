"""``generate``: files that are generated from others before the project is compiled."""

from __future__ import annotations

from typing import Literal

from ..base.frozen import dataclass
from . import rules
from .fields import Values, setting

Per = Literal["project", "target", "wheel"]


@dataclass(frozen=True)
class Generator:
    """``[[tool.zigbuild.generate]]``: files that are generated before the project is compiled.

    They are files of the project where it is built, and not in the source tree. Those in packages go into wheels,
    unless they are compiled, or generated for each target.
    """

    with_: Literal["cython", "cffi", "template", "command"] = setting(
        "``cython``: C or C++ from ``.pyx`` files; ``cffi``: C or C++ from a script with an ``FFI()``; ``template``: "
        "text with values for ``@NAME@``; ``command``: the output files of a program"
    )
    sources: tuple[str, ...] = setting(
        "the files that it generates from, by globs; of ``cffi`` one script, of ``command`` its own files, too",
        rule=rules.path,
        default=(),
    )
    inputs: tuple[str, ...] = setting(
        "other files that it reads, by globs; files that Cython finds by ``cimport`` and ``include`` need not be named",
        rule=rules.path,
        default=(),
    )
    outputs: tuple[str, ...] = setting(
        "the generated files: of ``template`` one for each source, in their order, of ``command`` all; default: beside "
        "the source, with the suffix ``.c`` or ``.cpp``, of ``template`` without ``.in``. A file that is generated for "
        "the ``project`` and not compiled goes into the wheels if it is in a package, or if ``wheel`` names it",
        rule=rules.path,
        default=(),
    )
    requires: tuple[str, ...] = setting(
        "the build requirements that it uses, besides Cython or cffi itself", rule=rules.project_name, default=()
    )
    per: Per = setting(
        "how often it runs: once for the ``project``, or for each ``target`` or ``wheel``, whose properties "
        "``command`` and ``template`` then know",
        default="project",
    )
    cxx: bool = setting("of ``cython`` and ``cffi``: generate C++", default=False)
    directives: Values = setting("of ``cython``: compiler directives", rule=rules.directive, default=())
    include_dirs: tuple[str, ...] = setting("of ``cython``: folders of ``.pxd`` files", rule=rules.path, default=())
    ffi: str = setting("of ``cffi``: the name of the ``FFI()`` in the script", rule=rules.name, default="ffibuilder")
    values: Values = setting(
        "of ``template``: the value of each ``@NAME@``; ``{name}`` and ``{version}`` in text are those of the project",
        rule=rules.define,
        default=(),
    )
    command: tuple[str, ...] = setting(
        "of ``command``: ``python`` with a script and its arguments, or a program of one of ``requires``",
        default=(),
    )
