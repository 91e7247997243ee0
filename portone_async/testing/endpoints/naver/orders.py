"""The operations on the product orders of order-type payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from portone_async.testing.account import Account
from portone_async.testing.endpoints.payments import Payments, payment_not_found
from portone_async.testing.guard import LOCK
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Handler, Route

from .actions import ACTIONS, Action
from .state import Naver


def product_orders(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    if account.state(Payments).get(path["imp_uid"]) is None:
        return payment_not_found()
    return envelope(account.state(Naver).of_payment(path["imp_uid"]))


def product_order(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    order = account.state(Naver).orders.get(path["product_order_id"])
    # The text is invented.
    return failure(404, "존재하지 않는 상품주문입니다.") if order is None else envelope(order)


def _handler(action: Action) -> Handler:
    def act(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
        parameters = Parameters.of(request)
        action.validate(parameters)
        ids = parameters.texts("product_order_id") or []
        if account.state(Payments).get(path["imp_uid"]) is None:
            return payment_not_found()
        return _carried_out(
            action, account.state(Naver), path["imp_uid"], ids, parameters.text("reason")
        )

    return refusing(act)


def _carried_out(
    action: Action, naver: Naver, imp_uid: str, ids: Collection[str], reason: str | None
) -> Reply:
    """Carry an action out, each product order by itself, and list those that succeeded."""
    with LOCK:
        orders = naver.chosen(imp_uid, ids)
        done = [
            order["product_order_id"]
            for order in orders
            if order is not None and action.carry_out(naver, order, reason)
        ]
        response = [naver.orders[uid] for uid in done]
    # The statuses are documented; texts, and the code of a 207, are invented.
    if not done:
        return failure(500, "네이버페이 상품주문 처리에 실패하였습니다.")
    if len(done) < len(orders):
        return envelope(response, message="일부 상품주문의 처리에 실패하였습니다.", status=207)
    return envelope(response)


ROUTES = (
    Route("GET", "/payments/{imp_uid}/naver/product-orders", product_orders),
    Route("GET", "/naver/product-orders/{product_order_id}", product_order),
    *(
        Route("POST", f"/payments/{{imp_uid}}/naver/{name}", _handler(action))
        for name, action in ACTIONS.items()
    ),
)
