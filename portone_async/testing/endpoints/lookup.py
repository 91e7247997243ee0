"""https://developers.portone.io/api/rest-v1/payment."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portone_async.testing.answer import Answer, envelope, failure
from portone_async.testing.received import RecordedRequest
from portone_async.testing.route import Route
from portone_async.testing.shop import Shop

_MOST_AT_ONCE = 100
# PHP reads name[] and name[0] alike.
_ARRAY = re.compile(r"(imp_uid|merchant_uid)\[\d*\]")


def not_found() -> Answer:
    return failure(404, "존재하지 않는 결제정보입니다.")


def find(shop: Shop, received: RecordedRequest, path: Mapping[str, str]) -> Answer:
    """The first payment of the order number by ``sorting``; test payments, too."""
    entries = shop.payments.of_order(
        path["merchant_uid"],
        status=path.get("payment_status"),
        sorting=dict(received.query).get("sorting"),
    )
    return envelope(entries[0].body()) if entries else not_found()


def get(shop: Shop, received: RecordedRequest, path: Mapping[str, str]) -> Answer:
    """One payment. Here, and nowhere else, a test payment hides unless it is asked for."""
    entry = shop.payments.get(path["imp_uid"])
    if entry is None:
        return not_found()
    if entry.record.get("sandbox") is True and not received.asks("include_sandbox"):
        return not_found()
    return envelope(entry.body(extension=received.asks("extension")))


def get_many(shop: Shop, received: RecordedRequest, _: Mapping[str, str]) -> Answer:
    """Several payments at once, in an order of PortOne's own: the newest started first here.

    What comes of an order number with several payments is not documented; here, all of them.
    Nor are the messages of a 400 and a 207.
    """
    asked: dict[str, set[str]] = {"imp_uid": set(), "merchant_uid": set()}
    number = 0
    for name, value in received.query:
        if array := _ARRAY.fullmatch(name):
            asked[array[1]].add(value)
            number += 1
    if number > _MOST_AT_ONCE:
        return failure(400, "한번에 최대 100건까지 조회할 수 있습니다.")

    entries = shop.payments.among(asked["imp_uid"], asked["merchant_uid"])
    if not entries:
        return not_found()
    found_all = all(
        uids <= {getattr(entry, name) for entry in entries} for name, uids in asked.items()
    )
    return envelope([entry.body() for entry in entries], status=200 if found_all else 207)


ROUTES = (
    Route("GET", "/payments", get_many),
    Route("GET", "/payments/{imp_uid}", get),
    Route("GET", "/payments/find/{merchant_uid}", find),
    Route("GET", "/payments/find/{merchant_uid}/{payment_status}", find),
)
