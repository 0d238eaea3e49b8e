"""The compiler in the sandbox, at work on sources that mean ill."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from confined import Outcome, User
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.rebuild.sandbox.limits import DEFAULT_LIMITS, Limits

pytestmark = pytest.mark.full


@pytest.mark.parametrize(
    "source",
    [
        '#include "/etc/passwd"\n',
        'char x[] = {\n#embed "/etc/passwd"\n};\n',
        '__asm__(".incbin \\"/etc/passwd\\"");\n',
    ],
    ids=["include", "embed", "incbin"],
)
def test_compiler_reads_no_host_file(source: str, zig: Zig, own_user: User) -> None:
    out = own_user.make_folder("curious", **{"good.c": "int x;\n", "bad.c": source})
    good, bad = (compile_file(name, folder=out, zig=zig, user=own_user) for name in ("good.c", "bad.c"))
    shutil.rmtree(out)
    assert (good.returncode, good.stderr) == (0, "")
    assert bad.returncode == 1
    assert "'/etc/passwd' file not found" in bad.stderr or "find incbin file '/etc/passwd'" in bad.stderr


LAUGHS = "".join(f"#define A{n + 1} {' '.join([f'A{n}'] * 8)}\n" for n in range(13)) + "int a[] = { A13 };\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('__asm__(".incbin \\"/dev/zero\\"");\n', "used more than 600 MiB of memory"),
        (LAUGHS, "ran for more than 2 seconds"),
        ('#include "/dev/zero"\n', "ran for more than 2 seconds"),
    ],
    ids=["file-without-end", "macros-without-end", "line-without-end"],
)
def test_source_that_the_compiler_never_finishes(source: str, reason: str, zig: Zig, own_user: User) -> None:
    out = own_user.make_folder("endless", **{"x.c": source})
    limits = Limits(memory=600 << 20, seconds=30 if "memory" in reason else 2)
    done = compile_file("x.c", folder=out, zig=zig, user=own_user, limits=limits)
    shutil.rmtree(out)
    assert done.reason == f"{zig.executable}: {reason}", done


def test_compiler_loads_no_code(zig: Zig, own_user: User) -> None:
    out = own_user.make_folder("plugged", **{"x.c": "int x;\n", "plugin.so": ""})
    done = compile_file("x.c", f"-fplugin={out / 'plugin.so'}", folder=out, zig=zig, user=own_user)
    shutil.rmtree(out)
    assert done.returncode == 1
    assert "Dynamic loading not supported" in done.stderr


def compile_file(
    name: str, *flags: str, folder: Path, zig: Zig, user: User, limits: Limits = DEFAULT_LIMITS
) -> Outcome:
    return user.run_command(
        [str(zig.executable), "cc", "-std=c23", *flags, "-c", name, "-o", "x.o"],
        limits=limits,
        readable=[zig.executable.parent],
        writable=[folder],
        environ={"ZIG_GLOBAL_CACHE_DIR": str(folder / "zig"), "ZIG_LOCAL_CACHE_DIR": str(folder / "zig-local")},
    )
