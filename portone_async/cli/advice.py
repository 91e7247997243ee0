"""The meaning of an error, and its advice, in the language of the command line.

The library's errors are in English. In Korean the command line prints a sentence about the kind of
error, and their English behind it for the details.
"""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING

from portone_async._worded import Worded

from .language import current_language
from .wording import localized

if TYPE_CHECKING:
    from portone_async.errors import PortOneError

__all__ = ("described", "explained", "failure_lines", "hint", "translated")

# By class name: the help loads no errors.
_MEANINGS = {
    "AuthenticationError": Worded("PortOne refused the keys"),
    "CancelPendingError": Worded("PortOne accepted the cancellation, but has not made it yet"),
    "CancelRefusedError": Worded("the payment was not cancelled"),
    "CertificateError": Worded("the server did not prove that it is PortOne"),
    "ConnectionFailedError": Worded("PortOne could not be reached"),
    "DeadlineExceededError": Worded("the call was not done within its time limit"),
    "InvalidRequestError": Worded("the request has an invalid value"),
    "LedgerError": Worded("the ledger cannot be used"),
    "OutcomeUnknownError": Worded("what happened could not be found out"),
    "ProxyError": Worded("the proxy refused the connection"),
    "RateLimitedError": Worded("PortOne refused the request: there are too many"),
    "RequestTimeoutError": Worded("PortOne did not answer in time"),
    "ServerError": Worded("PortOne's server reports an error"),
    "StoreError": Worded("the store cannot be used"),
    "ThrottleError": Worded("the shared rate limit cannot be used"),
    "UnauthorizedError": Worded("PortOne refused the token"),
    "UnexpectedResponseError": Worded("PortOne's response cannot be trusted"),
    "UnsupportedVersionError": Worded("the installed aiohttp cannot be used"),
}


def translated(advice: str) -> str:
    """Return the advice of an error: in Korean if that is the language, else in English."""
    # gettext("") returns the header of the catalogue.
    return _(advice) if advice else ""


def hint(advice: str) -> str:
    """Return the line that gives advice."""
    return _("hint: {advice}").format(advice=advice)


def explained(error: PortOneError) -> str:
    """Return the reason of an error; in Korean its meaning first, and the English behind it."""
    return _worded(error, error.reason)


def described(error: PortOneError) -> str:
    """Return all that is known of an error, and its advice, in one line."""
    text, advice = _parts(error)
    return f"{text.rstrip('.')}. {advice}" if advice else text


def failure_lines(error: PortOneError) -> list[str]:
    """Return the lines about an error that ended a run: all that is known of it, and its advice."""
    text, advice = _parts(error)
    return [f"portone-async: {text}", *([hint(advice)] if advice else [])]


def _parts(error: PortOneError) -> tuple[str, str]:
    """Return the description of an error without its advice, and the advice."""
    text = str(error).removesuffix(error.advice).rstrip() if error.advice else str(error)
    return _worded(error, text), translated(error.advice)


def _worded(error: PortOneError, text: str) -> str:
    if current_language() == "en":
        return text
    reason = error.args[0] if error.args else ""
    if isinstance(reason, Worded):
        return localized(reason)
    known = (_MEANINGS.get(kind.__name__) for kind in type(error).__mro__)
    meaning = next(filter(None, known), None)
    return text if meaning is None else f"{localized(meaning)} ({text.rstrip('.')})"
