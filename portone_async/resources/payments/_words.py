"""Validate the words of the API: statuses, sortings, verdicts. Pure.

A misspelt status is dangerous: PortOne answers "no such payment" to ``status="PAID"``, which
reads as "not paid". So another spelling of a known word is rejected with the right one, while an
unknown word is sent, since PortOne may add words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError
from portone_async.models import PaymentStatus, Sorting

__all__ = (
    "LISTED",
    "STATUSES",
    "canonical",
    "refuse_misspelling",
    "validate_member",
    "validate_sorting",
    "validate_status",
    "validate_statuses",
)

E = TypeVar("E", bound=StrEnum)

STATUSES = frozenset(status.value for status in PaymentStatus)
LISTED = STATUSES | {"all"}
"""The statuses that ``GET /payments/status/{payment_status}`` accepts."""

# The API writes the British form; the American one is as common.
_AMERICAN = {"canceled": "cancelled"}


def canonical(spelling: str, words: Iterable[str] = STATUSES) -> str | None:
    """Return the known word that a spelling stands for.

    Case, blanks, underscores, full-width letters and the American "canceled" do not matter:
    ``" PAID"`` and ``"Paid"`` are both ``"paid"``.

    Args:
        spelling: The word as the caller wrote it.
        words: The known words.

    Returns:
        The word; ``None`` if the spelling matches no known word.
    """
    wanted = _key(spelling)
    return next((word for word in words if _key(word) == wanted), None)


def _key(word: str) -> str:
    key = re.sub(r"[\s_]", "", unicodedata.normalize("NFKC", word)).casefold()
    return _AMERICAN.get(key, key)


def refuse_misspelling(name: str, word: str, known: Iterable[str] = STATUSES) -> None:
    """Reject another spelling of a known word, and accept every other word.

    Raises:
        InvalidRequestError: It is a misspelling; the message has the right spelling.
    """
    meant = canonical(word, known)
    if meant is not None and meant != word:
        raise InvalidRequestError(
            Worded(
                "{name} must be spelled {meant}, not {word}",
                name=name,
                meant=repr(str(meant)),
                word=ascii(word),
            )
        )


def validate_status(status: Any, *, known: frozenset[str] = STATUSES) -> str:
    """Return a status as plain text.

    Raises:
        InvalidRequestError: It is not a plain word, or another spelling of a known one.
    """
    if isinstance(status, str):
        # Not `str(status)`, which for a member of some Enum is its name.
        word = str.__str__(status)
        if word in known:
            return word
        refuse_misspelling("status", word, known)
        if re.fullmatch(r"[A-Za-z0-9_-]+", word):
            return word
    raise InvalidRequestError(
        Worded("status must be a plain word, as in 'paid': {status}", status=ascii(status))
    )


def validate_statuses(statuses: Any) -> list[str]:
    """Return several statuses of ``GET /payments/status/...``, each once, as plain text.

    Raises:
        InvalidRequestError: As for :func:`validate_status`, or it is one text, or nothing.
    """
    if isinstance(statuses, str) or not isinstance(statuses, Iterable):
        raise InvalidRequestError(f"statuses must be several words, as in ['paid']: {statuses!a}")
    items: Iterable[Any] = statuses  # pyright: ignore[reportUnknownVariableType]  # an iterable of unknown items
    checked = list(dict.fromkeys(validate_status(status, known=LISTED) for status in items))
    if not checked:
        raise InvalidRequestError("statuses must name at least one status")
    return checked


def validate_sorting(sorting: Any) -> Sorting:
    """Return a sorting as a member.

    Raises:
        InvalidRequestError: PortOne has no such sorting.
    """
    return validate_member("sorting", sorting, Sorting)


def validate_member(name: str, value: Any, kind: type[E]) -> E:
    """Return a word of a closed set as a member of its enumeration.

    Raises:
        InvalidRequestError: The word is not in the set; the message has the right spelling of a
            misspelt one.
    """
    try:
        return kind(value)
    except ValueError:
        pass
    if isinstance(value, str):
        refuse_misspelling(name, value, kind)
    raise InvalidRequestError(
        Worded(
            "{name} must be one of {known}: {value}",
            name=name,
            known=", ".join(kind),
            value=ascii(value),
        )
    )
