"""The state of Naver Pay: product orders, points and reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import count
from typing import Any

import msgspec

from portone_async.models.naver import NaverProductOrder, NaverReview
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.record import blank, encode

__all__ = ("Naver",)

# Invented.
_PERSON = {
    "orderer": {"id": "buye****", "name": "홍길동", "tel": "010-0000-0000"},
    "shipping_address": {
        "base": "서울특별시 강남구 테헤란로 1",
        "detail": "101호",
        "name": "홍길동",
        "postcode": "06234",
        "tel1": "010-0000-0000",
        "tel2": None,
    },
}
_PRODUCT = {
    "product_order_status": "PAYED",
    "product_id": "SKU-1",
    "product_name": "면 티셔츠",
    "product_option_id": "SKU-1-RED-M",
    "product_option_name": "색상: 빨강 / 크기: M",
    "product_amount": 12000,
    "delivery_amount": 3000,
    "quantity": 1,
}
_REVIEW = {"score": "5", "title": "잘 받았습니다", "writer": "buye****", "product_id": "SKU-1"}


class Naver:
    """``server.naver``: product orders by payment, and what else Naver Pay has."""

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._serials = count(1)
        self.orders: dict[str, dict[str, Any]] = {}
        """Product orders as PortOne sends them, by ``product_order_id``."""
        self._of_payment: dict[str, list[str]] = {}
        self.refuses: set[str] = set()
        """Product orders for which Naver refuses everything: add some to get a 207 or a 500."""
        self.placed: set[str] = set()
        """Product orders that the shop has confirmed."""
        self.withheld: set[str] = set()
        """Product orders whose return is withheld."""
        self.reasons: dict[str, str] = {}
        """The last reason that Naver stored, by ``product_order_id``."""
        self.points: Counter[str] = Counter()
        """How often points were credited, by ``imp_uid``."""
        self.confirmed: dict[str, str] = {}
        """The requester of a confirmed purchase, by ``imp_uid``."""
        self.reviews: list[dict[str, Any]] = []
        """Reviews as PortOne sends them."""
        self.cash_amounts: dict[str, dict[str, Any]] = {}
        """Amounts for cash receipts, by ``imp_uid``."""

    @guarded
    def add(self, imp_uid: str, **fields: Any) -> NaverProductOrder:
        """Add a product order to a payment and return it as the client will decode it.

        Args:
            imp_uid: A payment of the fake.
            fields: As in :class:`NaverProductOrder`; by default an invented, paid one.
        """
        defaults = {"product_order_id": f"2026030100{next(self._serials):06}"}
        fields = _PERSON | _PRODUCT | defaults | fields
        order = encode(NaverProductOrder, {**blank(NaverProductOrder), **fields})
        if order["product_order_id"] in self.orders:
            raise ValueError("There is a product order of this id already: update() changes it")
        added = msgspec.convert(order, NaverProductOrder, strict=False)
        self.orders[added.product_order_id] = order
        self._of_payment.setdefault(imp_uid, []).append(added.product_order_id)
        return added

    @guarded
    def update(self, product_order_id: str, **fields: Any) -> NaverProductOrder:
        """Change a product order, as when a buyer requests a return, and return it."""
        order = self.orders[product_order_id] | encode(NaverProductOrder, fields)
        updated = msgspec.convert(order, NaverProductOrder, strict=False)
        self.orders[product_order_id] = order
        return updated

    @guarded
    def add_review(self, **fields: Any) -> NaverReview:
        """Add a review of now; with ``content`` it is a premium one. Return it."""
        serial, now = next(self._serials), int(self._clock.now)
        defaults = {
            "review_id": f"{5000000000 + serial}",
            "product_order_id": f"2026020100{serial:06}",
            "created_at": now,
            "modified_at": now,
        }
        review = encode(NaverReview, {**blank(NaverReview), **_REVIEW, **defaults, **fields})
        added = msgspec.convert(review, NaverReview, strict=False)
        self.reviews.append(review)
        return added

    def of_payment(self, imp_uid: str) -> list[dict[str, Any]]:
        """Return the product orders of a payment."""
        return [self.orders[each] for each in self._of_payment.get(imp_uid, ())]

    def chosen(self, imp_uid: str, ids: Collection[str]) -> list[dict[str, Any] | None]:
        """Return some product orders of a payment, ``None`` for an unknown one; all for no id."""
        # PortOne documents that an absent list means all; an empty one is treated alike.
        known: Mapping[str, Any] = {
            order["product_order_id"]: order for order in self.of_payment(imp_uid)
        }
        return [known.get(each) for each in ids or known]
