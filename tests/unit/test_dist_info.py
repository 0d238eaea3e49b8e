"""The texts of .dist-info, read back with what reads them elsewhere."""

from __future__ import annotations

import configparser
import csv
import email
import io

import pytest

from zigbuild_backend.core.archive.archive_writer import Entry
from zigbuild_backend.core.project.core_metadata import Metadata, render_entry_points
from zigbuild_backend.core.wheel.dist_info import render_record, render_script, render_wheel_file


@pytest.mark.parametrize(
    ("name", "version", "file_name"),
    [
        ("spam", "1.0", "spam-1.0"),
        ("Spam.Eggs--ham_x", "1.0+local.1", "spam_eggs_ham_x-1.0+local.1"),
        ("A", "1!2.0rc1.post1.dev0", "a-1!2.0rc1.post1.dev0"),
    ],
)
def test_file_name(name: str, version: str, file_name: str) -> None:
    assert Metadata(name, version, "").file_name == file_name


@pytest.mark.parametrize(("is_pure", "purelib"), [(True, "true"), (False, "false")])
def test_wheel_file(is_pure: bool, purelib: str) -> None:
    text = render_wheel_file(["py3-none-any", "cp313-cp313-win32"], "backend 1.0", is_pure=is_pure)
    assert text.endswith(b"\n")
    message = email.message_from_bytes(text)
    assert message.items() == [
        ("Wheel-Version", "1.0"),
        ("Generator", "backend 1.0"),
        ("Root-Is-Purelib", purelib),
        ("Tag", "py3-none-any"),
        ("Tag", "cp313-cp313-win32"),
    ]


def test_entry_points() -> None:
    groups = [
        ("console_scripts", (("spam", "spam:main"), ("a:b", "spam.x:y [extra]"))),
        ("a.group", (("Ü", "ü:ü"),)),
    ]
    text = render_entry_points(groups)
    assert text == render_entry_points(reversed([(group, points[::-1]) for group, points in groups]))
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(text.decode())
    assert {group: dict(parser[group]) for group in parser.sections()} == {
        "a.group": {"Ü": "ü:ü"},
        "console_scripts": {"a:b": "spam.x:y [extra]", "spam": "spam:main"},
    }
    assert text.startswith(b"[a.group]")


def test_record() -> None:
    names = ["z.py", "a.py", 'quo"te.py', "com,ma.py", "ü.py", "spam-1.dist-info/METADATA"]
    entries = [Entry(name, name.encode()) for name in names]
    text = render_record(entries, "spam-1.dist-info/RECORD")
    assert text == render_record(reversed(entries), "spam-1.dist-info/RECORD")
    *rows, last = csv.reader(io.StringIO(text.decode(), newline=""))
    assert [path for path, _, _ in rows] == sorted(names)
    assert last == ["spam-1.dist-info/RECORD", "", ""]
    assert rows[0] == ["a.py", "sha256=8N4JOowk9qPtHHGi7tuNKcto2qKBsd0jI7Z9dc4_uAA", "4"]
    assert [size for _, _, size in rows] == [str(len(path.encode())) for path, _, _ in rows]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (b"#!/usr/bin/env python\nx", b"#!python\nx"),
        (b"#!/usr/bin/python3.13 -I\r\nx", b"#!python -I\r\nx"),
        (b"#! /opt/venv/bin/pythonw3", b"#!pythonw"),
        (b"#!python", b"#!python"),
        (b"#!/usr/bin/env -S python3 -X utf8\n", b"#!python -X utf8\n"),
        (b"#!/bin/sh\n#!/usr/bin/python\n", b"#!/bin/sh\n#!/usr/bin/python\n"),
        (b"#!/usr/bin/python-config\n", b"#!/usr/bin/python-config\n"),
        (b"\x7fELF#!python", b"\x7fELF#!python"),
        (b"", b""),
    ],
)
def test_scripts_name_no_python(script: bytes, expected: bytes) -> None:
    assert render_script(script) == expected
