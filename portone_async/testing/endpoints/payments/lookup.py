"""Look-ups of single payments, and of up to 100 by their ids.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.reply import Reply, encoded_envelope, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .entry import encode_entries
from .state import Payments

_MAX_IDS = 100
# PHP reads name[] and name[0] alike.
_ARRAY = re.compile(r"(imp_uid|merchant_uid)\[\d*\]")


def payment_not_found() -> Reply:
    return failure(404, "존재하지 않는 결제정보입니다.")


def find(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return the first payment of the order number by ``sorting``; test payments, too."""
    entries = account.state(Payments).of_order(
        path["merchant_uid"],
        status=path.get("payment_status"),
        sorting=dict(request.query).get("sorting"),
    )
    return envelope(entries[0].body()) if entries else payment_not_found()


def get(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return one payment. Only this endpoint hides test payments unless they are requested."""
    entry = account.state(Payments).get(path["imp_uid"])
    if entry is None:
        return payment_not_found()
    if entry.record.get("sandbox") is True and not request.has_flag("include_sandbox"):
        return payment_not_found()
    return envelope(entry.body(extension=request.has_flag("extension")))


def get_many(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Return several payments, the newest started first.

    PortOne documents neither this order, nor how many payments of one order number come (here all
    of them), nor the messages of a 400 and a 207.
    """
    requested: dict[str, set[str]] = {"imp_uid": set(), "merchant_uid": set()}
    number = 0
    for name, value in request.query:
        if array := _ARRAY.fullmatch(name):
            requested[array[1]].add(value)
            number += 1
    if number > _MAX_IDS:
        return failure(400, "한번에 최대 100건까지 조회할 수 있습니다.")

    entries = account.state(Payments).among(requested["imp_uid"], requested["merchant_uid"])
    if not entries:
        return payment_not_found()
    is_complete = all(
        ids <= {getattr(entry, name) for entry in entries} for name, ids in requested.items()
    )
    return encoded_envelope(encode_entries(entries), status=200 if is_complete else 207)


ROUTES = (
    Route("GET", "/payments", get_many),
    Route("GET", "/payments/{imp_uid}", get),
    Route("GET", "/payments/find/{merchant_uid}", find),
    Route("GET", "/payments/find/{merchant_uid}/{payment_status}", find),
)
