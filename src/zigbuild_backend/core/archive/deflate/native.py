"""The deflater as a native program: its source, a process that runs it, and the proof of a correct compile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import MismatchError, ToolchainError
from ...base.frozen import dataclass
from .effort import BEST, Effort

if TYPE_CHECKING:
    from subprocess import Popen

SOURCE = Path(__file__).with_name("deflate.c")
"""The program's only source file: C11 and the standard library."""

_MEMORY = 64 * 2**20


def source_digest() -> str:
    """Return the SHA-256 of ``SOURCE`` in hexadecimal, part of the key under which a compiled program is kept."""
    from hashlib import sha256

    return sha256(SOURCE.read_bytes()).hexdigest()


class Deflater:
    """Deflates with the program compiled from ``SOURCE``; a context manager, at whose end the program ends.

    The program is started by the first ``deflate`` and serves all later ones. Up to *memory* bytes of answers are kept,
    because the wheels of a matrix have most of their members in common. Threads can share a deflater; they take turns.
    """

    def __init__(self, executable: Path, effort: Effort = BEST, *, memory: int = _MEMORY) -> None:
        from threading import Lock

        self.executable = executable
        self.effort = effort
        self._memory = memory
        self._known: dict[bytes, bytes] = {}
        self._known_size = 0
        self._process: Popen[bytes] | None = None
        self._lock = Lock()

    def __enter__(self) -> Deflater:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program; the next ``deflate`` starts it again."""
        process, self._process = self._process, None
        if process is not None:
            # It has no state to lose, and after an interrupt it may be busy with an answer that nobody waits for.
            process.kill()
            process.communicate()

    def deflate(self, data: bytes) -> bytes:
        """Return *data* as a raw RFC 1951 stream.

        :raises ToolchainError: if the program cannot be started or ends before it has answered.
        """
        from hashlib import sha256

        digest = sha256(data).digest()
        with self._lock:
            deflated = self._known.get(digest)
            if deflated is None:
                deflated = self._ask(data)
                self._keep(digest, deflated)
            return deflated

    def _keep(self, digest: bytes, deflated: bytes) -> None:
        if len(deflated) > self._memory:
            return
        self._known[digest] = deflated
        self._known_size += len(deflated)
        while self._known_size > self._memory:
            oldest = next(iter(self._known))
            self._known_size -= len(self._known.pop(oldest))

    def _ask(self, data: bytes) -> bytes:
        from contextlib import suppress

        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):  # a pipe breaks when the program has ended; its message is read below
            process.stdin.write(len(data).to_bytes(8, "little"))
            process.stdin.write(data)
            process.stdin.flush()
            header = process.stdout.read(8)
            size = int.from_bytes(header, "little")
            deflated = process.stdout.read(size)
            if len(header) == 8 and len(deflated) == size:
                return deflated
        self._process = None
        _, said = process.communicate()
        reason = said.decode(errors="replace").strip() or f"exit code {process.returncode}"
        raise self._failure(f"ended before it had answered: {reason}")

    def _start(self) -> Popen[bytes]:
        from subprocess import PIPE, Popen

        numbers = [str(number) for number in astuple(self.effort)]
        try:
            return Popen([self.executable, *numbers], stdin=PIPE, stdout=PIPE, stderr=PIPE)
        except OSError as error:
            raise self._failure(f"cannot be started: {error.strerror}") from error

    def _failure(self, problem: str) -> ToolchainError:
        return ToolchainError(
            f"the deflater {problem}", where=str(self.executable), hint="delete this file, it will be compiled again"
        )


@dataclass(frozen=True)
class KnownAnswer:
    """An input and the SHA-256, in hexadecimal, of its stream with ``BEST``."""

    name: str
    make: Callable[[], bytes]
    sha256: str


def prove(deflater: Deflater) -> None:
    """Deflate the known inputs with *deflater*, whose effort must be ``BEST``.

    :raises MismatchError: if an answer is not the known one: the compiler, or the machine, is not reliable.
    :raises ToolchainError: as ``Deflater.deflate``.
    """
    from hashlib import sha256

    for answer in KNOWN_ANSWERS:
        found = sha256(deflater.deflate(answer.make())).hexdigest()
        if found != answer.sha256:
            raise MismatchError(
                f"the deflater gives {found} for the known input {answer.name!r}, not {answer.sha256}",
                where=str(deflater.executable),
                hint="the program was compiled wrongly: delete this file and use another version of zig",
            )


def _noise(count: int, values: int = 256, state: int = 1) -> bytes:
    """Return *count* bytes below *values* from a linear congruential generator modulo 2^32 that starts at *state*."""
    noise = bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        noise.append((state >> 16) % values)
    return bytes(noise)


def _text() -> bytes:
    words = [_noise(2 + rank % 9, 26, rank).translate(bytes(range(97, 123)) + bytes(230)) for rank in range(200)]
    return b" ".join(
        words[low * high // 256] for low, high in zip(_noise(20_000, 200), _noise(20_000, state=2), strict=True)
    )


def _skewed() -> bytes:
    """Return small numbers, each about 0.6 times as frequent as the one before, for long and short codes."""
    runs = _noise(100_000).translate(b"+" * 158 + b" " * 98).split(b" ")
    return bytes(map(len, runs))


def _records() -> bytes:
    """Return rows of 7 bytes that share 3, for short matches at distances below and above the limit for them."""
    heads = [_noise(3, state=rank) for rank in range(1200)]
    return b"".join(heads[rank * rank % 1200] + _noise(4, state=rank) for rank in range(6000))


def _distant() -> bytes:
    """Return the same 300 bytes at the largest distance of the window, then one byte beyond it."""
    repeated, between = _noise(300, state=3), _noise(32768, state=4)
    return repeated + between[: 32768 - 300] + repeated + between[: 32768 - 299] + repeated


KNOWN_ANSWERS: tuple[KnownAnswer, ...] = (
    KnownAnswer("nothing", bytes, "9b4fb24edd6d1d8830e272398263cdbf026b97392cc35387b991dc0248a628f9"),
    KnownAnswer("byte", lambda: b"z", "4a7e1920b9c921bb58b2e26d21e3fc401ff1eee08a7fe91270034488e8d14e9e"),
    KnownAnswer("zeros", lambda: bytes(100_000), "6fcfa597f24d085427a0d075c5c2ed2ced4f1e6a61a5248279d751219b97f3e1"),
    KnownAnswer("noise", lambda: _noise(100_000), "f2abb0c8cfd0b471bce875a6098363ed87ea17d267fea617aec8985cb169ef5e"),
    KnownAnswer(
        "letters", lambda: _noise(50_000, 5), "9d648cb40bbda9b984aa8c1004fd529236b00c3b530b80aa55f9d5cd01b28e76"
    ),
    KnownAnswer("text", _text, "748946b785a67a61acc45f245666ab771647290226c4427ded4db1c0e6029e91"),
    KnownAnswer("skewed", _skewed, "4db4fbe4b404aa2520566e89b4c125bb12ef45d271b39b819761e2dc21fc17cd"),
    KnownAnswer("records", _records, "d9b301d503abeb910351a059a3d29f2b38812ce79e549b14e8cfb8e79bf04bc2"),
    KnownAnswer("distant", _distant, "be4ba8078008ed269334904db9947da8704d80d96c150bb7058c36efd78737bc"),
    KnownAnswer(
        "mixed",
        lambda: _text() + _noise(70_000) + _records() + _skewed(),
        "ca9bcdfdb873f2bc866e56b96cdb100687411946bff40c904d83d7867cbfb4aa",
    ),
)
"""Inputs that reach every part of the algorithm."""
