"""What to do about an error, in the language of the command line."""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portone_async.errors import PortOneError

__all__ = ("failure_lines", "translated")


def translated(advice: str) -> str:
    """Return the advice of an error: in Korean if that is the language, else in English."""
    # gettext("") returns the header of the catalogue.
    return _(advice) if advice else ""


def failure_lines(error: PortOneError) -> list[str]:
    """Return the lines about an error that ended a run: all that is known of it, and its advice."""
    text = str(error)
    if not error.advice:
        return [f"portone-async: {text}"]
    hint = _("hint: {advice}").format(advice=translated(error.advice))
    return [f"portone-async: {text.removesuffix(error.advice).rstrip()}", hint]
