"""Test refunds that are listed apart from their orders, in any sequence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError, PortOneClient
from portone_async.reconcile import Finding, Order, Refund, Store, StoreError, Verdict, reconcile
from portone_async.testing import FakePortOne

SALE = Order("R-1", Decimal(10_000))


def refund(amount: int, row: str = "orders.csv:3", merchant_uid: str = "R-1") -> Refund:
    return Refund(merchant_uid, Decimal(amount), "KRW", row)


def apply_all(store: Store) -> list[Finding]:
    findings: list[Finding] = []
    while (batch := store.apply_refunds(limit=1)) is not None:
        findings += batch
    return findings


def orders(store: Store) -> list[Order]:
    return [pending.order for pending in store.pending_orders()]


@pytest.mark.parametrize("is_first", [True, False])
def test_refunds_are_added_to_their_order(store: Store, is_first: bool) -> None:
    refunds = [refund(1000, "orders.csv:3"), refund(1000, "orders.csv:4")]
    store.add_orders([*refunds, SALE] if is_first else [SALE, *refunds])

    assert apply_all(store) == []
    assert orders(store) == [Order("R-1", Decimal(10_000), cancelled_amount=Decimal(2000))]


def test_refunds_read_twice_count_once(store: Store) -> None:
    rows: list[Order | Refund] = [SALE, refund(1000, "orders.csv:3"), refund(1000, "orders.csv:4")]

    assert store.add_orders(rows) == 1
    assert store.add_orders(rows) == 0
    apply_all(store)

    assert orders(store) == [Order("R-1", Decimal(10_000), cancelled_amount=Decimal(2000))]


def test_applied_refunds_are_not_added_again(store: Store) -> None:
    store.add_orders([SALE, refund(1000)])
    apply_all(store)

    assert apply_all(store) == []
    assert orders(store) == [Order("R-1", Decimal(10_000), cancelled_amount=Decimal(1000))]


def test_refund_without_its_order_is_not_checked(store: Store) -> None:
    store.add_orders([SALE, refund(700, "orders.csv:9", "R-9")])

    (finding,) = apply_all(store)

    assert finding == Finding(
        merchant_uid="R-9",
        verdict=Verdict.NOT_CHECKED,
        error="orders.csv:9: amount of order 'R-9' is negative, -700: a refund, but no readable "
        "row has the order itself",
    )
    assert list(store.findings()) == [finding]


@pytest.mark.parametrize(
    ("order", "row", "problem"),
    [
        (SALE, refund(10_001), "their sum is 10001, the order's amount is 10000"),
        (Order("R-1", Decimal(9), "USD"), refund(1), "their currency is KRW, the order's is USD"),
        (Order("R-1", Decimal(9), status="ready"), refund(1), "the order's status is ready"),
        (
            Order("R-1", Decimal(9), cancelled_amount=Decimal(2)),
            refund(1),
            "their sum is 1, the order has 2 refunded",
        ),
    ],
)
def test_order_contradicted_by_its_refunds_is_not_checked(
    store: Store, order: Order, row: Refund, problem: str
) -> None:
    store.add_orders([order, row])

    (finding,) = apply_all(store)

    assert (finding.merchant_uid, finding.verdict) == ("R-1", Verdict.NOT_CHECKED)
    assert finding.error == f"negative amounts count as refunds (orders.csv:3), but {problem}"
    assert list(store.findings()) == [finding]
    # Final, like two different orders with one number.
    assert store.delete_not_checked() == 0


def test_refunds_set_the_cancelled_amount_of_an_order(store: Store) -> None:
    store.add_orders([Order("R-1", Decimal(9), status="cancelled"), refund(2)])

    assert apply_all(store) == []
    assert orders(store) == [Order("R-1", Decimal(9), "KRW", "cancelled", Decimal(2))]


def test_refund_that_the_order_also_declares_counts_once(store: Store) -> None:
    order = Order("R-1", Decimal(9), cancelled_amount=Decimal(2))
    store.add_orders([order, refund(2)])

    assert apply_all(store) == []
    assert orders(store) == [order]


def test_order_may_be_refunded_as_a_whole(store: Store) -> None:
    store.add_orders([SALE, refund(10_000)])

    assert apply_all(store) == []
    assert orders(store) == [Order("R-1", Decimal(10_000), cancelled_amount=Decimal(10_000))]


def test_refunds_of_two_currencies_are_not_added(store: Store) -> None:
    dollars = Refund("R-1", Decimal(1), "USD", "orders.csv:4")
    store.add_orders([SALE, refund(1), dollars])

    (finding,) = apply_all(store)

    assert finding.error is not None
    assert "their currency is KRW, USD, the order's is KRW" in finding.error


@pytest.mark.parametrize(
    "other",
    [refund(2), Refund("R-1", Decimal(1), "USD", "orders.csv:3")],
    ids=["amount", "currency"],
)
def test_two_refunds_with_the_same_row_are_rejected(store: Store, other: Refund) -> None:
    with pytest.raises(InvalidRequestError, match=r"two refunds have the row 'orders\.csv:3'"):
        store.add_orders([refund(1), other])


@given(
    st.permutations(
        [
            *(Order(f"R-{n}", Decimal(1000)) for n in range(4)),
            *(refund(n * 10 + m, f"row {n} {m}", f"R-{n}") for n in range(4) for m in range(1, 3)),
        ]
    ),
    st.integers(0, 12),
)
def test_sequence_and_repetition_of_rows_do_not_matter(
    rows: list[Order | Refund], killed_after: int
) -> None:
    with Store.open(":memory:") as store:
        store.add_orders(rows[:killed_after])
        store.add_orders(rows)
        apply_all(store)

        assert {order.merchant_uid: order.cancelled_amount for order in orders(store)} == {
            f"R-{n}": Decimal(n * 20 + 3) for n in range(4)
        }


async def test_sale_and_refunds_known_to_portone_are_one_match(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=3000)

    findings: list[Finding] = []
    summary = await reconcile(
        client,
        [refund(1000, "orders.csv:2"), SALE, refund(2000), refund(1, "orders.csv:9", "R-9")],
        on_finding=findings.append,
    )

    assert {verdict: count for verdict, count in summary.counts.items() if count} == {
        Verdict.MATCHED: 1,
        Verdict.NOT_CHECKED: 1,
    }
    assert [(finding.merchant_uid, finding.verdict) for finding in findings] == [
        ("R-9", Verdict.NOT_CHECKED),
        ("R-1", Verdict.MATCHED),
    ]


async def test_resumed_run_counts_its_refunds_once(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=1000)
    rows: list[Order | Refund] = [SALE, refund(1000)]

    with Store.open(tmp_path / "run.db") as store:
        first = await reconcile(client, rows, store=store)
        again = await reconcile(client, rows[::-1], store=store)

    assert first.counts[Verdict.MATCHED] == 1
    assert again.counts == first.counts


async def test_store_of_other_refunds_is_rejected(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=1000)

    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, [SALE, refund(1000)], store=store)
        with pytest.raises(StoreError, match="another run"):
            await reconcile(client, [SALE, refund(999)], store=store)
        fresh = await reconcile(client, [SALE, refund(999)], store=store, fresh=True)

    assert fresh.counts[Verdict.PARTIALLY_CANCELLED] == 1


async def test_run_killed_while_reading_orders_starts_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=1000)

    with Store.open(tmp_path / "run.db") as store:
        # The state after a kill between reading orders and applying all refunds.
        store.add_orders([SALE, refund(1000), refund(5, "orders.csv:9", "R-9")])
        store.apply_refunds(limit=1)
        summary = await reconcile(client, [SALE, refund(1000)], store=store)

    assert {verdict: count for verdict, count in summary.counts.items() if count} == {
        Verdict.MATCHED: 1
    }
