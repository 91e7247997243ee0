"""``client.benepia``: payments with Benepia points, through KCP.

API: https://developers.portone.io/api/rest-v1/benepia
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portone_async.call import Call, Caller, Repeat
from portone_async.errors import InvalidRequestError
from portone_async.models import Payment
from portone_async.models.benepia import BenepiaPoints

from ._charge import Charge, carry_out, charge_amount, charge_call, charge_number
from ._confidential import confidential, secrets_in
from ._request import Money, json_body, notice_urls
from ._settle import verdict

__all__ = ("Benepia",)


class Benepia:
    """The operations of ``/benepia``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def points(
        self,
        *,
        benepia_user: str,
        benepia_password: str,
        channel_key: str,
        extra_body: Mapping[str, Any] | None = None,
    ) -> BenepiaPoints:
        """Return the points of an account.

        It changes nothing and is retried after a temporary failure. Whether wrong passwords lock
        the account is not documented, and ``doctor`` cannot check it.

        Args:
            benepia_user: The id of the account.
            benepia_password: Its password.
            channel_key: The channel, from the console.
            extra_body: Parameters that this package does not know.

        Raises:
            ApiError: PortOne or KCP refused it, as for a wrong password.
            PortOneError: Any other failure.

        Source: ``POST /benepia/point``.
        """
        body = json_body(
            extra_body,
            benepia_user=benepia_user,
            benepia_password=benepia_password,
            channel_key=channel_key,
        )
        return await self._client.call(
            Call(
                "POST",
                "/benepia/point",
                BenepiaPoints,
                body=body,
                repeat=Repeat.READ,
                classify=verdict,
                secrets=secrets_in(body),
            )
        )

    @confidential()
    async def pay(
        self,
        *,
        benepia_user: str,
        benepia_password: str,
        merchant_uid: str,
        amount: Money,
        name: str,
        channel_key: str,
        benepia_member_code: str | None = None,
        test: bool = False,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        buyer_addr: str | None = None,
        buyer_postcode: str | None = None,
        notice_url: str | Sequence[str] | None = None,
        custom_data: str | Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> Payment:
        """Pay with points, and return the payment when it is paid.

        It happens once for each ``merchant_uid``, as :class:`portone_async.resources.charges.Charges`
        describes it. PortOne documents that a number which was ever paid is refused.

        Args:
            benepia_user: The id of the account.
            benepia_password: Its password.
            merchant_uid: The order number, at most 40 characters and without a slash.
            amount: What is charged, in KRW.
            name: The name of the goods.
            channel_key: The channel, from the console.
            benepia_member_code: The code of the buyer's company.
            test: Make a test transaction, which charges nothing. PortOne does so where the code is
                absent, so one of the two must be given.
            buyer_name: The buyer's name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            buyer_addr: The buyer's address.
            buyer_postcode: The buyer's postcode.
            notice_url: Where the webhooks of this payment go.
            custom_data: The shop's own data; PortOne stores an object as JSON text.
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
            ApiError: PortOne or KCP refused it (also by HTTP 500), and the number has no payment.
            PortOneError: Any other failure: nothing was sent.

        Source: ``POST /benepia/payment``.
        """
        if (benepia_member_code is not None) is test:
            raise InvalidRequestError(
                "give benepia_member_code, or test=True for a transaction that charges nothing"
            )
        number, exact = charge_number(merchant_uid), charge_amount(amount)
        body = json_body(
            extra_body,
            benepia_user=benepia_user,
            benepia_password=benepia_password,
            benepia_member_code=benepia_member_code,
            merchant_uid=number,
            amount=exact,
            name=name,
            channel_key=channel_key,
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            buyer_addr=buyer_addr,
            buyer_postcode=buyer_postcode,
            notice_url=notice_urls(notice_url),
            custom_data=custom_data,
        )
        return await carry_out(
            self._client,
            charge_call("/benepia/payment", body, merchant_uid=number, classify=verdict),
            Charge(merchant_uid=number, amount=exact),
            seconds=settle,
            is_number_checked=check_number,
        )
