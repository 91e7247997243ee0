"""Points, confirmations, cash amounts and reviews."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.endpoints.payments import Payments, payment_not_found
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .state import Naver


def give_points(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    payment = _payment(account, path)
    if payment is None:
        return payment_not_found()
    if payment.get("pg_provider") != "naverpay":
        return failure(500, "네이버페이 포인트 적립에 실패하였습니다.")  # invented
    # What a second call does is not documented: here it credits again.
    account.state(Naver).points[path["imp_uid"]] += 1
    return envelope(None)


def confirm(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    requester = Parameters.of(request).text("requester", words=("admin", "customer")) or "admin"
    payment = _payment(account, path)
    if payment is None:
        return payment_not_found()
    confirmed = account.state(Naver).confirmed
    # That a second call is refused is invented.
    if payment.get("pg_provider") != "naverpay" or path["imp_uid"] in confirmed:
        return failure(500, "네이버페이 구매확정에 실패하였습니다.")
    confirmed[path["imp_uid"]] = requester
    return envelope(None)


def cash_amount(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    payment = _payment(account, path)
    # For an unknown payment only this status is documented, too; the text is invented.
    if payment is None or payment.get("pg_provider") != "naverpay":
        return failure(400, "네이버페이 결제형 거래가 아닙니다.")
    stored = account.state(Naver).cash_amounts.get(path["imp_uid"])
    return envelope(_cash_amount(Decimal(payment["amount"])) if stored is None else stored)


def reviews(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters(dict(request.query), is_json=False)
    parameters.require("from", "to", "review_type", "channel_key")
    kind = parameters.text("review_type", words=("general", "premium"))
    since, until = parameters.integer("from") or 0, parameters.integer("to") or 0
    return envelope(
        [
            review
            for review in account.state(Naver).reviews
            if since <= review["created_at"] < until
            and (review["content"] is None) is (kind == "general")
        ]
    )


def _payment(account: Account, path: Mapping[str, str]) -> dict[str, Any] | None:
    entry = account.state(Payments).get(path["imp_uid"])
    return None if entry is None else entry.record


def _cash_amount(total: Decimal) -> dict[str, int]:
    """Invent the amounts of a payment that was made with points alone."""
    supply = round(total / Decimal("1.1"))
    return {
        "amount_total": int(total),
        "amount_by_npoint": int(total),
        "amount_by_primary": 0,
        "amount_supply": supply,
        "amount_vat": int(total) - supply,
    }


ROUTES = (
    Route("POST", "/payments/{imp_uid}/naver/point", give_points),
    Route("POST", "/payments/{imp_uid}/naver/confirm", refusing(confirm)),
    Route("GET", "/payments/{imp_uid}/naver/cash-amount", cash_amount),
    Route("GET", "/naver/reviews", refusing(reviews)),
)
