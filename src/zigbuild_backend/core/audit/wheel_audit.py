"""Is a wheel file what it says: name, RECORD, METADATA, WHEEL, entry points, and every library against every tag.

The rules are PEP 427's and PEP 376's, as the PyPA specifications now state them.
"""

from __future__ import annotations

import csv
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import NotFoundError, Problem
from ..base.targets import Target
from .claims import StableAbi, check_libraries, is_library, is_program
from .platform_policy import Policy, find_policy

if TYPE_CHECKING:
    from email.message import Message
    from zipfile import ZipFile, ZipInfo

    from packaging.tags import Tag
    from packaging.version import Version

_LARGEST_MEMBER = 1 << 31
"""In bytes: far above what indexes take. What says that it is larger is a zip bomb, and not unpacked."""
_OBJECT_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\s*(:\s*[^\W\d]\w*(\.[^\W\d]\w*)*)?\s*(\[[^\]]*\])?")
_RECORD_HASH = re.compile(r"sha(256=[\w-]{43}|384=[\w-]{64}|512=[\w-]{86})", re.ASCII)


@dataclass(frozen=True)
class WheelReport:
    """What was found out about a wheel. ``size`` and ``installed_size`` are in bytes; no ``problems`` means sound."""

    path: Path
    tags: tuple[str, ...] = ()
    size: int = 0
    installed_size: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _FileName:
    """The claims in a wheel's file name, normalised."""

    name: str
    version: Version
    build: str
    tags: frozenset[Tag]


def check_wheel(
    path: Path,
    *,
    stable_abi: StableAbi = lambda _: None,
    policy_of: Callable[[Target], Policy] = find_policy,
) -> WheelReport:
    """Everything that is wrong with the wheel at *path*. Whatever is in the file, it is reported and not raised.

    :raises NotFoundError: if there is no such file.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if not path.is_file():
        raise NotFoundError("there is no such wheel", where=str(path))
    size = path.stat().st_size
    try:
        name, version, build, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        problem = Problem(_first_line(error), path.name, "a wheel is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl")
        return WheelReport(path, size=size, problems=(problem,))
    claims = _FileName(name, version, "".join(map(str, build)), tags)
    installed_size, problems = _check_archive(path, claims, stable_abi, policy_of)
    placed = (replace(p, where=f"{path.name}/{p.where}" if p.where else path.name) for p in problems)
    # Tags that are two names of one platform are broken in the same way: say it once.
    return WheelReport(path, tuple(sorted(map(str, tags))), size, installed_size, tuple(dict.fromkeys(placed)))


def _check_archive(
    path: Path, claims: _FileName, stable_abi: StableAbi, policy_of: Callable[[Target], Policy]
) -> tuple[int, list[Problem]]:
    """The sum of the members' sizes and all problems; their ``where`` is a member's name or empty."""
    from wheel.wheelfile import WheelFile  # type: ignore[import-untyped]

    try:
        archive = WheelFile(path)
        rows = list(csv.reader(StringIO(archive.read(archive.record_path).decode(), newline="")))
    except Exception as error:  # see _read
        return 0, [Problem(f"cannot be opened: {_first_line(error)}", hint="the archive or its RECORD is damaged")]
    with archive:
        members = archive.infolist()
        installed_size = sum(member.file_size for member in members)
        dist_info: str = archive.dist_info_path
        record: str = archive.record_path
        problems = [*_check_members(members, dist_info), *_check_record(rows, members, record)]
        hashed = {name for name, digest, _ in rows if digest}
        files: dict[str, bytes] = {}
        for member in members:
            # WheelFile refuses to read what has no hash, which is a problem of RECORD by now.
            if member.filename not in hashed:
                continue
            data = _read(archive, member)
            if isinstance(data, Problem):
                problems.append(data)
            elif member.filename.startswith(f"{dist_info}/") or _is_compiled(member.filename, data):
                files[member.filename] = data
    for name in ("METADATA", "WHEEL"):
        if f"{dist_info}/{name}" not in archive.namelist():
            problems.append(Problem("is not in the wheel", f"{dist_info}/{name}"))
    libraries = {name: data for name, data in files.items() if _is_compiled(name, data)}
    checks: dict[str, Callable[[str, bytes], Iterator[Problem]]] = {
        "METADATA": lambda where, data: _check_metadata(where, data, claims),
        "WHEEL": lambda where, data: _check_wheel_file(where, data, claims, libraries),
        "entry_points.txt": _check_entry_points,
    }
    for name, check in checks.items():
        where = f"{dist_info}/{name}"
        if where in files:
            problems += check(where, files[where])
    for tag in sorted(claims.tags, key=str):
        problems += check_libraries(libraries, tag, stable_abi, policy_of)
    return installed_size, problems


def _is_compiled(path: str, data: bytes) -> bool:
    return is_library(path) or is_program(path, data)


def _read(archive: ZipFile, member: ZipInfo) -> bytes | Problem:
    """The bytes of a member, whose hash :class:`~wheel.wheelfile.WheelFile` compares with RECORD, or why not."""
    if member.file_size > _LARGEST_MEMBER:
        return Problem(f"says that it unpacks to {member.file_size} bytes", member.filename)
    try:
        return archive.read(member)
    # A hostile archive makes zipfile raise a dozen kinds of exceptions, few of them documented: BadZipFile, zlib.error,
    # EOFError, NotImplementedError, RuntimeError, struct.error, OverflowError and others.
    except Exception as error:
        return Problem(f"cannot be read: {_first_line(error)}", member.filename)


def _check_members(members: Iterable[ZipInfo], dist_info: str) -> Iterator[Problem]:
    """The zip's names: safe to unpack, each once, one metadata folder."""
    for name, count in Counter(member.filename for member in members).items():
        parts = name.removesuffix("/").split("/")
        if "\\" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
            yield Problem(f"the name {name!r} is not that of a place inside the wheel")
        if count > 1:
            yield Problem(f"is in the archive {count} times", name, "which one is installed depends on the installer")
        if parts[0].endswith(".dist-info") and parts[0] != dist_info:
            yield Problem(f"is in a second metadata folder beside {dist_info}", name)
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            yield Problem("is a symbolic link, which installers do not make", member.filename, "put the file itself in")


