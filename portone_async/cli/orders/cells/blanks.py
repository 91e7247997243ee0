"""Strip blanks around a text, visible or not. Pure."""

from __future__ import annotations

import string

__all__ = ("strip_blanks",)

# The spaces of Unicode (category Z) that occur beside order numbers: no-break, the widths of
# typography, the full width of CJK.
_SPACES = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# Zero width space, joiners, word joiner, byte order mark.
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_BLANKS = string.whitespace + _SPACES + _ZERO_WIDTH


def strip_blanks(text: str) -> str:
    """Remove spaces, tabs, line ends and zero-width characters from both ends."""
    return text.strip(_BLANKS)
