"""Renders the first files of a new project from the templates beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from ..core.base.pins import NAME, VERSION

STABLE_ABI = "cp310"


@dataclass(frozen=True)
class Language:
    """The language of a project's module: the suffix of its source, and its build requirements.

    ``settings`` are further lines of its table. The function of a module that ``is_iterating`` takes an iterable by
    position only; others take a sequence.
    """

    suffix: str
    requires: tuple[str, ...] = ()
    settings: str = ""
    has_stable_abi: bool = False
    is_iterating: bool = True


LANGUAGES = {
    "c": Language("c", settings='std.c = "c11"\n', has_stable_abi=True),
    "cxx": Language("cpp", settings='std.cxx = "c++17"\n', has_stable_abi=True),
    "zig": Language("zig", has_stable_abi=True),
    "cython": Language("pyx", ("cython>=3.1",)),
    "pybind11": Language(
        "cpp", ("pybind11>=3",), 'headers-from = ["pybind11"]\nstd.cxx = "c++17"\n', is_iterating=False
    ),
    "nanobind": Language(
        "cpp", ("nanobind>=2.8",), 'headers-from = ["nanobind"]\nstd.cxx = "c++17"\n', is_iterating=False
    ),
}


def render_project(project: str, package: str, name: str, *, stable_abi: bool) -> dict[str, str]:
    """Return the files of a new project by path; *name* is that of one of :data:`LANGUAGES`."""
    language = LANGUAGES[name]
    words = {
        "project": project,
        "package": package,
        "suffix": language.suffix,
        "requires": ", ".join(f'"{text}"' for text in (f"{NAME}>={VERSION}", *language.requires)),
        "iterable": "Iterable" if language.is_iterating else "Sequence",
        "slash": ", /" if language.is_iterating and name != "cython" else "",
    }
    settings = language.settings + (f'stable-abi = "{STABLE_ABI}"\n' if stable_abi else "")
    return {
        "pyproject.toml": _read("pyproject", words) + settings,
        "README.md": _read("readme", words),
        ".gitignore": _read("gitignore", words),
        f"src/{package}/__init__.py": _read("package", words),
        f"src/{package}/_core.pyi": _read("stub", words),
        f"src/{package}/py.typed": "",
        f"src/{package}/_core.{language.suffix}": _read(name, words),
        f"tests/test_{package}.py": _read("test", words),
    }


def _read(name: str, words: dict[str, str]) -> str:
    text = (files(__package__) / "templates" / f"{name}.txt").read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
