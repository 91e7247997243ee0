"""Argument types for words of the API. They accept every spelling of a word."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from gettext import gettext as _

from portone_async.cli.orders.formats import Format
from portone_async.errors import InvalidRequestError
from portone_async.models import Sorting
from portone_async.resources.payments._words import (
    LISTED,
    canonical,
    validate_sorting,
    validate_status,
)

__all__ = ("parse_format", "parse_sorting", "parse_status", "parse_statuses")


def parse_status(word: str) -> str:
    """Return the status of a spelling such as ``PAID`` or ``canceled``."""
    return _validate(lambda: validate_status(canonical(word) or word))


def parse_statuses(words: str) -> list[str]:
    """Return the statuses of a list such as ``PAID,canceled``; ``all`` is one of them."""
    return [_parse_listed_status(word) for word in words.split(",")]


def _parse_listed_status(word: str) -> str:
    return _validate(lambda: validate_status(canonical(word, LISTED) or word, known=LISTED))


def parse_sorting(word: str) -> str:
    """Return the sorting of a spelling such as ``-PAID``."""
    return _validate(lambda: validate_sorting(canonical(word, Sorting) or word))


def parse_format(word: str) -> Format:
    """Return the format of a spelling such as ``CSV``."""
    name = canonical(word, Format)
    if name is None:
        known = ", ".join(Format)
        raise argparse.ArgumentTypeError(_("must be one of {known}").format(known=known))
    return Format(name)


def _validate(check: Callable[[], str]) -> str:
    try:
        return check()
    except InvalidRequestError as error:
        raise argparse.ArgumentTypeError(error.reason) from None
