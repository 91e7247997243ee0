"""The reason why an order could not be checked, as the key of a sentence in both languages."""

from __future__ import annotations

from portone_async._worded import Worded
from portone_async.cli.language import Language
from portone_async.cli.wording import localized
from portone_async.reconcile.finding import Finding

__all__ = ("REASONS", "reason_of", "row_problem")

# By the error class with which the error of a finding starts.
_BY_ERROR = {
    "RequestTimeoutError": "timeout",
    "DeadlineExceededError": "timeout",
    "ConnectionFailedError": "connection",
    "CertificateError": "connection",
    "RateLimitedError": "busy",
    "ServerError": "server",
    "UnexpectedResponseError": "answer",
    "MalformedResponseError": "answer",
    "InvalidRequestError": "number",
}
# By another start of the error; `reconcile` writes these texts.
_BY_START = {
    "the order number appears twice": "contradicted",
    "negative amounts count as refunds": "refunds",
    # An unreadable payment in a list.
    "imp_uid=": "answer",
}

REASONS = (*sorted({*_BY_ERROR.values(), *_BY_START.values()}), "row", "other")
"""All reasons; the key of a sentence is ``error.`` and the reason."""


def reason_of(finding: Finding) -> tuple[str, str]:
    """Return the reason for a finding's error.

    Returns:
        The reason, and the place in the order file that its sentence names, which
        :func:`portone_async.cli.wording.localized` words in a language. Both are empty if the
        finding has no error.
    """
    error = finding.error or ""
    if not error:
        return "", ""
    if isinstance(error, Worded):  # Only errors of rows: see `RowReasons`.
        place = error.parameters["place"]
        return "row", place if isinstance(place, str) else ""
    name, _, _ = error.partition(":")
    if name in _BY_ERROR:
        return _BY_ERROR[name], ""
    for start, reason in _BY_START.items():
        if error.startswith(start):
            return reason, ""
    if finding.order is None and not finding.payments:
        place, _, _ = error.partition(": ")
        return "row", place
    return "other", ""


def row_problem(finding: Finding, language: Language) -> str:
    """Return why a row could not be read, in a language; empty if that is known in English only."""
    error = finding.error
    if language == "en" or not isinstance(error, Worded):
        return ""
    reason = error.parameters["reason"]
    return localized(reason, language) if isinstance(reason, str) else ""
