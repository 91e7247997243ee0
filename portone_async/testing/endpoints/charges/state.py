"""The outcomes of the next charges of an account."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from portone_async.testing.account import Account
from portone_async.testing.guard import guarded

__all__ = ("DECLINED", "Charges", "Plan")

DECLINED = "[3095]한도초과"
"""The reason of a failed charge: over the limit of the card."""
_REFUSED = "카드정보 확인에 실패하였습니다. [F113]거래거절 카드번호틀림"


class Plan(Struct, frozen=True):
    """What happens to one charge."""

    fail_reason: str | None = None
    """It fails: PortOne answers code 0, with a payment whose status is ``failed``."""
    refusal: tuple[int, str] | None = None
    """It is refused with this code and message, and leaves no payment."""
    hidden_for: float = 0.0
    """For how many seconds look-ups do not see its payment."""


class Charges:
    """``server.charges``: what happens to the next charges, whichever operation they come by.

    A charge makes a payment, which is in ``server.payments``. Charges of one billing key fail by
    ``server.billing_keys.decline()``.
    """

    refuses_used_numbers: bool
    """Whether a ``merchant_uid`` that has a payment is refused. PortOne documents that it must be
    new, but not what happens if it is not."""

    def __init__(self, _: Account) -> None:
        self.refuses_used_numbers = True
        self._plans: deque[Plan] = deque()
        self._hidden: set[str] = set()

    @guarded
    def fail_next(self, reason: str = DECLINED, *, times: int = 1) -> None:
        """Let the next charges fail: code 0, and a payment with the status ``failed``."""
        self._plans.extend([Plan(fail_reason=reason)] * times)

    @guarded
    def refuse_next(self, message: str = _REFUSED, *, code: int = -1, times: int = 1) -> None:
        """Let PortOne refuse the next charges: another code than 0, and no payment."""
        self._plans.extend([Plan(refusal=(code, message))] * times)

    @guarded
    def hide_next(self, seconds: float, *, times: int = 1) -> None:
        """Let the payments of the next charges be visible to look-ups only later.

        How long it takes is not documented. Until then their numbers are used already.

        Args:
            seconds: Of the server's clock: ``server.advance()`` moves it.
            times: How many charges.
        """
        self._plans.extend([Plan(hidden_for=seconds)] * times)

    @guarded
    def take_plan(self) -> Plan:
        """Return what happens to a charge that is made now."""
        return self._plans.popleft() if self._plans else Plan()

    @guarded
    def hide(self, merchant_uid: str) -> None:
        """Remember a number whose payment is not visible yet."""
        self._hidden.add(merchant_uid)

    @guarded
    def show(self, merchant_uid: str) -> None:
        """Forget a number whose payment is visible now."""
        self._hidden.discard(merchant_uid)

    def is_hidden(self, merchant_uid: str) -> bool:
        return merchant_uid in self._hidden
