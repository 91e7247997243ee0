"""Detect an order number that a spreadsheet or another tool has rounded. Pure.

A rounded number cannot be looked up: PortOne would correctly answer that it has no such payment,
and a paid order would be reported missing. So these forms are rejected:

- an exponent with a sign, or after a decimal point or comma: ``2.02E+16`` and ``1,23E+15`` of
  Excel, ``2E+16`` of a narrow column, ``2.02e+16`` of pandas and SQLite, ``2.02E16`` of Java;
- a whole number with a fraction of zeros: ``20261101001.0`` of pandas and Java;
- a number with thousands separators: ``20,261,101,001``;
- the signs of a spreadsheet for an error or a column that is too narrow: ``########``, ``#N/A``.

``1E5`` and ``12E3``, with neither sign nor point, are accepted: a tool writes a number like that
only when a single digit is left of 16 or more, while short product codes often look so.
"""

from __future__ import annotations

import re

__all__ = ("is_rounded",)

_SIGN = "[+\\-\N{MINUS SIGN}]"
_FORMS = re.compile(
    rf"""{_SIGN}?(?:
        [0-9]+[.,][0-9]*[eE]{_SIGN}?[0-9]+
        | [0-9]+[eE]\+[0-9]+
        | [0-9]+[.,]0+
        | [0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?
    ) | \#{{2,}} | \#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)""",
    re.VERBOSE,
)


def is_rounded(order_number: str) -> bool:
    """Return whether an order number, without blanks around it, has a rounded form."""
    return _FORMS.fullmatch(order_number) is not None
