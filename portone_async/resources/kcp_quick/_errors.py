"""The error of KCP quick pay."""

from __future__ import annotations

from portone_async.call import Failure
from portone_async.errors import ApiError, NotFoundError
from portone_async.resources._settle import verdict

__all__ = ("KcpQuickNotFoundError", "classify")


class KcpQuickNotFoundError(NotFoundError):
    """PortOne reports that there is no such registration, key or member."""

    advice = "It was deleted or never registered, or belongs to another key pair."


def classify(failure: Failure) -> type[ApiError] | None:
    # The messages of these 404s are not documented.
    return KcpQuickNotFoundError if failure.status == 404 else verdict(failure)
