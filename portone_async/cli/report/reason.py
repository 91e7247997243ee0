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
_CONTRADICTED = "the order number was given twice"

REASONS = (*sorted(set(_BY_ERROR.values())), "contradicted", "row", "other")
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
    if error.startswith(_CONTRADICTED):
        return "contradicted", ""
    if finding.order is None and not finding.payments:
        place, _, _ = error.partition(": ")
        return "row", place
    return "other", ""
