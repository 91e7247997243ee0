"""The failures of Naver Pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portone_async._redact import escape
from portone_async.call import Failure
from portone_async.errors import ApiError, NotFoundError
from portone_async.models.naver import NaverProductOrder

__all__ = ("NaverNotFoundError", "ProductOrdersRefusedError", "classify", "classify_action")

# An error is one line of a log; its attribute `refused` has all of them.
_MOST_NAMED = 5


class NaverNotFoundError(NotFoundError):
    """PortOne reports that there is no such payment or product order for this key pair."""

    advice = "Check the id, and that the payment was made with Naver Pay under this key pair."


class ProductOrdersRefusedError(ApiError):
    """Naver refused some or all of the product orders; ``succeeded`` has the others.

    PortOne does not report why. It is not transient: the state of a refused product order usually
    forbids the operation.
    """

    advice = "Look the refused product orders up: their state or their claim tells why."

    def __init__(
        self,
        reason: str = "",
        *,
        succeeded: Sequence[NaverProductOrder] = (),
        refused: Sequence[str] = (),
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.succeeded = tuple(succeeded)
        """The product orders for which it was carried out. They have personal data, also in a
        pickle of this error; their ``repr`` has none."""
        self.refused = tuple(refused)
        """The ids of the others."""

    def __str__(self) -> str:
        named = ", ".join(self.refused[:_MOST_NAMED])
        more = len(self.refused) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"{super().__str__()} [refused: {escape(named)}{rest}]"


def classify(failure: Failure) -> type[ApiError] | None:
    """Choose the error class for a failed look-up."""
    return NaverNotFoundError if failure.status == 404 else None


def classify_action(failure: Failure) -> type[ApiError] | None:
    """Choose the error class for an operation: PortOne documents 500 for "none succeeded"."""
    if failure.status in (200, 500, 501):
        return ProductOrdersRefusedError
    return classify(failure)
