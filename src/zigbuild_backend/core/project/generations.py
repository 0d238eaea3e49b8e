"""The plan of generated files: their sources and tools, found by paths alone, without reading a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..base.errors import Problem, ProblemList
from ..base.frozen import dataclass
from ..settings.generators import Generator
from ..settings.model import Settings
from .named_files import check_folders, check_patterns
from .source_tree import SourceFile, SourceTree

CYTHON_SUFFIXES = (".pyx", ".py")
"""Suffixes of Cython's sources: its own language, and Python."""

TEMPLATE_SUFFIX = ".in"

_TOOLS = {"cython": ("cython",), "cffi": ("cffi",)}
"""The projects on PyPI that have the program of each generator."""

_READ_BY_CYTHON = ("**/*.pyx", "**/*.pxd", "**/*.pxi")


@dataclass(frozen=True)
class Generation:
    """One run of a generator: ``inputs`` are all the files that it can read, ``sources`` among them.

    ``module`` is the name of the extension module whose source Cython makes, empty for other runs; ``where`` is the key
    in the settings.
    """

    settings: Generator
    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    where: str
    module: str = ""

    @property
    def is_compiler(self) -> bool:
        """True for Cython and cffi: an extension names their source, and its output is compiled."""
        return self.settings.with_ in ("cython", "cffi")

    @property
    def tools(self) -> tuple[str, ...]:
        """The projects on PyPI whose packages the run needs."""
        return (*_TOOLS.get(self.settings.with_, ()), *self.settings.requires)


@dataclass(frozen=True)
class _CythonSources:
    """The sources of a project that Cython can compile.

    ``modules``: source → name of the extension module that lists it; ``cxx_marked`` are the sources that ask for C++ by
    a comment.
    """

    modules: Mapping[str, str]
    cxx_marked: Collection[str]


def resolve_generations(
    settings: Settings, tree: SourceTree, cxx_marked: Collection[str], problems: ProblemList
) -> tuple[Generation, ...]:
    """Return the runs that *settings* ask for, with files of *tree*, and add the *problems* of their tables.

    A ``.pyx`` source of an extension needs no table. *cxx_marked* are the sources that ask for C++ by a comment.
    """
    cython = _CythonSources(_find_modules(settings, tree), cxx_marked)
    generations: list[Generation] = []
    written = tree
    for place, table in problems.each("generate", settings.generate):
        tree = add_outputs(written, generations)
        check_patterns(table.sources, tree, place.at("sources"))
        check_patterns(table.inputs, tree, place.at("inputs"))
        check_folders(table.include_dirs, tree, place.at("include-dirs"))
        sources = tuple(tree.match(table.sources))
        if sources or table.with_ == "command":
            generations += _resolve(table, sources, tree, cython, place)
    named = {source for generation in generations for source in generation.sources}
    for source in cython.modules:
        if source.endswith(".pyx") and source not in named:
            generations += _resolve(Generator("cython"), (source,), tree, cython, problems.at("generate"))
    _check_outputs(generations, problems)
    return tuple(generations)


def add_outputs(tree: SourceTree, generations: Collection[Generation]) -> SourceTree:
    """Return *tree* with the outputs of *generations*, of which only the paths are known yet."""
    outputs = {output for generation in generations for output in generation.outputs} - {*tree.by_path}
    files = [*tree.files, *(SourceFile(path, "") for path in outputs)]
    return SourceTree(tuple(sorted(files, key=lambda file: file.path.encode())), tree.excluded)


def _find_modules(settings: Settings, tree: SourceTree) -> dict[str, str]:
    """Return source → name of the extension module that lists it, for the sources that Cython can compile."""
    modules: dict[str, str] = {}
    for extension in settings.extension:
        excluded = {*tree.match(extension.exclude)}
        for source in tree.match([pattern for table in (extension, *extension.on) for pattern in table.sources]):
            if source.endswith(CYTHON_SUFFIXES) and source not in excluded:
                modules.setdefault(source, extension.name)
    return modules


def _resolve(
    table: Generator, sources: tuple[str, ...], tree: SourceTree, cython: _CythonSources, problems: ProblemList
) -> Iterator[Generation]:
    """Yield the runs of one *table*, and add its *problems*."""
    read = tuple(tree.match((*table.inputs, *(_READ_BY_CYTHON if table.with_ == "cython" else ()))))
    if table.with_ in ("cython", "template"):
        outputs = table.outputs or tuple(_name_output(table, source, source in cython.cxx_marked) for source in sources)
        if len(outputs) != len(sources):
            message = f"names {len(outputs)} outputs for {len(sources)} sources"
            problems.at("outputs").add(message, "name one output for each source, in the order of the sources")
        for source, output in zip(sources, outputs, strict=False):
            if table.with_ == "cython" and not source.endswith(CYTHON_SUFFIXES):
                hint = f"name sources that end in {' or '.join(CYTHON_SUFFIXES)}"
                problems.at("sources").add(f"{source!r} is no source of Cython", hint)
                continue
            if output == source:
                hint = "name another file in 'outputs', or let the name of the source end in '.in'"
                problems.at("sources").add(f"{source!r} would be replaced by its own output", hint)
                continue
            module = cython.modules.get(source, "") if table.with_ == "cython" else ""
            yield Generation(table, (source,), _join((source,), read), (output,), problems.where, module)
        return
    outputs = table.outputs or tuple(_name_output(table, source, False) for source in sources if table.with_ == "cffi")
    if table.with_ == "cffi" and (len(sources), len(outputs)) != (1, 1):
        message = f"has {len(sources)} scripts and {len(outputs)} outputs"
        problems.at("sources").add(message, "write one table for each script, with one output")
    yield Generation(table, sources, _join(sources, read), outputs, problems.where)


def _name_output(table: Generator, source: str, is_marked: bool) -> str:
    """Return the output of *source* by default; *is_marked* if a comment in it asks for C++."""
    if table.with_ == "template":
        return source.removesuffix(TEMPLATE_SUFFIX)
    return source.rpartition(".")[0] + (".cpp" if table.cxx or is_marked else ".c")


def _join(*paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for group in paths for path in group))


def _check_outputs(generations: Sequence[Generation], problems: ProblemList) -> None:
    """Add a problem for each output that two tables name."""
    made: dict[str, str] = {}
    for generation in generations:
        for output in generation.outputs:
            if (first := made.setdefault(output, generation.where)) != generation.where:
                problems.found.append(
                    Problem(f"{output!r} is generated by {first} already", generation.where, "name another output")
                )
