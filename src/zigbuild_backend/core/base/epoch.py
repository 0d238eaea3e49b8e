"""The time in archives: SOURCE_DATE_EPOCH, by default the earliest time that a zip can hold."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import ConfigurationError


def read_epoch(environ: Mapping[str, str]) -> int:
    """Return SOURCE_DATE_EPOCH in seconds, by default 1980-01-01.

    :raises ConfigurationError: if it is not a number.
    """
    text = environ.get("SOURCE_DATE_EPOCH") or str(DEFAULT_EPOCH)
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise ConfigurationError(
            f"must be a number of seconds, not {text!r}",
            where="SOURCE_DATE_EPOCH",
            hint="set it to seconds since 1970, or unset it",
        )
    return int(text)


DEFAULT_EPOCH = 315532800
"""The time in archives without SOURCE_DATE_EPOCH: 1980-01-01, the earliest that a zip can hold."""
