"""The refunds of ``client.payments``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async._redact import SecretDict
from portone_async.call import Call, Caller, Failure
from portone_async.errors import ApiError, NotFoundError
from portone_async.models import Payment
from portone_async.models.payment_balance import PaymentBalance
from portone_async.resources._confidential import confidential
from portone_async.resources._request import (
    Money,
    exact_number,
    json_body,
    path_value,
)
from portone_async.resources._settle import validate_settle

from ._calls import payment_error
from ._refund_engine import carry_out, look_at
from ._refund_plan import Request, plan, refund_amount, request

__all__ = ("BalanceNotFoundError", "Refunds")


# The names that extra_body must not have. An order number is never sent: which payment of several
# it selects is not documented.
_TARGET = dict.fromkeys(("imp_uid", "merchant_uid", "amount", "checksum", "reason"))


class BalanceNotFoundError(NotFoundError):
    """PortOne has no split of the amount: for payments of other PGs, or that were not paid.

    It does not show that the payment is missing.
    """

    advice = "PortOne documents it for PAYCO only. Payment.balance has what is left to refund."


class Refunds:
    """The operations that give money back, and what is left of it."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential("reason")
    async def cancel(
        self,
        imp_uid: str,
        *,
        amount: Money,
        reason: str,
        checksum: Money | None = None,
        key: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        refund_holder: str | None = None,
        refund_bank: str | None = None,
        refund_account: str | None = None,
        refund_tel: str | None = None,
        retain_promotion: bool | None = None,
        enable_webhook: bool | None = None,
        requester: Literal["customer", "admin"] | str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Payment:
        """Refund a part of a payment, once, and return the payment as it is then.

        The payment is looked up, the refund is sent with the balance as checksum, and the answer
        is checked. If the answer is lost, the payment is looked up until the outcome is known; the
        same request is sent again only after look-ups without a trace of it. PortOne carries out
        at most one request with one checksum.

        Without ``key``, a refund of another program with the same amount cannot be told apart from
        this one, and a program that is killed between sending and storing must not simply repeat
        the call. With ``key``, it can: a refund whose key is in the history is not sent again.

        A refund that is pending at first (``paypal_v2``, virtual accounts) is in no history yet, so
        it is never sent again after a lost answer, and a program that was killed must not repeat it.

        Args:
            imp_uid: PortOne's id of the payment.
            amount: What to refund, in the payment's currency: an ``int``, a ``Decimal`` or text as
                in ``"9.90"``, never a float. For a payment with a promotion, before the discount.
            reason: Stored in ``cancel_history``; the buyer may see it (naverpay).
            checksum: The balance that the caller expects. Required for a payment with a promotion,
                where it is before the discount; optional for others, where it must be right.
            key: The caller's name of this refund: 1 to 64 letters, digits or ``. _ : -``. It is
                printed at the end of the reason, as ``[key:R-1]``.
            tax_free: The tax-free part of ``amount``. Send it if the payment had one.
            vat_amount: The VAT in ``amount``; without it, the PG computes it.
            refund_holder: The holder of the account to refund to; for virtual accounts.
            refund_bank: Its bank, by the PG's own code.
            refund_account: Its number.
            refund_tel: The holder's phone number.
            retain_promotion: Keep the discount although the rest of the order does not qualify
                for it. PortOne's default is no; the first choice binds later refunds.
            enable_webhook: Let PortOne send a webhook of this refund. PortOne's default is no.
            requester: Who wants the refund; naverpay requires it.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look the payment up after a lost answer; 0 for one look-up.

        Raises:
            CancelPendingError: PortOne accepted the refund, but has not made it yet, as with
                ``paypal_v2`` and some virtual accounts. Do not send it again: a pending refund
                cannot be recognized, not even by its key.
            CancelRefusedError: It was not made; ``code`` and ``message`` are PortOne's, if it
                refused.
            OutcomeUnknownError: The answer was lost, and the look-ups failed.
            InvalidRequestError: An argument is wrong, by itself or for this payment; nothing was
                sent.
            PaymentNotFoundError: PortOne reports no such payment; nothing was sent.
            PortOneError: Any other failure before the refund was sent.

        PortOne documents neither the code of a wrong checksum, nor whether it checks and books in
        one step, which only a refund would show: two refunds of one payment by one client never
        overlap.

        Source: ``POST /payments/cancel``.
        """
        seconds = validate_settle(settle)
        exact = refund_amount(amount)
        wanted = request(
            imp_uid,
            exact,
            checksum=checksum,
            reason=reason,
            key=key,
            tax_free=tax_free,
            vat_amount=vat_amount,
        )
        details = json_body(
            extra_body,
            **_TARGET,
            tax_free=wanted.tax_free,
            vat_amount=wanted.vat_amount,
            refund_holder=refund_holder,
            refund_bank=refund_bank,
            refund_account=refund_account,
            refund_tel=refund_tel,
            retain_promotion=retain_promotion,
            enable_webhook=enable_webhook,
            extra=None if requester is None else {"requester": requester},
        )
        return await self._refund(wanted, details, seconds)

    @confidential("reason")
    async def cancel_all(
        self,
        imp_uid: str,
        *,
        reason: str,
        checksum: Money | None = None,
        key: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        refund_holder: str | None = None,
        refund_bank: str | None = None,
        refund_account: str | None = None,
        refund_tel: str | None = None,
        retain_promotion: bool | None = None,
        enable_webhook: bool | None = None,
        requester: Literal["customer", "admin"] | str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Payment:
        """Refund all that is left of a payment, and return the payment as it is then.

        Like :meth:`cancel` with the whole balance as the amount, which is sent explicitly. For a
        payment with a promotion that is ``checksum``.

        Args:
            imp_uid: PortOne's id of the payment.
            reason: Stored in ``cancel_history``; the buyer may see it (naverpay).
            checksum: The balance that the caller expects; required for a payment with a promotion.
            key: The caller's name of this refund, as for :meth:`cancel`: it is not sent twice.
            tax_free: The tax-free part of the balance. Send it if the payment had one.
            vat_amount: The VAT in the balance; without it, the PG computes it.
            refund_holder: The holder of the account to refund to; for virtual accounts.
            refund_bank: Its bank, by the PG's own code.
            refund_account: Its number.
            refund_tel: The holder's phone number.
            retain_promotion: Keep the discount although nothing is left that qualifies for it.
            enable_webhook: Let PortOne send a webhook of this refund. PortOne's default is no.
            requester: Who wants the refund; naverpay requires it.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look the payment up after a lost answer; 0 for one look-up.

        Raises:
            CancelRefusedError: Nothing is left to refund, or as for :meth:`cancel`.
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/cancel``.
        """
        seconds = validate_settle(settle)
        wanted = request(
            imp_uid,
            None,
            checksum=checksum,
            reason=reason,
            key=key,
            tax_free=tax_free,
            vat_amount=vat_amount,
        )
        details = json_body(
            extra_body,
            **_TARGET,
            tax_free=wanted.tax_free,
            vat_amount=wanted.vat_amount,
            refund_holder=refund_holder,
            refund_bank=refund_bank,
            refund_account=refund_account,
            refund_tel=refund_tel,
            retain_promotion=retain_promotion,
            enable_webhook=enable_webhook,
            extra=None if requester is None else {"requester": requester},
        )
        return await self._refund(wanted, details, seconds)

    async def balance(self, imp_uid: str) -> PaymentBalance:
        """Return what is left of a payment, split by means of payment and by tax.

        Only for PAYCO, as PortOne documents it; its message names KCP, too. For any payment,
        :attr:`Payment.balance` is what is left in all.

        Args:
            imp_uid: PortOne's id of the payment.

        Raises:
            BalanceNotFoundError: There is no split for this payment.
            PaymentNotFoundError: PortOne reports no such payment.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed.

        Source: ``GET /payments/{imp_uid}/balance``.
        """
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        return await self._client.call(
            Call(
                "GET",
                "/payments/{imp_uid}/balance",
                PaymentBalance,
                path=path,
                identifiers=path,
                classify=_balance_error,
            )
        )

    async def _refund(self, wanted: Request, details: SecretDict, seconds: float) -> Payment:
        async with self._client.exclusive(f"refund of {wanted.imp_uid}"):
            before = await look_at(self._client, wanted.imp_uid)
            refund = plan(wanted, before)
            if refund is None:
                return before
            body = SecretDict(
                details
                | {
                    "imp_uid": wanted.imp_uid,
                    "amount": exact_number(refund.amount),
                    "checksum": exact_number(refund.checksum),
                    "reason": refund.reason,
                }
            )
            return await carry_out(self._client, refund, body, seconds=seconds)


def _balance_error(failure: Failure) -> type[ApiError] | None:
    if failure.status == 404:
        return payment_error(failure) or BalanceNotFoundError
    return None
