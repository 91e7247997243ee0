"""What to do about an error, in the language of the command line."""

from __future__ import annotations

from gettext import gettext

__all__ = ("translated",)


def translated(advice: str) -> str:
    """Return the advice of an error: in Korean if that is the language, else in English."""
    # gettext("") returns the header of the catalogue.
    return gettext(advice) if advice else ""
