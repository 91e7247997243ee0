"""Test confirmations by batches: which answers are enough, and which orders are read alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from portone_async import PortOneClient
from portone_async.reconcile import Confirm, Finding, Order, Verdict, reconcile
from portone_async.testing import Exchange, FakePortOne, Fault, Reply, Reset, Status
from portone_async.testing.reply import envelope, failure
from tests.support.custom_faults import NotInBatches, Odd, Refused
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders

NONE = "존재하지 않는 결제정보입니다."


def payments_of(reply: Reply) -> list[dict[str, Any]]:
    response: Any = msgspec.json.decode(reply.body)["response"]
    match response:
        case [*payments]:
            return payments
        case _:
            return []


def requested(exchange: Exchange) -> list[str]:
    return [uid for name, uid in exchange.request.query if name == "merchant_uid[]"]


class LeftOut(Struct):
    """Leaves the payments of an order out of the answers to batches; ``alone``: there, too."""

    merchant_uid: str
    alone: Reply | None

    async def meet(self, exchange: Exchange) -> Reply:
        reply = exchange.reply()
        uids = requested(exchange)
        if self.merchant_uid not in uids or (len(uids) == 1 and self.alone is None):
            return reply
        payments = [p for p in payments_of(reply) if p["merchant_uid"] != self.merchant_uid]
        return envelope(payments, status=207) if payments or self.alone is None else self.alone


class OneEach(Struct):
    """Lists one payment of each order number in the answers to batches."""

    async def meet(self, exchange: Exchange) -> Reply:
        reply = exchange.reply()
        payments = {payment["merchant_uid"]: payment for payment in payments_of(reply)}
        return envelope([*payments.values()], status=reply.status) if payments else reply


class Renamed(Struct):
    """Answers with the payments of another order number, as a server that ignores case does."""

    async def meet(self, exchange: Exchange) -> Reply:
        reply = exchange.reply()
        payments = payments_of(reply)
        for payment in payments:
            payment["merchant_uid"] = payment["merchant_uid"].upper()
        return envelope(payments) if payments else reply


def orders_that_differ(server: FakePortOne, count: int) -> list[Order]:
    """Add payments, and return orders that differ from them by one won."""
    server.add_many({"merchant_uid": f"d-{n}", "amount": 1000} for n in range(count))
    return [Order(f"d-{n}", Decimal(1001)) for n in range(count)]


async def verdicts(
    client: PortOneClient, orders: Sequence[Order], **options: Any
) -> dict[str, Verdict]:
    findings: list[Finding] = []
    await reconcile(client, orders, confirm="batch", on_finding=findings.append, **options)
    assert len(findings) == len(orders)
    return {finding.merchant_uid: finding.verdict for finding in findings}


async def test_missing_orders_need_a_request_per_hundred(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [Order(f"none-{n}", Decimal(1000)) for n in range(250)]
    result = await verdicts(client, orders)

    assert set(result.values()) == {Verdict.MISSING}
    assert server.count("/payments") == 3 + 3
    assert server.count("/payments/findAll") == 0


async def test_listed_orders_need_a_request_per_hundred(
    server: FakePortOne, client: PortOneClient
) -> None:
    result = await verdicts(client, orders_that_differ(server, 250))

    assert set(result.values()) == {Verdict.AMOUNT_DIFFERS}
    assert server.count("/payments") == 3 + 3


async def test_orders_absent_from_a_list_are_requested_once_more(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = orders_that_differ(server, 50)
    orders += [Order(f"none-{n}", Decimal(1)) for n in range(50)]
    result = await verdicts(client, orders)

    assert [result[f"none-{n}"] for n in range(50)] == [Verdict.MISSING] * 50
    assert [result[f"d-{n}"] for n in range(50)] == [Verdict.AMOUNT_DIFFERS] * 50
    # The look-up, its confirmation (a 207), and the orders that were absent from it (a 404).
    assert [request.status for request in server.requests[-3:]] == [207, 207, 404]
    assert [len(request.query) for request in server.requests[-3:]] == [100, 100, 50]


@pytest.mark.parametrize(
    "alone",
    [
        pytest.param(None, id="listed alone"),
        pytest.param(envelope([]), id="an empty list"),
        pytest.param(envelope([], status=207), id="an empty part"),
        pytest.param(failure(200, NONE), id="not found with status 200"),
        pytest.param(failure(207, NONE), id="not found with status 207"),
        pytest.param(failure(404, "no route"), id="another 404"),
        pytest.param(Reply(404, b"<h1>Not Found</h1>"), id="a page"),
    ],
)
async def test_order_left_out_of_an_answer_is_never_missing(
    server: FakePortOne, client: PortOneClient, alone: Reply | None
) -> None:
    orders = orders_that_differ(server, 10)
    server.fail(LeftOut("d-3", alone), times=None, on="/payments")
    result = await verdicts(client, [*orders, Order("none", Decimal(1))])

    assert [result[f"d-{n}"] for n in range(10)] == [Verdict.AMOUNT_DIFFERS] * 10
    assert result["none"] is Verdict.MISSING


@pytest.mark.parametrize("uid", ["a b", "a,b", "a+b", "a&b", "주문-1", "a[1]", "A" * 41, "a%2Cb"])
async def test_odd_order_number_is_read_alone_before_it_is_missing(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    # A server that drops the number from a query has no payment of the rest.
    server.add(merchant_uid=uid, amount=1000)
    server.fail(LeftOut(uid, failure(404, NONE)), times=None, on="/payments")
    result = await verdicts(client, [Order(uid, Decimal(1000)), Order("none", Decimal(1))])

    assert result == {uid: Verdict.MATCHED, "none": Verdict.MISSING}
    assert server.count("/payments/findAll") == 1


async def test_order_number_with_a_slash_is_read_alone_before_it_is_missing(
    server: FakePortOne, client: PortOneClient
) -> None:
    result = await verdicts(client, [Order("a/1", Decimal(1)), Order("a/2", Decimal(1))])

    assert set(result.values()) == {Verdict.MISSING}
    # The look-up, its confirmation, and each alone: no path can contain a slash.
    assert [len(request.query) for request in server.requests[-4:]] == [2, 2, 1, 1]


async def test_payments_of_another_order_number_are_not_compared(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="abc", amount=1000)
    server.fail(Renamed(), times=None, on="/payments")
    result = await verdicts(client, [Order("abc", Decimal(1000))])

    assert result == {"abc": Verdict.MATCHED}
    assert server.count("/payments/findAll") == 1


async def test_order_with_an_unreadable_payment_is_read_alone(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = orders_that_differ(server, 5)
    other = server.add(merchant_uid="d-2", amount=1001)

    def make_odd(_: object) -> None:
        server.fail(Odd("d-2", "amount", "x", other.imp_uid), times=1, on="/payments")

    result = await verdicts(client, orders, on_confirm=make_odd)

    # Alone, both of its payments can be read.
    assert result.pop("d-2") is Verdict.PAID_TWICE
    assert set(result.values()) == {Verdict.AMOUNT_DIFFERS}
    assert server.count("/payments/findAll") == 1


async def test_order_whose_batches_are_rejected_is_read_alone(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = orders_that_differ(server, 20)
    server.fail(Refused("d-7"), times=None, on="/payments")
    result = await verdicts(client, orders)

    assert set(result.values()) == {Verdict.AMOUNT_DIFFERS}
    assert server.count("/payments/findAll") == 1


@pytest.mark.parametrize("fault", [Status(503), Status(400), Status(403), Reset()])
async def test_failed_confirmation_is_not_checked(
    server: FakePortOne, client: PortOneClient, fault: Fault
) -> None:
    orders = [Order(f"none-{n}", Decimal(1)) for n in range(3)]

    def fail(_: object) -> None:
        server.fail(fault, times=None, on="/payments")

    result = await verdicts(client, orders, on_confirm=fail)
    assert set(result.values()) == {Verdict.NOT_CHECKED}


@pytest.mark.parametrize("confirm", ["single", "batch"])
async def test_second_payment_that_batches_leave_out_is_found(
    server: FakePortOne, client: PortOneClient, confirm: Confirm
) -> None:
    orders = paid_orders(server, 5)
    server.add(merchant_uid="o-2", amount=1000, paid_at=NOON, started_at=NOON)
    server.fail(OneEach(), times=None, on="/payments")
    period: dict[str, Any] = {"since": DAY, "until": NEXT}
    findings: list[Finding] = []
    await reconcile(client, orders, **period, confirm=confirm, on_finding=findings.append)

    assert {each.merchant_uid: each.verdict for each in findings} == {
        order.merchant_uid: Verdict.MATCHED for order in orders
    } | {"o-2": Verdict.PAID_TWICE}


@pytest.mark.parametrize("confirm", ["single", "batch"])
async def test_order_with_a_payment_in_the_period_is_not_missing_in_batches(
    server: FakePortOne, client: PortOneClient, confirm: Confirm
) -> None:
    paid_orders(server, 1)
    server.fail(NotInBatches(), times=None, on="/payments")
    period: dict[str, Any] = {"since": DAY, "until": NEXT}
    findings: list[Finding] = []
    orders = [Order("o-0", Decimal(1001))]
    await reconcile(client, orders, **period, confirm=confirm, on_finding=findings.append)

    assert [finding.verdict for finding in findings] == [Verdict.AMOUNT_DIFFERS]


@pytest.mark.parametrize("confirm", ["single", "batch"])
@pytest.mark.parametrize("amount", [1000, 1001])
async def test_payment_of_the_period_that_no_look_up_lists_is_not_checked(
    server: FakePortOne, client: PortOneClient, confirm: Confirm, amount: int
) -> None:
    # A number with a slash is looked up by the route of batches even if it is alone.
    server.add(merchant_uid="o/1", amount=1000, paid_at=NOON, started_at=NOON)
    server.add(merchant_uid="o/1", amount=1000, paid_at=NOON, started_at=NOON)
    server.fail(LeftOut("o/1", failure(404, NONE)), times=None, on="/payments")
    findings: list[Finding] = []
    await reconcile(
        client,
        [Order("o/1", Decimal(amount))],
        since=DAY,
        until=NEXT,
        confirm=confirm,
        on_finding=findings.append,
    )

    assert [finding.verdict for finding in findings] == [Verdict.NOT_CHECKED]
    assert findings[0].error is not None
    assert "in the period, but not" in findings[0].error


async def test_payment_that_appears_before_the_confirmation_counts(
    server: FakePortOne, client: PortOneClient
) -> None:
    def pay(_: object) -> None:
        server.add(merchant_uid="late", amount=1000)

    orders = [Order("late", Decimal(1000)), Order("none", Decimal(1))]
    result = await verdicts(client, orders, on_confirm=pay)
    assert result == {"late": Verdict.MATCHED, "none": Verdict.MISSING}
