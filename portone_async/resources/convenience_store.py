"""``client.convenience_store``: barcodes that a convenience store takes money for (galaxia).

API: https://developers.portone.io/api/rest-v1/cvs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import ApiError, NotFoundError
from portone_async.models import Payment

from ._charge import charge_amount, charge_number
from ._confidential import confidential, secrets_in
from ._request import Money, json_body, notice_urls, optional_unix_seconds, path_value
from ._settle import validate_settle
from ._unpaid import (
    MoneyReceivedError,
    Request,
    SurplusPaymentsError,
    close_once,
    issue_once,
)
from .payments._checks import MatchesPayment

__all__ = (
    "BarcodeNotFoundError",
    "ConvenienceStore",
    "MoneyReceivedError",
    "SurplusPaymentsError",
)


class BarcodeNotFoundError(NotFoundError):
    """PortOne reports that there is no payment with this id."""

    advice = "Check imp_uid, and that the key pair is that of the shop."


class ConvenienceStore:
    """The operations of ``/cvs``. Their answers and refusals are hardly documented."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def issue(
        self,
        merchant_uid: str,
        *,
        channel_key: str,
        amount: Money,
        barcode: str | None = None,
        expired_at: datetime | None = None,
        name: str | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        buyer_addr: str | None = None,
        buyer_postcode: str | None = None,
        confirm_url: str | None = None,
        notice_url: str | Sequence[str] | None = None,
        custom_data: str | Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        reuse: bool = False,
        settle: float = 90,
    ) -> Payment:
        """Issue or register a barcode for an order. Its payment is ``ready`` until it is paid.

        As with virtual accounts, several may wait for one order number. The payments of the order
        are listed first; if the response is lost, the barcode's payment is looked for among those
        that were not there before, and never requested twice. Under which name the payment has the
        barcode is not documented (``doctor``: ``barcode-field``): look at ``raw``.

        Args:
            merchant_uid: The shop's order number, at most 40 characters, never paid before.
            channel_key: The channel of the console.
            amount: What the store takes.
            barcode: The shop's own barcode; without it galaxia issues one.
            expired_at: The deadline, with a time zone; without it that of the contract.
            name: The name of the goods.
            buyer_name: The buyer's name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            buyer_addr: The buyer's address.
            buyer_postcode: The buyer's postcode.
            confirm_url: A URL of the shop that PortOne requests before the store takes the money:
                only its HTTP 200 lets the payment pass.
            notice_url: Where this payment's webhooks go: one URL or several.
            custom_data: Text, or an object that PortOne stores as JSON text.
            extra_body: Parameters that this package does not know.
            reuse: Return the payment of this order that waits for this amount already, so that a
                job that is delivered twice issues one barcode.
            settle: Seconds to look for the payment after a lost answer; 0 for one look-up.

        Raises:
            OrderNumberUsedError: The order was paid before; nothing was sent.
            SurplusPaymentsError: Several barcodes wait: show one to the buyer, close the others.
            OutcomeUnknownError: The answer was lost, and no payment appeared in time. It may
                still come: call again with ``reuse=True``.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed; no barcode was issued.

        Source: ``POST /cvs``.
        """
        seconds = validate_settle(settle)
        exact = charge_amount(amount)
        body = json_body(
            extra_body,
            channel_key=channel_key,
            merchant_uid=charge_number(merchant_uid),
            amount=exact,
            barcode=barcode,
            expired_at=optional_unix_seconds("expired_at", expired_at),
            name=name,
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            buyer_addr=buyer_addr,
            buyer_postcode=buyer_postcode,
            confirm_url=confirm_url,
            notice_url=notice_urls(notice_url),
            custom_data=custom_data,
        )
        call = Call(
            "POST",
            "/cvs",
            Payment,
            body=body,
            identifiers={"merchant_uid": merchant_uid},
            check=MatchesPayment(merchant_uid=merchant_uid),
            repeat=Repeat.UNSAFE,
            secrets=secrets_in(body),
        )
        request = Request(call, merchant_uid, exact, _is_barcode)
        return await issue_once(self._client, request, reuse=reuse, seconds=seconds)

    async def close(self, imp_uid: str, *, settle: float = 90) -> Payment:
        """Revoke an unpaid barcode. One that is revoked already is a success.

        What PortOne answers for one that is paid or revoked is not documented, and ``doctor``
        cannot check it. So after a refusal or a lost answer the payment is looked up, and revoked
        again while it is ``ready``.

        Args:
            imp_uid: The payment.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            MoneyReceivedError: It is paid.
            BarcodeNotFoundError: PortOne reports no such payment.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``DELETE /cvs/{imp_uid}``.
        """
        seconds = validate_settle(settle)
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        call = Call(
            "DELETE",
            "/cvs/{imp_uid}",
            Payment,
            path=path,
            identifiers=path,
            check=MatchesPayment(imp_uid=imp_uid),
            classify=_classify,
            repeat=Repeat.GUARDED,
        )
        return await close_once(self._client, call, imp_uid, seconds=seconds)


def _classify(failure: Failure) -> type[ApiError] | None:
    return BarcodeNotFoundError if failure.status == 404 else None


def _is_barcode(payment: Payment) -> bool:
    # PortOne documents no word for this pay_method, but that "api" is what no window made.
    others = ("card", "vbank", "trans", "phone")
    is_api = payment.channel == "api" and payment.pay_method not in others
    return payment.pay_method == "cvs" or is_api
