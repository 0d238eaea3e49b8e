"""Whatever a string holds, Zig reads it back; and no string of the settings gets out of its literal."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from projects import render_build_zig, tree_of
from zig_literals import read_literal, split_literals
from zigbuild_backend.core.graph.build_zig_zon import render_zon
from zigbuild_backend.core.graph.zig_words import quote
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.products import LibraryProduct, Module, Part, Product, Products
from zigbuild_backend.core.project.project import Project
from zigbuild_backend.core.settings.conditions import Condition, When
from zigbuild_backend.core.settings.fields import Names
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.product_tables import (
    Addition,
    ConfigAddition,
    ConfigHeader,
    Dependency,
    Executable,
    Extension,
    Flags,
    Library,
    ProductTable,
    Std,
)
from zigbuild_backend.core.zig.toolchain import Zig

P = TypeVar("P", bound=ProductTable)

HOSTILE = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("\"\\'\n\r\t\0{}()/;.xu\x7f\x85\u2028\ufeff"))
)
NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=60).filter(
    lambda name: name[0].isalnum()
)


@given(HOSTILE)
def test_quote_is_undone_by_zigs_rules(text: str) -> None:
    literal = quote(text)
    assert read_literal(literal) == (text.encode(), len(literal))


def table_of(kind: type[P], name: str, texts: Iterator[str], **more: Any) -> P:
    """Return a product with other strings of *texts* wherever a string of the settings gets into build.zig."""
    header = ConfigHeader(
        path=next(texts),
        template=next(texts),
        style="cmake",
        values=((f"-{next(texts)}", f"-{next(texts)}"), ("NUMBER", 3), ("TRUTH", True), ("NOTHING", False)),
        on=(ConfigAddition(When([Condition(os=Names(["linux"]))]), values=(("A", f"-{next(texts)}"),)),),
    )
    linux = Addition(When([Condition(os=Names(["linux"]))]), **inputs(texts))
    return kind(name=name, config_header=(header,), on=(linux,), **inputs(texts), **more)


def inputs(texts: Iterator[str]) -> dict[str, Any]:
    return {
        "include_dirs": (next(texts),),
        "headers_from": (next(texts),),
        "defines": (("A", next(texts)),),
        "flags": Flags(all=(next(texts),), c=(next(texts),), cxx=(next(texts),), asm=(next(texts),)),
        "std": Std(c=next(texts), cxx=next(texts)),
        "link": ("lib", "package"),
        "libraries": (next(texts),),
        "frameworks": (next(texts),),
        "link_flags": (f"-Wl,-rpath,{next(texts).replace(',', '')}", f"-Wl,-u,{next(texts).replace(',', '')}"),
    }


def resolve(table: P, texts: Iterator[str]) -> tuple[P, tuple[Part, ...]]:
    parts = [
        Part(inputs, tuple(f"{next(texts)}{suffix}" for suffix in (".c", ".cpp", ".S", ".zig")), (next(texts),), when)
        for inputs, when in ((table, When()), (table.on[0], table.on[0].when))
    ]
    return table, tuple(parts)


def split_texts(name: str, strings: list[str]) -> tuple[str, list[bytes]]:
    """Return the code of build.zig and build.zig.zon, without white space, and their literals.

    They are those of a project with these strings everywhere.
    """
    texts = cycle(strings)
    extension = table_of(Extension, "spam", texts, translate=(f"{next(texts).replace('/', '').replace('.', '')}.h",))
    library, program = table_of(Library, "lib", texts), table_of(Executable, "tool", texts)
    package = Dependency(
        "package",
        url=next(texts),
        hash=next(texts),
        artifact=next(texts),
        options=((f"-{next(texts)}", next(texts)), ("b", True), ("c", 1)),
    )
    settings = Settings(extension=(extension,), library=(library,), executable=(program,), dependency=(package,))
    products = Products(
        (Module(*resolve(extension, texts)),),
        (LibraryProduct(*resolve(library, texts)),),
        (Product(*resolve(program, texts)),),
    )
    project = Project(Metadata(name, "1.0", ""), settings, tree_of(), {}, products)
    code, literals = split_literals(render_build_zig(project) + render_zon(project))
    return "".join(code.split()).replace(",}", "}"), literals


@given(NAMES, st.lists(HOSTILE.filter(bool), min_size=1, max_size=30))
def test_no_string_gets_out_of_its_literal(name: str, strings: list[str]) -> None:
    code, literals = split_texts(name, strings)
    plain_code, plain_literals = split_texts(name, ["x"] * len(strings))
    assert code == plain_code
    assert len(literals) == len(plain_literals)
    joined = b"\n".join(literals)
    assert all(text.encode() in joined for text in strings if "{" not in text and "," not in text)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=4, max_size=4, unique=True))
def test_names_become_identifiers_that_differ(names: list[str]) -> None:
    extension, program = Extension(name=names[0]), Executable(name=names[3])
    libraries = (Library(name=names[1]), Library(name=names[2]))
    settings = Settings(extension=(extension,), library=libraries, executable=(program,))
    products = Products(
        (Module(extension, (Part(extension, ("a.c",)),)),),
        tuple(LibraryProduct(library, (Part(library, ("a.c",)),)) for library in libraries),
        (Product(program, (Part(program, ("a.c",)),)),),
    )
    code, _ = split_literals(render_build_zig(Project(Metadata("spam", "1.0", ""), settings, tree_of(), {}, products)))
    own = ("resolve", "concat", "replace")
    functions = [name for name in re.findall(r"^fn (.*?)\(b: \*std", code, re.MULTILINE) if name not in own]
    assert all(re.fullmatch("(add|add_program|link|make)_[A-Za-z0-9_]+", function) for function in functions)
    assert len({*functions}) == len(functions) == 6


def test_zig_itself_reads_every_literal_as_we_do(zig: Zig, tmp_path: Path) -> None:
    """All code points of one and two bytes, and a few thousand others, alone and in company."""
    chance = random.Random(1)
    points = [*range(0x800), *(chance.randrange(0x800, 0x110000) for _ in range(4000))]
    text = "".join(map(chr, (point for point in points if not 0xD800 <= point < 0xE000)))
    pieces = [*text[:0x180], *(text[start : start + 50] for start in range(0, len(text), 50)), text[::-1]]
    checks = "".join(f"    check({quote(piece)}, &.{{{', '.join(map(str, piece.encode()))}}});\n" for piece in pieces)
    program = tmp_path / "strings.zig"
    program.write_bytes(
        (
            "fn check(literal: []const u8, bytes: []const u8) void {\n"
            '    if (literal.len != bytes.len) @compileError("length");\n'
            '    for (literal, bytes) |a, b| if (a != b) @compileError("byte");\n'
            "}\n"
            "comptime {\n    @setEvalBranchQuota(1_000_000);\n" + checks + "}\n"
        ).encode()
    )
    zig.run(["build-obj", "-fno-emit-bin", program.name], cwd=tmp_path)
