"""``server.convenience_store``: barcodes that a convenience store takes money for.

API: https://developers.portone.io/api/rest-v1/cvs
"""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.models import Payment
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments, payment_not_found
from .payments.unpaid import add_unpaid, close_unpaid, common_fields, refuse_paid_order

__all__ = ("ROUTES", "ConvenienceStore")

# Neither code nor text nor status is documented.
_NOT_WAITING = failure(200, "수납대기 중인 결제건이 아닙니다.", code=1)


class ConvenienceStore:
    """The barcodes of the fake. They are payments as well: ``server.payments``."""

    def __init__(self, account: Account) -> None:
        self._payments = account.state(Payments)
        self._clock = account.clock

    @guarded
    def pay(self, imp_uid: str) -> Payment:
        """Pay a barcode at the counter, and return its payment.

        Raises:
            KeyError: There is no such payment.
            ValueError: It does not wait for money.
        """
        entry = self._payments.get(imp_uid)
        if entry is None:
            raise KeyError(imp_uid)
        if entry.status != "ready":
            raise ValueError(f"{imp_uid} is {entry.status}, not ready")
        return self._payments.update(imp_uid, status="paid", paid_at=int(self._clock.now))


def issue(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Issue or register a barcode, also for an order that has a waiting one."""
    parameters = Parameters.of(request)
    parameters.require("channel_key", "merchant_uid", "amount")
    for name in ("channel_key", "confirm_url"):
        parameters.text(name)
    parameters.time("expired_at")
    # That the payment has the barcode, and under which names, is invented: no real body is known.
    barcode = parameters.text("barcode") or "0000000000000000"
    fields = common_fields(parameters) | {"pay_method": "cvs", "barcode": barcode}
    refusal = refuse_paid_order(account, fields["merchant_uid"])
    if refusal is not None:
        return refusal
    return envelope(add_unpaid(account, {**fields, "pg_provider": "galaxia"}))


def close(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Revoke an unpaid barcode."""
    entry = account.state(Payments).get(path["imp_uid"])
    if entry is None:
        return payment_not_found()
    record = entry.record
    if record.get("pay_method") != "cvs" or record["status"] != "ready":
        return _NOT_WAITING
    return envelope(close_unpaid(account, path["imp_uid"]))


ROUTES = (
    Route("POST", "/cvs", refusing(issue)),
    Route("DELETE", "/cvs/{imp_uid}", close),
)
