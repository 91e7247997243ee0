"""Book, revoke, move and charge schedules.

PortOne documents few texts of refusals: those without a source in a comment are the fake's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.endpoints.billing_keys import BillingKeys
from portone_async.testing.endpoints.billing_keys.handlers import card_refusal
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.parameters import BadParameterError, Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .lookup import not_found
from .state import Schedules

__all__ = ("ROUTES",)

_TEXTS = (
    "browser_ip",
    "buyer_addr",
    "buyer_email",
    "buyer_name",
    "buyer_postcode",
    "buyer_tel",
    "bypass",
    "cash_receipt_type",
    "currency",
    "custom_data",
    "merchant_uid",
    "name",
    "notice_url",
    "promotion_id",
)


class _RefusedError(Exception):
    """A refusal that PortOne sends with HTTP 200."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


def create(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Book all items, or none: but see ``books_good_items``."""
    try:
        return envelope(_create(account, request))
    except BadParameterError as error:
        return failure(200, str(error))  # The document has no 400 here.
    except _RefusedError as error:
        return failure(200, str(error), code=error.code)


def _create(account: Account, request: RecordedRequest) -> list[dict[str, Any]]:
    parameters = Parameters.of(request)
    parameters.require("customer_uid", "schedules")
    customer_uid = parameters.text("customer_uid") or ""
    checking = parameters.integer("checking_amount") or 0
    for name in ("channel_key", "customer_id"):
        parameters.text(name)
    items = parameters.array("schedules") or []
    if not items:
        raise BadParameterError('["schedules"] 파라메터는 필수입니다.')
    _prepare_key(account, request, parameters, customer_uid)
    if checking > 0:
        _check_card(account, customer_uid, checking)
    return _book_all(account, customer_uid, items)


def _prepare_key(
    account: Account, request: RecordedRequest, parameters: Parameters, customer_uid: str
) -> None:
    """Issue a key if the request has a card; refuse it if there is neither."""
    keys = account.state(BillingKeys)
    if parameters.text("card_number") is None:
        if customer_uid not in keys:
            raise _RefusedError("등록된 고객정보가 없습니다.", code=1)  # As seen.
        return
    if (reason := card_refusal(keys, parameters)) is not None:
        raise _RefusedError(f"카드정보 확인에 실패하였습니다. {reason}", code=1)  # As seen.
    keys.issue(customer_uid, request.fields)


def _check_card(account: Account, customer_uid: str, amount: int) -> None:
    """Charge a test amount and cancel it at once. The order number is invented."""
    payments = account.state(Payments)
    fields = account.state(BillingKeys).payment_fields(customer_uid)
    payments.add(
        **fields,
        imp_uid=f"imps_{790000000000 + len(payments)}",
        merchant_uid=f"check-{customer_uid}-{len(payments)}",
        amount=amount,
        status="cancelled",
    )


def _book_all(account: Account, customer_uid: str, items: list[Any]) -> list[dict[str, Any]]:
    schedules, booked = Schedules(account), list[dict[str, Any]]()
    good: list[Mapping[str, Any]] = []
    refusal: _RefusedError | BadParameterError | None = None
    for item in items:
        try:
            good.append(_validated(account, item, good))
        except (_RefusedError, BadParameterError) as error:
            refusal = refusal or error
    if refusal is None or schedules.books_good_items:
        booked = [schedules.book(customer_uid, item) for item in good]
    if refusal is not None:
        raise refusal
    return booked


def _validated(account: Account, item: Any, others: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise BadParameterError('["schedules"] 파라메터의 형식이 올바르지 않습니다.')
    parameters = Parameters(item, is_json=True)  # pyright: ignore[reportUnknownArgumentType] (any JSON)
    # The document requires currency and name as well, but they are often left out.
    parameters.require("merchant_uid", "schedule_at", "amount")
    for name in _TEXTS:
        parameters.text(name)
    parameters.text("product_type", words=("real", "digital"))
    for name in ("tax_free", "vat_amount"):
        parameters.money(name)
    for name in ("product_count", "card_quota"):
        parameters.integer(name)
    for name in ("interest_free_by_merchant", "use_card_point"):
        parameters.flag(name)
    parameters.object("extra")
    merchant_uid = parameters.text("merchant_uid")
    is_again = any(merchant_uid == other["merchant_uid"] for other in others)
    if merchant_uid in Schedules(account) or is_again:
        # The code was seen, the text is invented.
        raise _RefusedError("이미 예약된 merchant_uid 입니다.", code=1)
    if (parameters.money("amount") or 0) <= 0:
        raise _RefusedError("결제금액이 올바르지 않습니다.", code=-1)
    if _is_past(account, parameters):
        raise _RefusedError("예약시각이 과거입니다.", code=-1)
    return item  # pyright: ignore[reportUnknownVariableType] (any JSON)


def _is_past(account: Account, parameters: Parameters) -> bool:
    return (parameters.integer("schedule_at") or 0) < int(account.clock.now)


@refusing
def revoke(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Revoke by order numbers; without them, all of a key.

    An empty array counts as absent here: PortOne does not document it, and this is worse.
    """
    parameters = Parameters.of(request)
    customer_uid = parameters.text("customer_uid")
    named = request.fields.get("merchant_uid")
    merchant_uids = [named] if isinstance(named, str) else parameters.array("merchant_uid")
    if merchant_uids and not all(isinstance(uid, str) for uid in merchant_uids):
        raise BadParameterError('["merchant_uid"] 파라메터의 형식이 올바르지 않습니다.')
    if customer_uid is None and not merchant_uids:
        raise BadParameterError('["customer_uid"] 파라메터는 필수입니다.')
    revoked = Schedules(account).revoke(merchant_uids or None, customer_uid)
    if not revoked:
        return failure(200, "취소할 예약결제 기록이 존재하지 않습니다.", code=1)  # As seen.
    return envelope(revoked)


@refusing
def update(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    return _move(account, request, path["merchant_uid"], allowed=("scheduled",))


@refusing
def reschedule(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    return _move(account, request, path["merchant_uid"], allowed=("failed", "revoked"))


def _move(
    account: Account, request: RecordedRequest, merchant_uid: str, *, allowed: tuple[str, ...]
) -> Reply:
    schedules = Schedules(account)
    if merchant_uid not in schedules:
        return not_found()
    parameters = Parameters.of(request)
    parameters.require("schedule_at")
    schedule_at = parameters.integer("schedule_at") or 0
    if (refusal := _refusal(schedules, merchant_uid, allowed)) is not None:
        return refusal
    if _is_past(account, parameters):
        return failure(400, "예약시각이 과거입니다.")
    return envelope(schedules.move(merchant_uid, schedule_at))


def retry(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    schedules, merchant_uid = Schedules(account), path["merchant_uid"]
    if merchant_uid not in schedules:
        return not_found()
    if (refusal := _refusal(schedules, merchant_uid, ("failed", "revoked"))) is not None:
        return refusal
    if schedules.body(merchant_uid)["customer_uid"] not in account.state(BillingKeys):
        return failure(404, "등록된 고객정보가 없습니다.")
    return envelope(schedules.charge(merchant_uid, account.clock.now))


def _refusal(schedules: Schedules, merchant_uid: str, allowed: tuple[str, ...]) -> Reply | None:
    """Return the 400 for a schedule whose state does not allow an operation."""
    body = schedules.body(merchant_uid)
    status = body["schedule_status"]
    state = body["payment_status"] if status == "executed" else status
    if state in allowed:
        return None
    texts = {
        "scheduled": "아직 실행되지 않은 결제예약입니다.",
        "revoked": "이미 철회된 결제예약입니다.",
    }
    return failure(400, texts.get(state, "이미 실행된 결제예약입니다."))


ROUTES = (
    Route("POST", "/subscribe/payments/schedule", create),
    Route("POST", "/subscribe/payments/unschedule", revoke),
    Route("PUT", "/subscribe/payments/schedule/{merchant_uid}", update),
    Route("POST", "/subscribe/payments/schedule/{merchant_uid}/reschedule", reschedule),
    Route("POST", "/subscribe/payments/schedule/{merchant_uid}/retry", retry),
)
