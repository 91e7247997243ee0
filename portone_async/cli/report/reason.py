"""Why something could not be checked, as a sentence that the page can say in either language."""

from __future__ import annotations

from portone_async.reconcile.finding import Finding

__all__ = ("REASONS", "reason_of")

# By the name of the error that a finding's text begins with.
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
# By what else it begins with, as `reconcile` words it.
_BY_BEGINNING = {
    "the order number was given twice": "contradicted",
    "negative rows are taken for refunds": "refunds",
    # A payment in a list that cannot be read.
    "imp_uid=": "answer",
}

REASONS = (*sorted({*_BY_ERROR.values(), *_BY_BEGINNING.values()}), "row", "other")
"""Every reason; ``error.{reason}`` is its sentence."""


def reason_of(finding: Finding) -> tuple[str, str]:
    """Find the sentence for a finding's error.

    Returns:
        The reason, and the place in the order file that its sentence names; both empty where
        there is no error.
    """
    error = finding.error or ""
    if not error:
        return "", ""
    name, _, _ = error.partition(":")
    if name in _BY_ERROR:
        return _BY_ERROR[name], ""
    for beginning, reason in _BY_BEGINNING.items():
        if error.startswith(beginning):
            return reason, ""
    if finding.order is None and not finding.payments:
        place, _, _ = error.partition(": ")
        return "row", place
    return "other", ""
