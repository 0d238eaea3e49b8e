"""The specification as it stands in a wheel: canonical, complete, and refused where it was altered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from specs import COMPILED, PURE
from zigbuild_backend.core.base.errors import MismatchError
from zigbuild_backend.core.wheel.buildinfo import digest_members, digest_spec, parse_buildinfo, render_buildinfo
from zigbuild_backend.core.wheel.spec import WheelSpec


@pytest.mark.parametrize("spec", [COMPILED, PURE])
def test_round_trip(spec: WheelSpec) -> None:
    assert parse_buildinfo(render_buildinfo(spec, "members")) == spec


def test_text_is_canonical() -> None:
    text = render_buildinfo(PURE, "77" * 32).decode()
    assert text == (
        f'{{"archive":"stored","backend":{{"digest":"{"22" * 32}","name":"zigbuild-backend","version":"0.1.0"}},'
        f'"epoch":1700000000,"members":"{"77" * 32}","optimize":"","python":null,"requirements":[],"schema":1,'
        f'"source":{{"digest":"{"55" * 32}","name":"spam","recipe":"{"66" * 32}","version":"2.0+local"}},'
        '"tag":"py3-none-any","target":null,"zig":""}'
    )


def test_what_a_compiled_wheel_says_of_its_target_and_python() -> None:
    table = json.loads(render_buildinfo(COMPILED, ""))
    assert table["target"] == {"cpu": "baseline", "platform-tag": "win_amd64", "triples": ["x86_64-windows-gnu"]}
    assert table["python"] == {
        "headers": "33" * 32,
        "import-library": "44" * 32,
        "name": "cp313",
        "version": "3.13.2",
    }


def test_digest_is_that_of_the_text_without_members() -> None:
    table = json.loads(render_buildinfo(COMPILED, "members"))
    del table["members"]
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    assert digest_spec(COMPILED) == hashlib.sha256(text.encode()).hexdigest()


def test_digest_of_members() -> None:
    assert digest_members(b"a,b,c\n") == hashlib.sha256(b"a,b,c\n").hexdigest()


def set_key(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (set_key("schema", to=2), "its schema is 2, this version reads 1", "use zigbuild-backend 0.1.0"),
        (set_key("target", "platform-tag", to="amiga"), "names amiga: not a platform", "a newer zigbuild-backend"),
        (set_key("python", "name", to="cp399"), "names cp399: not a CPython that", "a newer zigbuild-backend"),
        (set_key("python", "name", to="pypy"), "names pypy: not the name of", "a newer zigbuild-backend"),
        (set_key("python", "name", to=3), "is no buildinfo: TypeError", "download the wheel again"),
        (set_key("source", to=None), "is no buildinfo: TypeError", "download the wheel again"),
        (set_key("source", to={}), "is no buildinfo: KeyError('name')", "download the wheel again"),
        (set_key("requirements", to=None), "is no buildinfo: TypeError", "download the wheel again"),
    ],
)
def test_altered(change: Callable[[dict[str, Any]], None], message: str, hint: str) -> None:
    table = json.loads(render_buildinfo(COMPILED, ""))
    change(table)
    with pytest.raises(MismatchError) as refusal:
        parse_buildinfo(json.dumps(table).encode())
    (problem,) = refusal.value.problems
    assert problem.where == "zigbuild-buildinfo.json"
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}", b"[]", b"null", b'"x"', b"3", b"\xff", b'{"schema":2}', b"[" * 100_000]
)
def test_something_else(data: bytes) -> None:
    with pytest.raises(MismatchError, match="is no buildinfo"):
        parse_buildinfo(data)
