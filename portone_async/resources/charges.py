"""``client.charges``: charges without a payment window, by a billing key or by a card.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async.call import Caller, Failure, validate_identifier
from portone_async.errors import NotFoundError
from portone_async.models import Payment

from ._charge import DEFAULT_CURRENCY, Charge, carry_out, charge_amount, charge_call, charge_number
from ._confidential import confidential
from ._request import Money, json_body, optional_money

__all__ = ("ChargedKeyNotFoundError", "Charges")

# PortOne's message for an unknown key: "a buyer that is not registered".
_NO_SUCH_KEY = "등록되지 않은 구매자"


class ChargedKeyNotFoundError(NotFoundError):
    """PortOne reports that there is no billing key of this ``customer_uid``. Nothing was charged."""

    advice = (
        "Issue the key first, by billing_keys.issue() or in a payment window with a customer_uid."
    )


class Charges:
    """The operations ``again`` and ``onetime`` of ``/subscribe/payments``.

    A charge is recognized by its ``merchant_uid``, so it happens once however often its job runs:

    - The number is looked up first. If it is paid, with this amount, currency and key, that payment
      is returned; if it has any other payment, nothing is sent.
    - The charge is sent once. While its outcome is open it is looked up, and never sent again.

    Compute the number from what is charged: :func:`portone_async.order_number`.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def with_billing_key(
        self,
        customer_uid: str,
        *,
        merchant_uid: str,
        amount: Money,
        name: str,
        currency: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        buyer_addr: str | None = None,
        buyer_postcode: str | None = None,
        card_quota: int | None = None,
        interest_free_by_merchant: bool | None = None,
        use_card_point: bool | None = None,
        custom_data: str | Mapping[str, Any] | None = None,
        notice_url: str | None = None,
        browser_ip: str | None = None,
        product_type: Literal["real", "digital"] | str | None = None,
        product_count: int | None = None,
        cash_receipt_type: Literal["person", "company", "anonymous"] | str | None = None,
        bypass: str | None = None,
        extra: Mapping[str, Any] | None = None,
        promotion_id: str | None = None,
        channel_key: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> Payment:
        """Charge a stored billing key, and return the payment when it is paid.

        Args:
            customer_uid: The shop's name for the key.
            merchant_uid: The order number, at most 40 characters and without a slash. It must be
                new for each charge; a failed one uses it up.
            amount: What is charged, in ``currency``.
            name: The name of the goods.
            currency: As in ``USD``; PortOne's default is KRW.
            tax_free: The part of the amount that is free of tax.
            vat_amount: The part that is VAT; computed by PortOne if it is not given.
            buyer_name: The buyer. Some PGs require this and the next ones.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            buyer_addr: The buyer's address.
            buyer_postcode: The buyer's postcode.
            card_quota: Months of instalment; 0 for a lump sum, from 2 on only at 50,000 KRW or more.
            interest_free_by_merchant: Whether the shop pays the interest of the instalments.
            use_card_point: Whether points of the card are spent.
            custom_data: The shop's own data; PortOne stores an object as JSON text.
            notice_url: Where the webhook of this payment goes.
            browser_ip: The buyer's IP address; ``paymentwall`` requires it.
            product_type: The kind of goods; ``ksnet`` requires it.
            product_count: How many goods; PortOne's default is 1.
            cash_receipt_type: For ``tosspay_v2``.
            bypass: JSON text that the PG receives as it is.
            extra: As in ``{"naverUseCfm": "20261231"}`` for ``naverpay``.
            promotion_id: A PortOne promotion. Its discount may be taken off the payment's amount.
            channel_key: The channel to charge, for a super billing key.
            extra_body: Parameters that this package does not know.
            check_number: Whether to look the number up first. Without it a second delivery is sent,
                and an old failure of the number cannot be distinguished from this one.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ChargeFailedError: The charge failed. ``paymentwall`` may still turn it into paid.
            OutcomeUnknownError: Whether it was charged is unknown. Do not charge under another number.
            OrderNumberUsedError: The number has another payment; nothing was sent.
            PaymentMismatchError: A payment was made, but differs from what was sent, or is cancelled.
            ChargedTwiceError: The number has more than one paid payment.
            ChargedKeyNotFoundError: PortOne reports no such key.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused the request.
            PortOneError: Any other failure: nothing was sent.

        That PortOne refuses a used number, what it answers, and how soon a charge can be looked up
        is not documented: only a charge would show it. So a job that was killed must not run again
        at once: wait as long as ``settle``.

        Source: ``POST /subscribe/payments/again``.
        """
        validate_identifier("customer_uid", customer_uid)
        number = charge_number(merchant_uid)
        exact = charge_amount(
            amount,
            currency=currency or DEFAULT_CURRENCY,
            tax_free=tax_free,
            vat_amount=vat_amount,
        )
        body = json_body(
            extra_body,
            customer_uid=customer_uid,
            merchant_uid=number,
            amount=exact,
            name=name,
            currency=currency,
            tax_free=optional_money("tax_free", tax_free),
            vat_amount=optional_money("vat_amount", vat_amount),
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            buyer_addr=buyer_addr,
            buyer_postcode=buyer_postcode,
            card_quota=card_quota,
            interest_free_by_merchant=interest_free_by_merchant,
            use_card_point=use_card_point,
            custom_data=custom_data,
            notice_url=notice_url,
            browser_ip=browser_ip,
            product_type=product_type,
            product_count=product_count,
            cash_receipt_type=cash_receipt_type,
            bypass=bypass,
            extra=extra,
            promotion_id=promotion_id,
            channel_key=channel_key,
        )
        return await carry_out(
            self._client,
            charge_call(
                "/subscribe/payments/again",
                body,
                merchant_uid=number,
                customer_uid=customer_uid,
                classify=_classify,
            ),
            Charge(
                merchant_uid=number,
                amount=exact,
                currency=currency,
                customer_uid=customer_uid,
                has_promotion=promotion_id is not None,
            ),
            seconds=settle,
            is_number_checked=check_number,
        )

    @confidential()
    async def with_card(
        self,
        *,
        merchant_uid: str,
        amount: Money,
        card_number: str,
        expiry: str,
        birth: str | None = None,
        pwd_2digit: str | None = None,
        cvc: str | None = None,
        customer_uid: str | None = None,
        pg: str | None = None,
        channel_group_id: str | None = None,
        name: str | None = None,
        currency: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        buyer_addr: str | None = None,
        buyer_postcode: str | None = None,
        card_quota: int | None = None,
        interest_free_by_merchant: bool | None = None,
        use_card_point: bool | None = None,
        custom_data: str | Mapping[str, Any] | None = None,
        notice_url: str | None = None,
        browser_ip: str | None = None,
        secure_3d_charge_id: str | None = None,
        secure_3d_token: str | None = None,
        product_type: Literal["real", "digital"] | str | None = None,
        promotion_id: str | None = None,
        bypass: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> Payment:
        """Charge a card by its data, and return the payment when it is paid.

        The parameters that are not explained here are those of :meth:`with_billing_key`, and so are
        the errors. Two charges of a number are the same if amount, currency and ``customer_uid`` are:
        PortOne does not return the whole card number to compare.

        Args:
            merchant_uid: The order number, at most 40 characters and without a slash; new each time.
            amount: What is charged, in ``currency``.
            card_number: 14 to 16 digits, with or without hyphens.
            expiry: ``YYYY-MM``.
            birth: ``YYMMDD``, or the 10 digits of the business that has the card.
            pwd_2digit: The first two digits of the card's password.
            cvc: 3 or 4 digits, for ``paymentwall``, which requires them.
            customer_uid: Store the card as the billing key of this name as well. It may replace
                another key silently.
            pg: The PG, as ``provider`` or ``provider.MID``. PortOne silently uses the default one
                if it does not know it.
            channel_group_id: The smart routing group, of which one channel is charged.
            name: The name of the goods; ``html5_inicis`` requires it.
            currency: As in ``USD``; PortOne's default is KRW.
            tax_free: The part of the amount that is free of tax.
            vat_amount: The part that is VAT; computed by PortOne if it is not given.
            buyer_name: The buyer; for ``paymentwall`` as first and last name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            buyer_addr: The buyer's address.
            buyer_postcode: The buyer's postcode.
            card_quota: Months of instalment; 0 for a lump sum.
            interest_free_by_merchant: Whether the shop pays the interest of the instalments.
            use_card_point: Whether points of the card are spent.
            custom_data: The shop's own data.
            notice_url: Where the webhook of this payment goes.
            browser_ip: The buyer's IP address; ``paymentwall`` requires it.
            secure_3d_charge_id: For ``paymentwall``, after 3-D Secure.
            secure_3d_token: For ``paymentwall``, after 3-D Secure.
            product_type: The kind of goods; ``ksnet`` requires it.
            promotion_id: A PortOne promotion.
            bypass: JSON text that the PG receives as it is.
            extra_body: Parameters that this package does not know.
            check_number: Whether to look the number up first.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ChargeFailedError: The charge failed.
            OutcomeUnknownError: Whether it was charged is unknown. Do not charge under another number.
            OrderNumberUsedError: The number has another payment; nothing was sent.
            PortOneError: Any error of :meth:`with_billing_key`.

        Source: ``POST /subscribe/payments/onetime``.
        """
        number = charge_number(merchant_uid)
        exact = charge_amount(
            amount,
            currency=currency or DEFAULT_CURRENCY,
            tax_free=tax_free,
            vat_amount=vat_amount,
        )
        body = json_body(
            extra_body,
            merchant_uid=number,
            amount=exact,
            card_number=card_number,
            expiry=expiry,
            birth=birth,
            pwd_2digit=pwd_2digit,
            cvc=cvc,
            customer_uid=customer_uid,
            pg=pg,
            channelGroupId=channel_group_id,
            name=name,
            currency=currency,
            tax_free=optional_money("tax_free", tax_free),
            vat_amount=optional_money("vat_amount", vat_amount),
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            buyer_addr=buyer_addr,
            buyer_postcode=buyer_postcode,
            card_quota=card_quota,
            interest_free_by_merchant=interest_free_by_merchant,
            use_card_point=use_card_point,
            custom_data=custom_data,
            notice_url=notice_url,
            browser_ip=browser_ip,
            secure_3d_charge_id=secure_3d_charge_id,
            secure_3d_token=secure_3d_token,
            product_type=product_type,
            promotion_id=promotion_id,
            bypass=bypass,
        )
        return await carry_out(
            self._client,
            charge_call(
                "/subscribe/payments/onetime",
                body,
                merchant_uid=number,
                customer_uid=customer_uid,
            ),
            Charge(
                merchant_uid=number,
                amount=exact,
                currency=currency,
                customer_uid=customer_uid,
                has_promotion=promotion_id is not None,
            ),
            seconds=settle,
            is_number_checked=check_number,
        )


def _classify(failure: Failure) -> type[ChargedKeyNotFoundError] | None:
    is_named = _NO_SUCH_KEY in (failure.message or "")
    return ChargedKeyNotFoundError if is_named and failure.status in (200, 404) else None
