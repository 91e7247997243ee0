"""Parse the Tier of an order: the code of a sub-merchant. Pure."""

from __future__ import annotations

import re

from portone_async._worded import Worded

from .blanks import strip_blanks
from .cell import BadCellError, quote, type_name, unwrap_formula

__all__ = ("parse_tier",)

# The characters that the client accepts.
_CODE = re.compile(r"[A-Za-z0-9_-]+")


def parse_tier(cell: object) -> str | None:
    """Return a Tier; ``None`` for an empty cell: the order is of the shop of the API keys itself.

    Raises:
        BadCellError: It is not a code.
    """
    if cell is None:
        return None
    # A number has lost the zeros at its start, as in 001.
    if not isinstance(cell, str):
        raise BadCellError(
            Worded("tier is {type}, not text: {cell}", type=type_name(cell), cell=quote(cell))
        )
    code = strip_blanks(unwrap_formula(cell))
    if code and not _CODE.fullmatch(code):
        raise BadCellError(Worded("tier is not a code like 'A01': {cell}", cell=quote(cell)))
    return code or None
