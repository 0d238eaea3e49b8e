"""Audits a wheel file: name, RECORD, METADATA, WHEEL, entry points, and every library against every tag.

The rules are those of PEP 427 and PEP 376, as the PyPA specifications now state them.
"""

from __future__ import annotations

import csv
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import NotFoundError, Problem, ProblemList
from ..base.frozen import dataclass
from ..base.targets import Target
from .claims import StableAbi, check_libraries, is_library, is_program
from .platform_policy import Policy, find_policy

if TYPE_CHECKING:
    from email.message import Message
    from zipfile import ZipFile, ZipInfo

    from packaging.tags import Tag
    from packaging.version import Version

_LARGEST_MEMBER = 1 << 31
"""In bytes: far above the limits of indexes. A larger member is a zip bomb, and is not unpacked."""

_OBJECT_REFERENCE = r"[^\W\d]\w*(\.[^\W\d]\w*)*\s*(:\s*[^\W\d]\w*(\.[^\W\d]\w*)*)?\s*(\[[^\]]*\])?"
_RECORD_HASH = r"sha(256=[A-Za-z0-9_-]{43}|384=[A-Za-z0-9_-]{64}|512=[A-Za-z0-9_-]{86})"


@dataclass(frozen=True)
class WheelReport:
    """The result of an audit: sizes are in bytes, and a sound wheel has no ``problems``."""

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
    """Return the report on the wheel *path*; nothing in the file raises an error.

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
    problems = ProblemList(f"{path.name}/")
    installed_size, libraries = _check_archive(path, claims, problems)
    for tag in sorted(tags, key=str):
        check_libraries(libraries, tag, stable_abi, policy_of, problems)
    # Tags that are two names of one platform are broken in the same way: their problems are reported once.
    found = tuple(dict.fromkeys(problems.found))
    return WheelReport(path, tuple(sorted(map(str, tags))), size, installed_size, found)


def _check_archive(path: Path, claims: _FileName, problems: ProblemList) -> tuple[int, dict[str, bytes]]:
    """Return the sum of the members' sizes, and the compiled members, after adding the *problems* of the others."""
    from wheel.wheelfile import WheelFile  # type: ignore[import-untyped]

    try:
        archive = WheelFile(path)
        rows = list(csv.reader(StringIO(archive.read(archive.record_path).decode(), newline="")))
    except Exception as error:  # see _read
        problems.add(f"cannot be opened: {_first_line(error)}", "the archive or its RECORD is damaged")
        return 0, {}
    with archive:
        members = archive.infolist()
        info: str = archive.dist_info_path
        record: str = archive.record_path
        _check_members(members, info, problems)
        _check_record(rows, members, record, problems)
        hashed = {name for name, digest, _ in rows if digest}
        files: dict[str, bytes] = {}
        for member in members:
            # WheelFile refuses to read members without a hash, which are problems of RECORD already.
            data = _read(archive, member, problems) if member.filename in hashed else None
            if data is not None and (member.filename.startswith(f"{info}/") or _is_compiled(member.filename, data)):
                files[member.filename] = data
    for name in ("METADATA", "WHEEL"):
        if f"{info}/{name}" not in archive.namelist():
            problems.at(f"{info}/{name}").add("is not in the wheel")
    libraries = {name: data for name, data in files.items() if _is_compiled(name, data)}
    if (data := files.get(f"{info}/METADATA")) is not None:
        _check_metadata(data, claims, problems.at(f"{info}/METADATA"))
    if (data := files.get(f"{info}/WHEEL")) is not None:
        _check_wheel_file(data, claims, libraries, problems.at(f"{info}/WHEEL"))
    if (data := files.get(f"{info}/entry_points.txt")) is not None:
        _check_entry_points(data, problems.at(f"{info}/entry_points.txt"))
    return sum(member.file_size for member in members), libraries


def _is_compiled(path: str, data: bytes) -> bool:
    return is_library(path) or is_program(path, data)


def _read(archive: ZipFile, member: ZipInfo, problems: ProblemList) -> bytes | None:
    """Return the content of a member, whose hash WheelFile compares with RECORD, or None after adding to *problems*."""
    if member.file_size > _LARGEST_MEMBER:
        problems.at(member.filename).add(f"says that it unpacks to {member.file_size} bytes")
        return None
    try:
        return archive.read(member)
    # A hostile archive makes zipfile raise a dozen kinds of exceptions, few of them documented: BadZipFile, zlib.error,
    # EOFError, NotImplementedError, RuntimeError, struct.error, OverflowError and others.
    except Exception as error:
        problems.at(member.filename).add(f"cannot be read: {_first_line(error)}")
        return None


def _check_members(members: Iterable[ZipInfo], dist_info: str, problems: ProblemList) -> None:
    """Check the names in the zip: safe to unpack, each once, one metadata folder."""
    for name, count in Counter(member.filename for member in members).items():
        parts = name.removesuffix("/").split("/")
        if "\\" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
            problems.add(f"the name {name!r} is not that of a place inside the wheel")
        if count > 1:
            hint = "which one is installed depends on the installer"
            problems.at(name).add(f"is in the archive {count} times", hint)
        if parts[0].endswith(".dist-info") and parts[0] != dist_info:
            problems.at(name).add(f"is in a second metadata folder beside {dist_info}")
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            message = "is a symbolic link, which installers do not make"
            problems.at(member.filename).add(message, "put the file itself in")


