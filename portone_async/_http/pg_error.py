"""The error of a PG, which a failure of PortOne quotes. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from portone_async._redact import Redactor, printable

__all__ = ("pg_error",)


class _PgError(Struct):
    code: Any = None
    message: Any = None


_decoder = msgspec.json.Decoder(_PgError)


def pg_error(source: Raw | UnsetType, redact: Redactor) -> tuple[str | None, str | None]:
    """Return the code and the message of the PG, as far as they are text.

    Args:
        source: The member ``error`` of an envelope.
        redact: Removes secrets.
    """
    if source is UNSET:
        return None, None
    try:
        error = _decoder.decode(source)
    except (msgspec.DecodeError, RecursionError):
        return None, None
    return _text(error.code, redact), _text(error.message, redact)


def _text(value: Any, redact: Redactor) -> str | None:
    return printable(value, redact) if isinstance(value, str) else None
