"""``client.virtual_accounts``: bank accounts that wait for the money of one order.

API: https://developers.portone.io/api/rest-v1/vbank
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from portone_async._redact import SecretDict
from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import ApiError, InvalidRequestError, NotFoundError
from portone_async.models import Payment

from ._charge import charge_amount, charge_number
from ._confidential import confidential, secrets_in
from ._request import (
    Money,
    json_body,
    money,
    notice_urls,
    optional_money,
    optional_unix_seconds,
    path_value,
    positive_money,
    unix_seconds,
)
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
    "MoneyReceivedError",
    "SurplusPaymentsError",
    "VirtualAccountNotFoundError",
    "VirtualAccountNotWaitingError",
    "VirtualAccounts",
)


class VirtualAccountNotFoundError(NotFoundError):
    """PortOne reports that there is no payment with this id."""

    advice = "Check imp_uid, and that the key pair is that of the shop."


class VirtualAccountNotWaitingError(ApiError):
    """HTTP 400: the payment has no virtual account, or its account does not wait for money.

    PortOne's only documented reason for this status is a missing ``imp_uid``.
    """

    advice = "Look the payment up: its status says whether it is paid or closed."


class VirtualAccounts:
    """The operations of ``/vbanks``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def issue(
        self,
        merchant_uid: str,
        *,
        channel_key: str,
        amount: Money,
        vbank_code: str,
        vbank_due: datetime,
        product_type: Literal["real", "digital"] | str | None = None,
        vbank_num: str | None = None,
        vbank_holder: str | None = None,
        vbank_key: str | None = None,
        name: str | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        business_registration_number: str | None = None,
        buyer_addr: str | None = None,
        buyer_postcode: str | None = None,
        notice_url: str | Sequence[str] | None = None,
        custom_data: str | Mapping[str, Any] | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        pg_api_key: str | None = None,
        product_count: int | None = None,
        escrow_password: str | None = None,
        fixed_unlimited_vbank: bool | None = None,
        extra_body: Mapping[str, Any] | None = None,
        reuse: bool = False,
        settle: float = 90,
    ) -> Payment:
        """Open an account for an order. Its payment is ``ready`` until the money comes.

        PortOne allows several waiting accounts for one order number, so that a request must not be
        repeated blindly. The payments of the order are listed first. If the response is lost, the
        account is looked for among those that were not there before; it is never requested twice.
        If none appears in time, the outcome is unknown: it may still come, and a second account
        lets the buyer pay twice. Call again with ``reuse=True`` then.

        Args:
            merchant_uid: The shop's order number, at most 40 characters, never paid before.
            channel_key: The channel of the console.
            amount: The deposit to wait for.
            vbank_code: The bank in the PG's own code, as in ``BK04`` (KCP) or ``04`` (inicis).
            vbank_due: The deadline, with a time zone.
            product_type: ``real`` or ``digital`` (ksnet).
            vbank_num: The number of a fixed account (smartro_v2, settle).
            vbank_holder: The holder to show; some PGs show the shop's name instead.
            vbank_key: The key of a fixed account (tosspayments).
            name: The name of the goods.
            buyer_name: The buyer's name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            business_registration_number: The buyer's (nice_v2).
            buyer_addr: The buyer's address.
            buyer_postcode: The buyer's postcode.
            notice_url: Where this payment's webhooks go: one URL or several.
            custom_data: Text, or an object that PortOne stores as JSON text.
            tax_free: The tax-free part of ``amount``.
            vat_amount: The VAT part of ``amount``.
            pg_api_key: The INIAPI key, which html5_inicis requires. It is sent in the query.
            product_count: The number of goods.
            escrow_password: For settle's fixed accounts with escrow.
            fixed_unlimited_vbank: A fixed account of settle for any number of deposits of any
                amount: ``amount`` is ignored.
            extra_body: Parameters that this package does not know.
            reuse: Return an account of this order that waits for this amount already, before its
                deadline. A job that is delivered twice then opens one account.
            settle: Seconds to look for the account after a lost answer; 0 for one look-up.

        Raises:
            OrderNumberUsedError: The order was paid before; nothing was sent.
            SurplusPaymentsError: Several accounts wait: show one to the buyer, close the others.
            OutcomeUnknownError: The answer was lost, and no account appeared in time.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed; no account was opened.

        Source: ``POST /vbanks``.
        """
        seconds = validate_settle(settle)
        # PortOne ignores the amount of an account for any deposit.
        exact = (
            money("amount", amount)
            if fixed_unlimited_vbank
            else charge_amount(amount, tax_free=tax_free, vat_amount=vat_amount)
        )
        query = _key_query(pg_api_key)
        body = json_body(
            extra_body,
            channel_key=channel_key,
            merchant_uid=charge_number(merchant_uid),
            amount=exact,
            product_type=product_type,
            vbank_num=vbank_num,
            vbank_code=vbank_code,
            vbank_due=unix_seconds("vbank_due", vbank_due),
            vbank_holder=vbank_holder,
            vbank_key=vbank_key,
            name=name,
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            business_registration_number=business_registration_number,
            buyer_addr=buyer_addr,
            buyer_postcode=buyer_postcode,
            notice_url=notice_urls(notice_url),
            custom_data=custom_data,
            tax_free=optional_money("tax_free", tax_free),
            vat_amount=optional_money("vat_amount", vat_amount),
            product_count=product_count,
            escrow_password=escrow_password,
            fixed_unlimited_vbank=fixed_unlimited_vbank,
        )
        call = Call(
            "POST",
            "/vbanks",
            Payment,
            query=query,
            body=body,
            identifiers={"merchant_uid": merchant_uid},
            check=MatchesPayment(merchant_uid=merchant_uid),
            repeat=Repeat.UNSAFE,
            secrets=secrets_in([body, query]),
        )
        expected = None if fixed_unlimited_vbank else exact
        request = Request(call, merchant_uid, expected, _has_account)
        return await issue_once(self._client, request, reuse=reuse, seconds=seconds)

    @confidential()
    async def update(
        self,
        imp_uid: str,
        *,
        amount: Money | None = None,
        vbank_due: datetime | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> Payment:
        """Change the amount or the deadline of a waiting account: settle only.

        A second time leaves the same state. settle does not change tax-free and mixed payments,
        and its page calls ``vbank_due`` required.

        Args:
            imp_uid: The payment.
            amount: The new deposit to wait for.
            vbank_due: The new deadline, with a time zone.
            extra_body: Parameters that this package does not know.

        Raises:
            VirtualAccountNotWaitingError: It has no account that waits for money.
            VirtualAccountNotFoundError: PortOne reports no such payment.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``PUT /vbanks/{imp_uid}``.
        """
        body = json_body(
            extra_body,
            amount=None if amount is None else positive_money("amount", amount),
            vbank_due=optional_unix_seconds("vbank_due", vbank_due),
        )
        if not body:
            raise InvalidRequestError("nothing to change: pass amount or vbank_due")
        return await self._client.call(_call("PUT", imp_uid, Repeat.SET, body=body))

    @confidential()
    async def close(
        self, imp_uid: str, *, pg_api_key: str | None = None, settle: float = 90
    ) -> Payment:
        """Close a waiting account. One that is closed already is a success.

        If it is refused, or if the response is lost, the payment is looked up, and the account is
        closed again while it is ``ready``. Which status a closed one has is not documented:
        probably ``cancelled``, but only a closed one would show it. Nothing was paid, so it is
        not a refund.

        Args:
            imp_uid: The payment.
            pg_api_key: The INIAPI key, which html5_inicis requires. It is sent in the query.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            MoneyReceivedError: Money has come in.
            VirtualAccountNotWaitingError: It was refused, although the payment is ``ready``.
            VirtualAccountNotFoundError: PortOne reports no such payment.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``DELETE /vbanks/{imp_uid}``.
        """
        seconds = validate_settle(settle)
        query = _key_query(pg_api_key)
        call = _call("DELETE", imp_uid, Repeat.GUARDED, query=query)
        return await close_once(self._client, call, imp_uid, seconds=seconds)


def _call(
    method: str,
    imp_uid: str,
    repeat: Repeat,
    *,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
) -> Call[Payment]:
    path = {"imp_uid": path_value("imp_uid", imp_uid)}
    return Call(
        method,
        "/vbanks/{imp_uid}",
        Payment,
        path=path,
        query=query,
        body=body,
        identifiers=path,
        check=MatchesPayment(imp_uid=imp_uid),
        classify=_classify,
        repeat=repeat,
        secrets=secrets_in([body, query]),
    )


def _classify(failure: Failure) -> type[ApiError] | None:
    kinds = {400: VirtualAccountNotWaitingError, 404: VirtualAccountNotFoundError}
    return kinds.get(failure.status)


def _key_query(pg_api_key: str | None) -> Mapping[str, str] | None:
    # PortOne does not find it in the body.
    return None if pg_api_key is None else SecretDict(pg_api_key=pg_api_key)


def _has_account(payment: Payment) -> bool:
    # A payment window makes a ready payment as well: only one with an account waits for a deposit.
    return payment.pay_method == "vbank" or payment.vbank_num is not None