def _check_record(rows: Iterable[list[str]], members: Iterable[ZipInfo], record: str, problems: ProblemList) -> None:
    """Check the names and sizes in RECORD against the archive; hashes are compared when members are read."""
    sizes = {member.filename: member.file_size for member in members if not member.is_dir()}
    signatures = {f"{record}.jws", f"{record}.p7s"}
    counts = Counter(name for name, _, _ in rows)
    place = problems.at(record)
    for name, count in counts.items():
        if count > 1:
            place.add(f"lists {name} {count} times")
        if name not in sizes:
            place.add(f"lists {name}, which is not in the archive")
    for name in sorted(sizes.keys() - counts.keys() - signatures):
        place.add(f"does not list {name}", "installers and indexes refuse files that it does not list")
    for name, digest, size in rows:
        if name in signatures or name == record:
            if digest:
                place.add(f"gives a hash for {name}, which depends on it")
        elif not re.fullmatch(_RECORD_HASH, digest):
            hint = "it must be sha256= and the digest in URL-safe base64 without padding"
            place.add(f"gives {name} the hash {digest!r}", hint)
        elif name in sizes and size != str(sizes[name]):
            place.add(f"gives {name} the size {size!r}, it has {sizes[name]} bytes")


def _check_metadata(data: bytes, claims: _FileName, problems: ProblemList) -> None:
    from packaging.metadata import ExceptionGroup, InvalidMetadata, Metadata, parse_email
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    try:
        Metadata.from_email(data, validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            field = f"{error.field}: " if isinstance(error, InvalidMetadata) else ""
            problems.add(f"{field}{_first_line(error)}")
    raw, _ = parse_email(data)
    name, version = raw.get("name", ""), raw.get("version", "")
    if canonicalize_name(name) != claims.name:
        problems.add(f"is for {name!r}, the file name says {claims.name}")
    try:
        is_same = Version(version) == claims.version
    except InvalidVersion:
        is_same = False
    if not is_same:
        problems.add(f"is for version {version!r}, the file name says {claims.version}")


def _check_wheel_file(data: bytes, claims: _FileName, libraries: Iterable[str], problems: ProblemList) -> None:
    from email import message_from_bytes

    fields = message_from_bytes(data)
    version, build = _field(fields, "Wheel-Version"), _field(fields, "Build")
    if not re.fullmatch(r"1\.\d+", version):
        problems.add(f"has Wheel-Version {version!r}", "installers know 1.0")
    if build != claims.build:
        problems.add(f"has the Build {build!r}, the file name says {claims.build!r}")
    missing, surplus = _compare_tags(map(str, fields.get_all("Tag", [])), claims.tags)
    if missing:
        problems.add(f"has no Tag {', '.join(missing)}, which the file name says")
    if surplus:
        problems.add(f"has the Tag {', '.join(surplus)}, which the file name does not say")
    purelib = _field(fields, "Root-Is-Purelib").lower()
    is_pure = all(tag.abi == "none" and tag.platform == "any" for tag in claims.tags)
    if purelib not in ("true", "false"):
        problems.add(f"has Root-Is-Purelib {purelib!r}", "it is true or false")
    elif purelib == "true" and not all(name.partition("/")[0].endswith(".data") for name in libraries):
        problems.add("has Root-Is-Purelib true, but the wheel holds compiled libraries")
    elif purelib == "false" and is_pure:
        problems.add("has Root-Is-Purelib false, but the tags say that the wheel runs anywhere")


def _field(fields: Message, name: str) -> str:
    return str(fields.get(name, "")).strip()


def _compare_tags(lines: Iterable[str], claimed: frozenset[Tag]) -> tuple[list[str], list[str]]:
    """Return the *claimed* tags that are in no line, and the tags and other texts that are in *lines* besides."""
    from packaging.tags import parse_tag

    said: set[Tag] = set()
    surplus = []
    for line in lines:
        if line.count("-") == 2:
            said |= parse_tag(line)
        else:
            surplus.append(line)
    return sorted(map(str, claimed - said)), sorted([*surplus, *map(str, said - claimed)])


def _check_entry_points(data: bytes, problems: ProblemList) -> None:
    from configparser import ConfigParser
    from configparser import Error as ConfigParserError

    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=True, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names are case-sensitive
    try:
        parser.read_string(data.decode())
    except (UnicodeDecodeError, ConfigParserError) as error:
        problems.add(f"cannot be read: {_first_line(error)}")
        return
    for group in parser.sections():
        for name, value in parser.items(group):
            if not re.fullmatch(_OBJECT_REFERENCE, value):
                problems.add(f"{name} of {group} points at {value!r}", "it must look like module:function")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
