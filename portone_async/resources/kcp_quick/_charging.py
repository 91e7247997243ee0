"""Payments with prepaid money, and by automatic payment keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.call import Caller, validate_identifier
from portone_async.models import Payment
from portone_async.resources._charge import (
    Charge,
    carry_out,
    charge_amount,
    charge_call,
    charge_number,
)
from portone_async.resources._confidential import confidential
from portone_async.resources._request import Money, json_body, whole_money

__all__ = ("Charging",)


class Charging:
    """The operations of ``/kcpquick/payment``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def pay_with_money(
        self,
        member_id: str,
        *,
        channel_key: str,
        merchant_uid: str,
        name: str,
        amount: Money,
        imp_uid: str,
        notice_url: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> Payment:
        """Charge the prepaid money of a member, and return the payment when it is paid.

        Args:
            member_id: The shop's id of the member at KCP.
            channel_key: The channel, from the console.
            merchant_uid: The order number, at most 40 characters and without a slash.
            name: The name of the goods.
            amount: What is charged, in whole KRW.
            imp_uid: The transaction in which the member entered the PIN. Whether it serves for a
                second charge is not documented: only a second charge would show it.
            notice_url: Where the webhook of this payment goes.
            extra_body: Parameters that this package does not know.
            check_number: Whether to look the number up first.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ChargeFailedError: The charge failed.
            OutcomeUnknownError: Whether it was charged is unknown. Do not charge under another number.
            OrderNumberUsedError: The number has another payment; nothing was sent.
            PaymentMismatchError: A payment was made, but differs from what was sent, or is cancelled.
            ChargedTwiceError: The number has more than one paid payment.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused the request.
            PortOneError: Any other failure: nothing was sent.

        Source: ``POST /kcpquick/payment/money``.
        """
        validate_identifier("member_id", member_id)
        number, exact = charge_number(merchant_uid), whole_money("amount", charge_amount(amount))
        body = json_body(
            extra_body,
            member_id=member_id,
            channel_key=channel_key,
            merchant_uid=number,
            name=name,
            amount=exact,
            imp_uid=imp_uid,
            notice_url=notice_url,
        )
        return await carry_out(
            self._client,
            charge_call("/kcpquick/payment/money", body, merchant_uid=number),
            Charge(merchant_uid=number, amount=exact, transaction=imp_uid),
            seconds=settle,
            is_number_checked=check_number,
        )

    @confidential()
    async def pay_automatically(
        self,
        customer_uid: str,
        *,
        merchant_uid: str,
        name: str,
        buyer_name: str,
        amount: Money,
        notice_url: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> Payment:
        """Charge an automatic payment key, and return the payment when it is paid.

        Args:
            customer_uid: The shop's name for the key.
            merchant_uid: The order number, at most 40 characters and without a slash.
            name: The name of the goods.
            buyer_name: The buyer's name.
            amount: What is charged, in whole KRW.
            notice_url: Where the webhook of this payment goes.
            extra_body: Parameters that this package does not know.
            check_number: Whether to look the number up first.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: The errors of :meth:`pay_with_money`.

        Source: ``POST /kcpquick/payment/autopay``.
        """
        validate_identifier("customer_uid", customer_uid)
        number, exact = charge_number(merchant_uid), whole_money("amount", charge_amount(amount))
        body = json_body(
            extra_body,
            customer_uid=customer_uid,
            merchant_uid=number,
            name=name,
            buyer_name=buyer_name,
            amount=exact,
            notice_url=notice_url,
        )
        return await carry_out(
            self._client,
            charge_call(
                "/kcpquick/payment/autopay", body, merchant_uid=number, customer_uid=customer_uid
            ),
            Charge(merchant_uid=number, amount=exact, customer_uid=customer_uid),
            seconds=settle,
            is_number_checked=check_number,
        )
