"""Argument types for words of the API. They accept every spelling of a word.

The words are imported when an argument is parsed: the help needs none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from gettext import gettext as _

from .source_format import Format

__all__ = ("parse_format", "parse_sorting", "parse_status", "parse_statuses")


def parse_status(word: str) -> str:
    """Return the status of a spelling such as ``PAID`` or ``canceled``."""
    from portone_async.resources.payments._words import canonical, validate_status

    return _validate(lambda: validate_status(canonical(word) or word))


def parse_statuses(words: str) -> list[str]:
    """Return the statuses of a list such as ``PAID,canceled``; ``all`` is one of them."""
    return [_parse_listed_status(word) for word in words.split(",")]


def _parse_listed_status(word: str) -> str:
    from portone_async.resources.payments._words import LISTED, canonical, validate_status

    return _validate(lambda: validate_status(canonical(word, LISTED) or word, known=LISTED))


def parse_sorting(word: str) -> str:
    """Return the sorting of a spelling such as ``-PAID``."""
    from portone_async.models import Sorting
    from portone_async.resources.payments._words import canonical, validate_sorting

    return _validate(lambda: validate_sorting(canonical(word, Sorting) or word))


def parse_format(word: str) -> Format:
    """Return the format of a spelling such as ``CSV``."""
    from portone_async.resources.payments._words import canonical

    name = canonical(word, Format)
    if name is None:
        known = ", ".join(Format)
        raise argparse.ArgumentTypeError(_("must be one of {known}").format(known=known))
    return Format(name)


def _validate(check: Callable[[], str]) -> str:
    from portone_async.errors import InvalidRequestError

    from .advice import explained

    try:
        return check()
    except InvalidRequestError as error:
        raise argparse.ArgumentTypeError(explained(error)) from None
