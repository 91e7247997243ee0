"""Words of the API on the command line, where every spelling of one is understood."""

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
    checked_sorting,
    checked_status,
)

__all__ = ("listed_status", "sorting", "source_format", "status")


def status(word: str) -> str:
    """Give the status that a spelling such as ``PAID`` or ``canceled`` stands for."""
    return _understood(lambda: checked_status(canonical(word) or word))


def listed_status(word: str) -> str:
    """Give the same, or ``all``."""
    return _understood(lambda: checked_status(canonical(word, LISTED) or word, known=LISTED))


def sorting(word: str) -> str:
    """Give the sorting that a spelling such as ``-PAID`` stands for."""
    return _understood(lambda: checked_sorting(canonical(word, Sorting) or word))


def source_format(word: str) -> Format:
    """Give the format that a spelling such as ``CSV`` stands for."""
    meant = canonical(word, Format)
    if meant is None:
        known = ", ".join(Format)
        raise argparse.ArgumentTypeError(_("must be one of {known}").format(known=known))
    return Format(meant)


def _understood(check: Callable[[], str]) -> str:
    try:
        return check()
    except InvalidRequestError as error:
        raise argparse.ArgumentTypeError(error.reason) from None
