"""Rules of single values: each returns the problem of a value, or None.

The problem has no ``where``: the parser knows the place.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable

from ..base.errors import ConfigurationError, Problem
from ..base.pins import NAME, SUPPORTED_ZIGS, VERSION
from ..base.pythons import NEWEST, OLDEST, PYTHONS, STABLE_ABIS, find_python
from ..base.suggestions import suggest
from ..base.targets import TARGETS, select_targets

BUILD_REQUIREMENT = "build-system.requires"
"""The value of ``minimum-version`` for the version that is required to build."""

_STANDARD = r"(c|gnu)(89|90|99|11|17|18|2x|23|2y)|(c|gnu)\+\+(98|03|11|14|17|20|2a|23|2b|26|2c)"
_HOST_PATH = r"-(I|L|F|B|isystem|iquote|idirafter|imacros|include|isysroot|-sysroot)[ =]?(/|~|[A-Za-z]:)"
_LINK_FLAGS = (
    r"-Wl,-rpath,(\$ORIGIN|@loader_path|@executable_path)(/[^,]*)?|-Wl,-u,[A-Za-z_][A-Za-z0-9_]*"
    r"|-Wl,-z,(now|lazy|relro|norelro)|-Wl,(--gc-sections|--no-gc-sections|-dead_strip|-headerpad_max_install_names)"
)


def module_name(value: str) -> Problem | None:
    """Check a dotted module name."""
    for part in value.split("."):
        if not part.isidentifier():
            hint = "each part is an identifier of Python" + ("; use '_' for '-'" if "-" in part else "")
            return Problem(f"{value!r} is not a dotted module name", hint=hint)
        if keyword.iskeyword(part):
            return Problem(f"{value!r} could not be imported", hint=f"{part!r} is a keyword of Python; rename it")
    return None


def path(value: str) -> Problem | None:
    """Check a path or glob below the project: other files would be missing from the sdist."""
    if not value:
        return Problem("a path must not be empty", hint="'.' is the folder of pyproject.toml")
    if "\0" in value:
        return Problem("a path cannot hold a NUL", hint="remove it")
    if "\\" in value:
        return Problem(f"{value!r} has a backslash", hint="use '/' on every system")
    if value.startswith(("/", "~")) or re.match(r"[A-Za-z]:", value):
        return Problem(f"{value!r} is absolute", hint="paths are relative to the folder of pyproject.toml")
    if ".." in value.split("/"):
        return Problem(f"{value!r} leads out of the project", hint="move it inside, or the sdist could not hold it")
    if any("**" in part and part != "**" for part in value.split("/")):
        hint = "write it between slashes, such as 'src/**/*.c'"
        return Problem(f"{value!r} has '**' beside other characters", hint=hint)
    return None


def compiler_flag(value: str) -> Problem | None:
    """Check a compiler flag, which must not depend on the machine that builds."""
    if re.match(r"-m(arch|cpu|tune)=native", value):
        return Problem(f"{value!r} would tie the wheel to the machine that builds it", hint="name a CPU or remove it")
    if re.match(_HOST_PATH, value):
        return Problem(
            f"{value!r} would let files of the machine that builds it into the wheel",
            hint="copy the files into the project, and name their folder in 'include-dirs'",
        )
    if any(character in value for character in "\n\r\0"):
        return Problem(f"{value!r} is not one line", hint="give each flag as a string of its own")
    if not value.startswith("-"):
        return Problem(f"{value!r} is not a flag", hint="flags start with '-'; macros belong in 'defines'")
    return None


def standard(value: str) -> Problem | None:
    """Check a language standard."""
    if re.fullmatch(_STANDARD, value):
        return None
    return Problem(f"{value!r} is not a language standard", hint="name one such as 'c11', 'gnu17' or 'c++17'")


def library(value: str) -> Problem | None:
    """Check the name of a library."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", value):
        return None
    return Problem(f"{value!r} is not the name of a library", hint="leave out '-l', folder and suffix, such as 'm'")


