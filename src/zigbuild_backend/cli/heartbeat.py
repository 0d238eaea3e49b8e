"""Says in a log that a long run goes on, so that nobody takes it for one that hangs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from .session import Session

SILENCE_SECONDS = 20.0
"""Time without a new line after which a log looks as if the run hung."""


class Heartbeat:
    """Says the text that *render* returns whenever nothing was said by it for :data:`SILENCE_SECONDS`."""

    def __init__(self, session: Session, render: Callable[[], str]) -> None:
        self._session = session
        self._render = render
        self._is_over = threading.Event()
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """Say *text*, and begin to wait anew."""
        self._last = time.monotonic()
        self._session.say(text)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run in a thread until the context ends."""
        self._last = time.monotonic()
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _beat(self) -> None:
        while not self._is_over.wait(max(self._last + SILENCE_SECONDS - time.monotonic(), 0.1)):
            if time.monotonic() - self._last >= SILENCE_SECONDS:
                self.say(self._render())
