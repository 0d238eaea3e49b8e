"""Whatever a string holds, Zig reads it back; and no string of the settings gets out of its literal."""

from __future__ import annotations

import random
import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from projects import tree_of
from zig_literals import read_literal, split_literals
from zigbuild_backend.build_zig import quote, render
from zigbuild_backend.dist_info import Metadata
from zigbuild_backend.plan import Module, Project
from zigbuild_backend.settings import Extension, Flags, Settings, Std
from zigbuild_backend.toolchain import Zig

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


def split_build_zig(
    name: str, folder: str, flag: str, define: str, library: str, source: str
) -> tuple[str, list[bytes]]:
    """The code for a project with these strings everywhere, without white space, and its literals."""
    extension = Extension(
        "spam",
        (),
        include_dirs=(folder,),
        defines=(("A", define),),
        flags=Flags(all=(flag,), c=(flag,)),
        std=Std(c=f"c{flag}"),
        libraries=(library,),
    )
    project = Project(
        Metadata(name, "1.0", ""), Settings(extension=(extension,)), tree_of(), {}, (Module(extension, (source,)),)
    )
    code, literals = split_literals(render(project))
    return "".join(code.split()).replace(",}", "}"), literals


@given(NAMES, st.lists(HOSTILE, min_size=5, max_size=5))
def test_no_string_gets_out_of_its_literal(name: str, texts: list[str]) -> None:
    folder, flag, define, library, stem = texts
    code, literals = split_build_zig(name, folder, flag, define, library, f"{stem}.c")
    plain_code, plain_literals = split_build_zig("spam", *"xxxx", "x.c")
    assert code == plain_code
    assert len(literals) == len(plain_literals)
    macro = "-DA=" + define.replace("{version}", "1.0").replace("{name}", name)
    assert {text.encode() for text in (folder, flag, f"-std=c{flag}", library, f"{stem}.c", macro)} <= {*literals}


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