def define(value: tuple[str, str | int | bool]) -> Problem | None:
    """Check a macro."""
    name, text = value
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return Problem(f"{name!r} is not the name of a macro", hint="letters, digits and '_', no digit first")
    if isinstance(text, str) and any(character in text for character in "\n\r\0"):
        return Problem(f"the text of {name} is not one line", hint="write a line break in a C string as '\\\\n'")
    return None


def directive(value: tuple[str, str | int | bool]) -> Problem | None:
    """Check a compiler directive of Cython."""
    name, text = value
    if not re.fullmatch(r"[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*", name):
        return Problem(f"{name!r} is not the name of a directive", hint="spell it as Cython does: 'boundscheck'")
    if isinstance(text, str) and not re.fullmatch(r"[A-Za-z0-9_.+-]*", text):
        return Problem(f"{text!r} is not the value of a directive", hint="letters, digits, '_', '.', '+' and '-'")
    return None


def name(value: str) -> Problem | None:
    """Check the name of a Python variable."""
    if value.isidentifier() and not keyword.iskeyword(value):
        return None
    return Problem(f"{value!r} is not a name of Python", hint="give the name of a variable in the script")


def option(value: tuple[str, str | int | bool]) -> Problem | None:
    """Check an option of a build.zig."""
    name, text = value
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        return Problem(f"{name!r} is not the name of an option", hint="letters, digits, '_' and '-', as in -Dname")
    if isinstance(text, str) and "\0" in text:
        return Problem(f"the text of {name} holds a NUL", hint="remove it")
    return None


def link_flag(value: str) -> Problem | None:
    """Check a flag for the linker."""
    if re.fullmatch(_LINK_FLAGS, value):
        return None
    hint = (
        "known are -Wl,-rpath,$ORIGIN/… (@loader_path/… on macOS), -Wl,-u,SYMBOL, -Wl,-z,now|lazy|relro|norelro, "
        "-Wl,--gc-sections, -Wl,--no-gc-sections, -Wl,-dead_strip and -Wl,-headerpad_max_install_names; "
        "libraries belong in 'libraries' or 'link'"
    )
    return Problem(f"{value!r} is no flag that zig's build system passes to a linker", hint=hint)


def command_name(value: str) -> Problem | None:
    """Check the name of a command."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", value):
        return None
    return Problem(
        f"{value!r} is not the name of a command", hint="letters, digits, '_', '.', '+' and '-', without '.exe'"
    )


def zig_hash(value: str) -> Problem | None:
    """Check the hash of a Zig package."""
    if re.fullmatch(r"[A-Za-z0-9_.-]+", value):
        return None
    return Problem(f"{value!r} is not the hash of a Zig package", hint="copy what 'zig fetch URL' prints")


def python_versions(value: str) -> Problem | None:
    """Check a set of versions that admits a supported CPython."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        admitted = SpecifierSet(value)
    except InvalidSpecifier:
        return Problem(f"{value!r} is not a set of versions", hint="write it by PEP 440, such as '>=3.12'")
    if any(admitted.contains(python.version) for python in PYTHONS):
        return None
    return Problem(
        f"{value!r} admits no CPython that wheels are made for", hint=f"wheels are made for 3.{OLDEST} to 3.{NEWEST}"
    )


def abi(value: str) -> Problem | None:
    """Check the name of an ABI."""
    return _choice(value, "ABI", sorted({python.abi for python in STABLE_ABIS}) + [python.abi for python in PYTHONS])


def minimum_version(value: str) -> Problem | None:
    """Check that this backend is not older than *value*."""
    from packaging.version import Version

    if value == BUILD_REQUIREMENT:
        return None
    if problem := version(value):
        return problem
    if Version(value) <= Version(VERSION):
        return None
    return Problem(
        f"{NAME} {value} is needed, this is {VERSION}",
        hint=f"require {NAME}>={value} in [build-system], and install it",
    )


