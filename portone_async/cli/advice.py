"""The meaning of an error, and its advice, in the language of the command line.

The library's errors are in English. In Korean the command line prints a sentence about the kind of
error, and the details behind it: in Korean as far as the sentences are the library's own.
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
# Their reasons are whole sentences where they can be translated.
_WHOLE = {
    "CancelPendingError",
    "CancelRefusedError",
    "InvalidRequestError",
    "LedgerError",
    "OutcomeUnknownError",
    "StoreError",
}
# By the start of ``gave_up``.
_GAVE_UP = {
    "the server asks to wait": Worded("the server asks for a longer wait than is allowed"),
    "no time left": Worded("no time is left for another attempt"),
    "the retry budget": Worded("too many calls fail, so that none is repeated for now"),
    "not retried": Worded("not repeated, since it may have been processed"),
}


def translated(advice: str) -> str:
    """Return the advice of an error: in Korean if that is the language, else in English."""
    # gettext("") returns the header of the catalogue.
    return _(advice) if advice else ""


def hint(advice: str) -> str:
    """Return the line that gives advice."""
    return _("hint: {advice}").format(advice=advice)


def explained(error: PortOneError) -> str:
    """Return the reason of an error; in Korean its meaning first, and the details behind it."""
    return error.reason if current_language() == "en" else _in_korean(error)


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
    if current_language() == "en":
        text = str(error).removesuffix(error.advice).rstrip() if error.advice else str(error)
    else:
        text = f"{_in_korean(error)}{_history(error)}"
    return text, translated(error.advice)


def _in_korean(error: PortOneError) -> str:
    from portone_async.errors._error import worded_reason  # noqa: PLC0415 (loaded with the error)

    reason = worded_reason(error)
    names = [kind.__name__ for kind in type(error).__mro__]
    meaning = next(filter(None, map(_MEANINGS.get, names)), None)
    is_whole = isinstance(reason, Worded) and not _WHOLE.isdisjoint(names)
    if meaning is None or is_whole:
        return localized(reason)
    return f"{localized(meaning)} ({localized(reason).rstrip('.')})"


def _history(error: PortOneError) -> str:
    """Return the request of an error and its attempts, as ``str(error)`` has them in English."""
    from portone_async.errors._error import outcome_of  # noqa: PLC0415 (loaded with the error)

    identifiers = ", ".join(f"{name}={value!r}" for name, value in error.identifiers.items())
    request = " ".join(filter(None, (error.endpoint, identifiers and f"({identifiers})")))
    parts = [_(". Request: {request}").format(request=request)] if request else []
    if error.excerpt is not None:
        parts.append(_(", body begins {text}").format(text=repr(error.excerpt)))
    if error.attempts:
        text = _(". Tried {n} times in {seconds:.2f} s ({outcomes})")
        outcomes = ", ".join(map(outcome_of, error.attempts))
        parts.append(text.format(n=len(error.attempts), seconds=error.elapsed, outcomes=outcomes))
    known = (text for start, text in _GAVE_UP.items() if (error.gave_up or "").startswith(start))
    parts += [f"; {localized(text)}" for text in known]
    return "".join(parts)
