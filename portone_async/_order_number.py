"""Order numbers that are computed from what is charged. Pure."""

from __future__ import annotations

import re
from base64 import b32encode
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from .errors import InvalidRequestError

__all__ = ("order_number",)

# 26 characters of 5 bits: two of 2**40 numbers are equal with a probability of 1 to 2**51.
_DIGEST_LENGTH = 26
_PREFIX = re.compile(r"[A-Za-z0-9]{0,14}")
# A release must never compute another number: a job that is delivered again would charge again.
_SCHEME = b"portone-async order number 1"


def order_number(*parts: str | int | Decimal | date, prefix: str = "") -> str:
    """Return a ``merchant_uid`` that is always the same for the same charge.

    ```python
    merchant_uid = order_number("subscription-17", date(2026, 12, 1), attempt, prefix="SUB")
    ```

    A job that is delivered twice computes the same number, and its charge is recognized by it.
    Name what makes the charge the one that it is: the subscription, the period, the number of the
    attempt. A failed charge uses its number up, so the next attempt needs the next number. Leave
    out what may change between two deliveries: the time of the run, usually also the price.

    It has at most 40 characters, letters and digits only, and a later release returns the same.
    The letters after the prefix are capitals, so numbers differ also where case does not count.

    Args:
        *parts: Text, whole numbers, ``Decimal``, dates, and times with a time zone. The type counts
            (``1`` is not ``"1"``), and so does each boundary (``"a", "bc"`` is not ``"ab", "c"``).
            Equal numbers are the same (``Decimal("1.0")`` is ``1``), and so are equal instants.
        prefix: Up to 14 letters and digits that it begins with. It counts as well.

    Raises:
        InvalidRequestError: There is no part, or one of another type, such as a float or ``None``.
    """
    if not parts:
        raise InvalidRequestError("order_number needs at least one part")
    encoded = [_tagged(b"prefix", _validated(prefix))]
    encoded += [_encode(number, part) for number, part in enumerate(parts, start=1)]
    digest = sha256(b"".join([_SCHEME, *encoded])).digest()
    return prefix + b32encode(digest).decode()[:_DIGEST_LENGTH]


def _validated(prefix: Any) -> bytes:
    if isinstance(prefix, str) and _PREFIX.fullmatch(prefix):
        return prefix.encode()
    raise InvalidRequestError("prefix must be up to 14 letters and digits of ASCII")


def _tagged(kind: bytes, value: bytes) -> bytes:
    """Return a value with its type and its length, so that no two lists have the same bytes."""
    return b"%s %d:%s" % (kind, len(value), value)


def _ratio(value: int | Decimal) -> bytes:
    """Return the one spelling of a number, however it was written."""
    # The ratio of 1E+999999999 would fill the memory.
    if isinstance(value, Decimal) and not (value.is_finite() and -1000 < value.adjusted() < 1000):
        raise ValueError
    # In hexadecimal: Python limits the length of decimal ones.
    return b"%x/%x" % value.as_integer_ratio()


def _encode(number: int, part: Any) -> bytes:
    """Return the bytes of a part.

    Raises:
        InvalidRequestError: It has a type that is not accepted, or no definite value.
    """
    problem = f"must be text, int, Decimal, date or datetime, not {type(part).__name__}"
    try:
        match part:
            case bool():
                pass
            case str():
                return _tagged(b"text", part.encode())
            case int() | Decimal():
                return _tagged(b"number", _ratio(part))
            case datetime() if part.utcoffset() is None:
                problem = "must have a time zone"
            case datetime():
                return _tagged(b"time", part.astimezone(UTC).isoformat().encode())
            case date():
                return _tagged(b"date", part.isoformat().encode())
            case _:
                pass
    except (UnicodeEncodeError, ValueError, OverflowError):
        problem = "has no definite value"
    raise InvalidRequestError(f"part {number} of the order number {problem}")
