"""Which files are generated, from what and by which tool: the plan alone, made without a look into any file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..base.errors import Problem, ProblemList
from ..base.frozen import dataclass
from ..settings.generators import Generator
from ..settings.model import Settings
from .named_files import check_folders, check_patterns
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


@dataclass(frozen=True)
class _CythonSources:
    """The sources of a project that Cython can compile.

    ``modules`` has the extension module of each that an extension names; ``cxx_marked`` are those that ask for C++ by
    a comment.
    """

    modules: Mapping[str, str]
    cxx_marked: Collection[str]


def resolve_generations(
    settings: Settings, tree: SourceTree, cxx_marked: Collection[str], problems: ProblemList
) -> tuple[Generation, ...]:
    """Return the runs that *settings* ask for, looked up in *tree*, after adding the *problems* of their tables.

    Sources of Cython that an extension names need no table. *cxx_marked* are those that ask for C++ by a comment.
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
    table: Generator, sources: tuple[str, ...], tree: SourceTree, cython: _CythonSources, problems: ProblemList
) -> Iterator[Generation]:
    """Yield the runs of one table."""
    read = tuple(tree.match((*table.inputs, *(_READ_BY_CYTHON if table.with_ == "cython" else ()))))
    if table.with_ in ("cython", "template"):
        outputs = table.outputs or tuple(_name_output(table, source, source in cython.cxx_marked) for source in sources)
        if len(outputs) != len(sources):
            message = f"names {len(outputs)} files for {len(sources)} sources"
            problems.at("outputs").add(message, "name one for each, in their order")
        for source, output in zip(sources, outputs, strict=False):
            if table.with_ == "cython" and not source.endswith(CYTHON_SUFFIXES):
                hint = f"known are {' '.join(CYTHON_SUFFIXES)}"
                problems.at("sources").add(f"Cython does not compile {source!r}", hint)
                continue
            if output == source:
                hint = "name its output in 'outputs', or let it end in '.in'"
                problems.at("sources").add(f"{source!r} would replace itself", hint)
                continue
            module = cython.modules.get(source, "") if table.with_ == "cython" else ""
            yield Generation(table, (source,), _join((source,), read), (output,), problems.where, module)
        return
    outputs = table.outputs or tuple(_name_output(table, source, False) for source in sources if table.with_ == "cffi")
    if table.with_ == "cffi" and (len(sources), len(outputs)) != (1, 1):
        message = f"has {len(sources)} scripts and {len(outputs)} outputs"
        problems.at("sources").add(message, "give each script one table, and one output")
    yield Generation(table, sources, _join(sources, read), outputs, problems.where)


def _name_output(table: Generator, source: str, is_marked: bool) -> str:
    """The file that is made of *source* where the settings name none."""
    if table.with_ == "template":
        return source.removesuffix(TEMPLATE_SUFFIX)
    return source.rpartition(".")[0] + (".cpp" if table.cxx or is_marked else ".c")


def _join(*paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for group in paths for path in group))


def _check_outputs(generations: Sequence[Generation], problems: ProblemList) -> None:
    """Add a problem for each file that is generated twice."""
    made: dict[str, str] = {}
    for generation in generations:
        for output in generation.outputs:
            if (first := made.setdefault(output, generation.where)) != generation.where:
                problems.found.append(
                    Problem(f"{output!r} is already generated by {first}", generation.where, "name another output")
                )
