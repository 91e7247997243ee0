"""The refunds of an account: what they leave of a payment, and which of them take days."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal

from portone_async.models import Cancellation
from portone_async.testing.account import Account
from portone_async.testing.record import blank

__all__ = ("Refunds", "RefusedError", "Terms", "history_entry", "money_in")

_DAY = 86400.0


class RefusedError(Exception):
    """PortOne refuses the refund. The text is the message of the reply."""

    def __init__(self, message: str, *, code: int = -1) -> None:
        super().__init__(message)
        self.code = code


class Refunds:
    """``server.refunds``: how the fake refunds."""

    promotion_unit: Literal["order", "approved"]
    """The money in which ``cancel_amount`` and ``cancel_history`` of a payment with a promotion
    are: before the discount, or after it. PortOne documents neither. ``amount`` and ``checksum`` of
    a request are before the discount. With "approved", ``amount`` of the payment is after it."""
    promotion_minimums: dict[str, Decimal]
    """By ``promotion.id``: the order amount from which on the discount is given."""
    pending_seconds: float
    """How long a refund takes where it is not final at once: by ``paypal_v2``, and to a virtual
    account by ``smartro_v2`` or ``daou``. Invented; PortOne speaks of days."""
    pending_imp_uids: set[str]
    """Other payments whose refunds are accepted at once, and made as much later."""

    def __init__(self, _: Account) -> None:
        self.promotion_unit = "order"
        self.promotion_minimums = {}
        self.pending_seconds = 2 * _DAY
        self.pending_imp_uids = set()
        self._order_money: dict[str, Decimal] = {}
        self._retained: dict[str, bool] = {}

    def balance(self, record: Mapping[str, Any]) -> Decimal:
        """Return what can be refunded, in the money of ``amount`` and ``checksum``."""
        if not record.get("promotion") or self.promotion_unit == "order":
            return money_in(record, "amount") - money_in(record, "cancel_amount")
        done = self._order_money.get(record["imp_uid"], Decimal(0))
        return _order_total(record, self.promotion_unit) - done

    def terms(self, record: Mapping[str, Any], amount: Decimal, *, is_retained: bool) -> Terms:
        """Return what a refund does to a payment.

        Raises:
            RefusedError: The rest of the order would cost more than was paid for the whole.
        """
        if not record.get("promotion"):
            return Terms(amount, amount)
        # The first choice binds the later ones.
        is_retained = self._retained.get(record["imp_uid"], is_retained)
        total, approved = _order_total(record, self.promotion_unit), self._approved(record)
        rest = self.balance(record) - amount
        minimum = self.promotion_minimums.get(record["promotion"].get("id"), Decimal(0))
        # What was paid of the balance so far, and what the rest costs.
        paid = _share(self.balance(record), approved, total)
        costs = rest if rest < minimum and not is_retained else _share(rest, approved, total)
        if costs > paid:
            # Not documented: the message.
            raise RefusedError("결제취소에 실패하였습니다.(프로모션 조건을 충족하지 않습니다.)")
        given_back = amount if self.promotion_unit == "order" else paid - costs
        return Terms(amount, given_back, is_retained=is_retained)

    def record(self, imp_uid: str, terms: Terms) -> None:
        """Remember a refund that was made."""
        done = self._order_money.get(imp_uid, Decimal(0))
        self._order_money[imp_uid] = done + terms.order_money
        self._retained.setdefault(imp_uid, terms.is_retained)

    def _approved(self, record: Mapping[str, Any]) -> Decimal:
        discount = money_in(record["promotion"], "discount")
        return _order_total(record, self.promotion_unit) - discount


class Terms:
    """What a refund does: to the balance, and to ``cancel_amount``."""

    def __init__(
        self, order_money: Decimal, given_back: Decimal, *, is_retained: bool = False
    ) -> None:
        self.order_money = order_money
        self.given_back = given_back
        self.is_retained = is_retained


def history_entry(
    record: Mapping[str, Any], amount: Decimal, *, reason: str | None, now: float
) -> dict[str, Any]:
    """Return the new entry of ``cancel_history``."""
    number = len(record.get("cancel_history") or ()) + 1
    return {
        **blank(Cancellation),
        "amount": amount,
        "cancellation_id": f"cancellation_{record['imp_uid']}_{number}",
        "cancelled_at": int(now),
        "pg_tid": record.get("pg_tid"),
        "reason": reason,
        "receipt_url": record.get("receipt_url"),
    }


def money_in(record: Mapping[str, Any], name: str) -> Decimal:
    """Return an amount in a record, where it may be absent."""
    return Decimal(str(record.get(name) or 0))


def _order_total(record: Mapping[str, Any], unit: str) -> Decimal:
    """Return the amount before the discount."""
    amount = money_in(record, "amount")
    return amount if unit == "order" else amount + money_in(record["promotion"], "discount")


def _share(order_money: Decimal, approved: Decimal, total: Decimal) -> Decimal:
    """Return what was paid for a part of the order."""
    share = order_money * approved / total
    return share.quantize(Decimal(1), ROUND_DOWN)