def _check_record(rows: Iterable[list[str]], members: Iterable[ZipInfo], record: str) -> Iterator[Problem]:
    """RECORD against the archive: names and sizes. Whether the hashes are right shows when the members are read."""
    sizes = {member.filename: member.file_size for member in members if not member.is_dir()}
    signatures = {f"{record}.jws", f"{record}.p7s"}
    counts = Counter(name for name, _, _ in rows)
    for name, count in counts.items():
        if count > 1:
            yield Problem(f"lists {name} {count} times", record)
        if name not in sizes:
            yield Problem(f"lists {name}, which is not in the archive", record)
    for name in sorted(sizes.keys() - counts.keys() - signatures):
        yield Problem(f"does not list {name}", record, "installers and indexes refuse files that it does not know")
    for name, digest, size in rows:
        if name in signatures or name == record:
            if digest:
                yield Problem(f"gives a hash for {name}, which depends on it", record)
        elif not _RECORD_HASH.fullmatch(digest):
            yield Problem(
                f"gives {name} the hash {digest!r}",
                record,
                "it must be sha256= and the digest in URL-safe base64 without padding",
            )
        elif name in sizes and size != str(sizes[name]):
            yield Problem(f"gives {name} the size {size!r}, it has {sizes[name]} bytes", record)


def _check_metadata(where: str, data: bytes, claims: _FileName) -> Iterator[Problem]:
    from packaging.metadata import ExceptionGroup, InvalidMetadata, Metadata, parse_email
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    try:
        Metadata.from_email(data, validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            field = f"{error.field}: " if isinstance(error, InvalidMetadata) else ""
            yield Problem(f"{field}{_first_line(error)}", where)
    raw, _ = parse_email(data)
    name, version = raw.get("name", ""), raw.get("version", "")
    if canonicalize_name(name) != claims.name:
        yield Problem(f"is for {name!r}, the file name says {claims.name}", where)
    try:
        is_same = Version(version) == claims.version
    except InvalidVersion:
        is_same = False
    if not is_same:
        yield Problem(f"is for version {version!r}, the file name says {claims.version}", where)


def _check_wheel_file(where: str, data: bytes, claims: _FileName, libraries: Iterable[str]) -> Iterator[Problem]:
    from email import message_from_bytes

    fields = message_from_bytes(data)
    version, build = _field(fields, "Wheel-Version"), _field(fields, "Build")
    if not re.fullmatch(r"1\.\d+", version):
        yield Problem(f"has Wheel-Version {version!r}", where, "installers know 1.0")
    if build != claims.build:
        yield Problem(f"has the Build {build!r}, the file name says {claims.build!r}", where)
    missing, surplus = _compare_tags(map(str, fields.get_all("Tag", [])), claims.tags)
    if missing:
        yield Problem(f"has no Tag {', '.join(missing)}, which the file name says", where)
    if surplus:
        yield Problem(f"has the Tag {', '.join(surplus)}, which the file name does not say", where)
    purelib = _field(fields, "Root-Is-Purelib").lower()
    is_pure = all(tag.abi == "none" and tag.platform == "any" for tag in claims.tags)
    if purelib not in ("true", "false"):
        yield Problem(f"has Root-Is-Purelib {purelib!r}", where, "it is true or false")
    elif purelib == "true" and not all(name.partition("/")[0].endswith(".data") for name in libraries):
        yield Problem("has Root-Is-Purelib true, but the wheel holds compiled libraries", where)
    elif purelib == "false" and is_pure:
        yield Problem("has Root-Is-Purelib false, but the tags say that the wheel runs anywhere", where)


def _field(fields: Message, name: str) -> str:
    return str(fields.get(name, "")).strip()


def _compare_tags(lines: Iterable[str], claimed: frozenset[Tag]) -> tuple[list[str], list[str]]:
    """The claimed tags that no line says, and what the lines say beyond (also lines that are no tags)."""
    from packaging.tags import parse_tag

    said: set[Tag] = set()
    surplus = []
    for line in lines:
        if line.count("-") == 2:
            said |= parse_tag(line)
        else:
            surplus.append(line)
    return sorted(map(str, claimed - said)), sorted([*surplus, *map(str, said - claimed)])


def _check_entry_points(where: str, data: bytes) -> Iterator[Problem]:
    from configparser import ConfigParser
    from configparser import Error as ConfigParserError

    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=True, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names are case-sensitive
    try:
        parser.read_string(data.decode())
    except (UnicodeDecodeError, ConfigParserError) as error:
        yield Problem(f"cannot be read: {_first_line(error)}", where)
        return
    for group in parser.sections():
        for name, value in parser.items(group):
            if not _OBJECT_REFERENCE.fullmatch(value):
                yield Problem(f"{name} of {group} points at {value!r}", where, "it must look like module:function")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
