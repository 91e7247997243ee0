"""The key of a refund: printed into its reason, and found again in ``cancel_history``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError
from portone_async.models import Cancellation

__all__ = ("entries_of", "plain_reason", "reason_text", "validate_key")

# Printed as "[key:R-1]": the brackets, which no key has, tell R-1 from R-10.
_START = "[key:"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
# PortOne's older documentation limits the reason to 256 characters. If it were cut, the key would
# be lost.
_MAX_REASON = 256


def validate_key(key: object) -> str | None:
    """Return the argument ``key``.

    Raises:
        InvalidRequestError: It is not a short text of letters, digits and ``. _ : -``.
    """
    if key is None:
        return None
    if isinstance(key, str) and _KEY.fullmatch(key):
        return str.__str__(key)  # Not `str(key)`, which for a member of some Enum is its name.
    raise InvalidRequestError(
        Worded("key must be 1 to 64 letters, digits or . _ : - and begin with a letter or digit")
    )


def reason_text(reason: object, key: str | None) -> Secret:
    """Return the reason to send, with the key at its end.

    Raises:
        InvalidRequestError: It is not text, or already has a key in it, or is too long for one.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidRequestError(Worded("reason must be a text, and not empty"))
    if _START in reason:
        raise InvalidRequestError(
            Worded("reason must not contain {start}: pass the key as key=", start=repr(_START))
        )
    if key is None:
        return Secret(reason)
    longest = _MAX_REASON - len(_tag(key)) - 1
    if len(reason) > longest:
        raise InvalidRequestError(
            Worded("reason must have at most {n} characters with this key", n=longest)
        )
    return Secret(f"{reason} {_tag(key)}")


def plain_reason(reason: str) -> Secret:
    """Return a reason without the key at its end."""
    return Secret(reason.partition(f" {_START}")[0])


def entries_of(key: str, history: Iterable[Cancellation]) -> list[Cancellation]:
    """Return the cancellations whose reason has the key."""
    return [entry for entry in history if entry.reason is not None and _tag(key) in entry.reason]


def _tag(key: str) -> str:
    return f"{_START}{key}]"