def stable_abi(value: str) -> Problem | None:
    """Check the CPython that a stable ABI begins with."""
    known = [python.beginning.name for python in STABLE_ABIS]
    if value in known:
        return None
    hint = f"name the oldest to support: {', '.join(known)}; with 't' for the one that free-threaded Pythons share"
    return Problem(f"{value!r} is no CPython with a stable ABI", hint=hint)


def zig_version(value: str) -> Problem | None:
    """Check a version of zig."""
    if value in SUPPORTED_ZIGS:
        return None
    return Problem(f"{value!r} is not a supported zig", hint=f"name one of {', '.join(SUPPORTED_ZIGS)}")


def target(value: str) -> Problem | None:
    """Check a platform tag or group."""
    return _refusal(lambda: select_targets([value]))


def python(value: str) -> Problem | None:
    """Check the selector of a Python."""
    return None if value == "all" else _refusal(lambda: find_python(value))


def system(value: str) -> Problem | None:
    """Check the name of an operating system."""
    return _choice(value, "system", [target.os for target in TARGETS])


def machine(value: str) -> Problem | None:
    """Check the name of a machine."""
    return _choice(value, "machine", [target.machine for target in TARGETS if not target.slices])


def libc(value: str) -> Problem | None:
    """Check the name of a C library of Linux."""
    return _choice(value, "C library of Linux", [target.libc for target in TARGETS if target.os == "linux"])


def project_name(value: str) -> Problem | None:
    """Check the name of a project."""
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", value):
        return None
    return Problem(f"{value!r} is not the name of a project", hint="letters, digits, '.', '_' and '-' inside")


def version(value: str) -> Problem | None:
    """Check a version."""
    from packaging.version import InvalidVersion, Version

    try:
        Version(value)
    except InvalidVersion:
        return Problem(f"{value!r} is not a version by PEP 440", hint="write it as the index does, such as '1.2.3'")
    return None


def requirement(value: str) -> Problem | None:
    """Check a requirement."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(value)
    except InvalidRequirement:
        return Problem(f"{value!r} is not a requirement", hint="write it as pip takes it, such as 'pytest>=8'")
    return None


def sha256(value: str) -> Problem | None:
    """Check a sha256."""
    if re.fullmatch(r"[0-9a-f]{64}", value):
        return None
    return Problem(f"{value!r} is not a sha256", hint="64 digits 0-9 and a-f, as 'sha256sum FILE' prints them")


def sdist_name(value: str) -> Problem | None:
    """Check the file name of an sdist."""
    if re.fullmatch(r"[^/\\\0]+\.tar\.gz", value):
        return None
    return Problem(f"{value!r} is not the name of an sdist", hint="give its file name, such as 'spam-1.2.3.tar.gz'")


def url(value: str) -> Problem | None:
    """Check a URL that can be fetched."""
    if re.match(r"(https?://[^/]|file:///)", value):
        return None
    return Problem(f"{value!r} is not a URL that can be fetched", hint="it starts with https://, http:// or file:///")


def package_url(value: str) -> Problem | None:
    """Check a URL that zig can fetch, of a git repository, too."""
    return url(value.removeprefix("git+") if value.startswith("git+http") else value)


def _choice(value: str, kind: str, known: Iterable[str]) -> Problem | None:
    names = list(dict.fromkeys(known))
    if value in names:
        return None
    spelling = {"arm64": "aarch64", "amd64": "x86_64"}.get(value)
    hint = f"did you mean {spelling!r}?" if spelling else suggest(value, names)
    return Problem(f"{value!r} is no {kind} that wheels are made for", hint=hint)


def _refusal(ask: Callable[[], object]) -> Problem | None:
    try:
        ask()
    except ConfigurationError as error:
        (problem,) = error.problems
        return Problem(f"{problem.where!r}: {problem.message}", hint=problem.hint)
    return None
