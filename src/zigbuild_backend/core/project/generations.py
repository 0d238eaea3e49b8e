"""Which files are generated, from what and by which tool: the plan alone, made without a look into any file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..base.errors import Problem
from ..settings.generators import Generator
from ..settings.model import Settings
from .source_tree import SourceFile, SourceTree

CYTHON_SUFFIXES = (".pyx", ".py")
"""Suffixes of what Cython compiles: its own language, and Python."""

TEMPLATE_SUFFIX = ".in"

_TOOLS = {"cython": ("cython",), "cffi": ("cffi",)}
"""The projects that each generator is a program of."""

_READ_BY_CYTHON = ("**/*.pyx", "**/*.pxd", "**/*.pxi")


@dataclass(frozen=True)
class Generation:
    """One run of a generator: ``inputs`` are all the files that it can read, ``sources`` among them.

    ``module`` is the extension module that Cython makes the source of, if there is one; ``where`` the place in the
    settings.
    """

    settings: Generator
    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    where: str
    module: str = ""

    @property
    def is_compiler(self) -> bool:
        """Whether its source is one of a language: extensions may name it, and mean what is made of it."""
        return self.settings.with_ in ("cython", "cffi")

    @property
    def tools(self) -> tuple[str, ...]:
        """The projects whose packages it uses."""
        return (*_TOOLS.get(self.settings.with_, ()), *self.settings.requires)


def resolve_generations(
    settings: Settings, tree: SourceTree, cxx_marked: Collection[str], prefix: str, problems: list[Problem]
) -> tuple[Generation, ...]:
    """The runs that *settings* ask for, looked up in *tree*; what is wrong with them is added to *problems*.

    Sources of Cython that an extension names need no table. *cxx_marked* are those that say of themselves that they
    become C++; *prefix* is what the names of settings begin with in messages.
    """
    modules = _find_modules(settings, tree)
    generations: list[Generation] = []
    written = tree
    for index, table in enumerate(settings.generate):
        where = f"{prefix}generate[{index}]"
        tree = add_outputs(written, generations)
        for key in ("sources", "inputs"):
            problems += _find_unmatched(getattr(table, key), tree, f"{where}.{key}")
        for number, folder in enumerate(table.include_dirs):
            if not tree.below(folder):
                place = f"{where}.include-dirs[{number}]"
                problems.append(Problem(f"there is no folder {folder!r} in the project", place, "check the path"))
        sources = tuple(tree.match(table.sources))
        if sources or table.with_ == "command":
            generations += _resolve(table, sources, tree, cxx_marked, modules, where, problems)
    named = {source for generation in generations for source in generation.sources}
    for source in (source for source in modules if source.endswith(".pyx") and source not in named):
        cython = Generator("cython")
        generations += _resolve(cython, (source,), tree, cxx_marked, modules, f"{prefix}generate", problems)
    problems += _find_clashes(generations)
    return tuple(generations)


def add_outputs(tree: SourceTree, generations: Collection[Generation]) -> SourceTree:
    """*tree* as it will be when everything is generated; what is known of those files is their paths alone."""
    outputs = {output for generation in generations for output in generation.outputs} - {*tree.by_path}
    files = [*tree.files, *(SourceFile(path, "") for path in outputs)]
    return SourceTree(tuple(sorted(files, key=lambda file: file.path.encode())), tree.excluded)


def _find_modules(settings: Settings, tree: SourceTree) -> dict[str, str]:
    """Source → the extension module that names it, for those that Cython can compile."""
    modules: dict[str, str] = {}
    for extension in settings.extension:
        excluded = {*tree.match(extension.exclude)}
        for source in tree.match([pattern for table in (extension, *extension.on) for pattern in table.sources]):
            if source.endswith(CYTHON_SUFFIXES) and source not in excluded:
                modules.setdefault(source, extension.name)
    return modules


def _resolve(
    table: Generator,
    sources: tuple[str, ...],
    tree: SourceTree,
    cxx_marked: Collection[str],
    modules: dict[str, str],
    where: str,
    problems: list[Problem],
) -> Iterator[Generation]:
    """The runs of one table."""
    read = tuple(tree.match((*table.inputs, *(_READ_BY_CYTHON if table.with_ == "cython" else ()))))
    if table.with_ in ("cython", "template"):
        outputs = table.outputs or tuple(_name_output(table, source, source in cxx_marked) for source in sources)
        if len(outputs) != len(sources):
            message = f"names {len(outputs)} files for {len(sources)} sources"
            problems.append(Problem(message, f"{where}.outputs", "name one for each, in their order"))
        for source, output in zip(sources, outputs, strict=False):
            if table.with_ == "cython" and not source.endswith(CYTHON_SUFFIXES):
                hint = f"known are {' '.join(CYTHON_SUFFIXES)}"
                problems.append(Problem(f"{source!r} is nothing that Cython compiles", f"{where}.sources", hint))
                continue
            if output == source:
                hint = "name in 'outputs' what is made of it, or let it end in '.in'"
                problems.append(Problem(f"{source!r} would replace itself", f"{where}.sources", hint))
                continue
            module = modules.get(source, "") if table.with_ == "cython" else ""
            yield Generation(table, (source,), _join((source,), read), (output,), where, module)
        return
    outputs = table.outputs or tuple(_name_output(table, source, False) for source in sources if table.with_ == "cffi")
    if table.with_ == "cffi" and (len(sources), len(outputs)) != (1, 1):
        message = f"has {len(sources)} scripts and {len(outputs)} outputs"
        problems.append(Problem(message, f"{where}.sources", "give each script one table, and one output"))
    yield Generation(table, sources, _join(sources, read), outputs, where)


def _name_output(table: Generator, source: str, is_marked: bool) -> str:
    """The file that is made of *source* where the settings name none."""
    if table.with_ == "template":
        return source.removesuffix(TEMPLATE_SUFFIX)
    return source.rpartition(".")[0] + (".cpp" if table.cxx or is_marked else ".c")


def _join(*paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for group in paths for path in group))


def _find_unmatched(patterns: Sequence[str], tree: SourceTree, where: str) -> Iterator[Problem]:
    for number, pattern in enumerate(patterns):
        if not tree.match([pattern]):
            hint = "paths start at the folder of pyproject.toml; what git ignores is no part of the project"
            yield Problem(f"no file of the project matches {pattern!r}", f"{where}[{number}]", hint)


def _find_clashes(generations: Sequence[Generation]) -> Iterator[Problem]:
    """Files that are made twice."""
    made: dict[str, str] = {}
    for generation in generations:
        for output in generation.outputs:
            if (first := made.setdefault(output, generation.where)) != generation.where:
                yield Problem(f"{output!r} is already made by {first}", generation.where, "name another output")
