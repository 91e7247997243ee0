"""Test the identity of a run: its orders, its period and its statuses."""

from __future__ import annotations

import random
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async import AuthenticationError, PortOneClient
from portone_async.reconcile import (
    Finding,
    Order,
    Refund,
    Store,
    StoreError,
    UnreadableOrder,
    Verdict,
    reconcile,
)
from portone_async.reconcile._store.order_rows import to_columns
from portone_async.reconcile.identity import OrdersDigest
from portone_async.testing import FakePortOne, Status
from tests.support.paid_day import DAY, NEXT, paid_orders


def total(store: Store) -> int:
    return sum(store.summary().counts.values())


@pytest.mark.parametrize("change", ["more", "fewer", "another amount", "another number"])
async def test_finished_store_refuses_other_orders(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, change: str
) -> None:
    orders = paid_orders(server, 4)
    others = {
        "more": [*orders, Order("another", Decimal(1))],
        "fewer": orders[:-1],
        "another amount": [*orders[:-1], Order("o-3", Decimal(999))],
        "another number": [*orders[:-1], Order("o-9", Decimal(1000))],
    }[change]
    difference = {"more": "orders were 4 and are now 5", "fewer": "orders were 4 and are now 3"}
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        before = list(store.findings())
        server.clear_requests()

        with pytest.raises(StoreError) as caught:
            await reconcile(client, others, since=DAY, until=NEXT, store=store)

        assert difference.get(change, "are not the same") in str(caught.value)
        assert "fresh=True" in str(caught.value)
        assert "--fresh" in str(caught.value)
        assert list(store.findings()) == before
    assert server.requests == []


async def test_store_refuses_another_period_and_other_statuses(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 2)
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)

        later = NEXT + timedelta(days=1)
        with pytest.raises(
            StoreError, match=r"period was 2026-11-01T00:00:00\+00:00 until 2026-11-02T.*is now"
        ) as caught:
            await reconcile(client, orders, since=NEXT, until=later, store=store)
        assert "fresh=True" in str(caught.value)
        with pytest.raises(StoreError, match="statuses were cancelled paid and are now paid"):
            await reconcile(client, orders, since=DAY, until=NEXT, statuses=["paid"], store=store)
        with pytest.raises(StoreError, match="and is now none"):
            await reconcile(client, orders, store=store)


async def test_finished_store_refuses_another_shop(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 2)
    with FakePortOne(imp_key="7700000000000002") as other_server:
        async with other_server.client() as other:
            with Store.open(tmp_path / "run.db") as store:
                first = await reconcile(other, orders, since=DAY, until=NEXT, store=store)
                assert first.counts[Verdict.MISSING] == 2

                with pytest.raises(StoreError, match="those of another API key"):
                    await reconcile(client, orders, since=DAY, until=NEXT, store=store)
                view = other.with_options(tier="A01")
                with pytest.raises(StoreError, match="Tier was none and is now A01"):
                    await reconcile(view, orders, since=DAY, until=NEXT, store=store)

                found = await reconcile(
                    client, orders, since=DAY, until=NEXT, store=store, fresh=True
                )
                assert found.counts[Verdict.MATCHED] == 2
    assert b"7700000000000001" not in (tmp_path / "run.db").read_bytes()


async def test_store_that_records_no_shop_is_refused(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 2)
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert store.identity is not None
        store.set_identity(replace(store.identity, shop=None))
        server.clear_requests()

        with pytest.raises(StoreError, match="may be those of another shop"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)

    assert server.requests == []


@pytest.mark.parametrize("has_period", [True, False])
async def test_run_with_a_rejected_key_resumes_with_the_right_one(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, *, has_period: bool
) -> None:
    unreadable = UnreadableOrder("row 3", "no amount")
    orders: list[Order | UnreadableOrder] = [*paid_orders(server, 2), unreadable]
    period: dict[str, Any] = {"since": DAY, "until": NEXT} if has_period else {}
    mistyped = PortOneClient("7700000000000009", "secret", base_url=server.url)
    with Store.open(tmp_path / "run.db") as store:
        async with mistyped:
            with pytest.raises(AuthenticationError):
                await reconcile(mistyped, orders, **period, store=store)

        summary = await reconcile(client, orders, **period, store=store)

    assert summary.counts[Verdict.MATCHED] == 2


async def test_fresh_run_replaces_another(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 4)
    with Store.open(tmp_path / "run.db") as store:
        await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        summary = await reconcile(
            client, orders[:2], since=DAY, until=NEXT, store=store, fresh=True
        )

        assert summary.counts[Verdict.MATCHED] == 2
        assert summary.counts[Verdict.ORPHAN] == 2
        assert total(store) == 4


async def test_same_orders_in_another_sequence_are_the_same_run(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 50)
    seoul = timezone(timedelta(hours=9))
    with Store.open(tmp_path / "run.db") as store:
        first = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        random.Random(1).shuffle(orders)
        server.clear_requests()
        again = await reconcile(
            client,
            [Order(order.merchant_uid, Decimal("1000.0")) for order in orders],
            since=DAY.astimezone(seoul),
            until=NEXT.astimezone(seoul),
            statuses=["cancelled", "paid"],
            store=store,
        )

    assert server.requests == []
    assert again.counts == first.counts
    assert first.ended_at is not None
    assert again.ended_at == first.ended_at
    assert first.started_at is not None
    assert first.started_at <= first.ended_at
    assert first.ended_at.tzinfo is UTC


async def test_finished_run_checks_not_checked_orders_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = [*paid_orders(server, 3), Order("none", Decimal(1000))]
    findings: list[Finding] = []
    with Store.open(tmp_path / "run.db") as store:
        server.fail(Status(403), times=None, on="/payments/findAll")
        first = await reconcile(client, orders, store=store)
        assert first.counts[Verdict.NOT_CHECKED] == 1

        server.clear_faults()
        server.clear_requests()
        summary = await reconcile(client, orders, store=store, on_finding=findings.append)

    assert [finding.merchant_uid for finding in findings] == ["none"]
    assert summary.counts[Verdict.MISSING] == 1
    assert summary.ended_at == first.ended_at
    assert len(server.requests) == 2


async def test_run_killed_while_loading_loads_its_orders_again(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    orders = paid_orders(server, 3)
    with Store.open(tmp_path / "run.db") as store:
        # The state after a process was killed before all orders were stored.
        store.add_orders([Order("of another file", Decimal(1))])
        summary = await reconcile(client, orders, store=store)

    assert summary.counts[Verdict.MATCHED] == 3
    assert sum(summary.counts.values()) == 3


async def test_unreadable_orders_are_findings_and_belong_to_the_run(
    server: FakePortOne, client: PortOneClient, tmp_path: Path
) -> None:
    (order,) = paid_orders(server, 1)
    with Store.open(tmp_path / "run.db") as store:
        bad = UnreadableOrder("a.csv:3", "no amount", "o-3")
        await reconcile(client, [order, bad], store=store)
        (finding,) = store.findings(Verdict.NOT_CHECKED)
        moved = UnreadableOrder("b.csv:3", "no amount", "o-3")
        await reconcile(client, [order, moved], store=store)
        another = UnreadableOrder("a.csv:3", "no amount", "o-4")
        with pytest.raises(StoreError, match="not the same"):
            await reconcile(client, [order, another], store=store)

    assert (finding.merchant_uid, finding.error) == ("o-3", "a.csv:3: no amount")


amounts = st.decimals(min_value=-1000, max_value=10**9, places=2)
items = st.lists(
    st.one_of(
        st.builds(Order, st.text(max_size=5), amounts, st.sampled_from(["KRW", "USD"])),
        st.builds(Refund, st.text(max_size=5), amounts, st.just("KRW"), st.text(max_size=3)),
        st.builds(UnreadableOrder, st.text(max_size=3), st.text(max_size=3)),
    ),
    max_size=8,
)


@given(items, st.randoms())
def test_digest_does_not_depend_on_the_sequence(
    orders: list[Order | Refund | UnreadableOrder], rng: random.Random
) -> None:
    digest, other, fewer = OrdersDigest(), OrdersDigest(), OrdersDigest()
    digest.add(orders)
    shuffled = list(orders)
    rng.shuffle(shuffled)
    for item in shuffled:
        other.add([item])
    fewer.add(orders[1:])

    assert digest.hex() == other.hex()
    assert not orders or digest.hex() != fewer.hex()


@given(
    st.lists(
        st.builds(Order, st.text(max_size=5), amounts.map(abs), st.sampled_from(["KRW", "USD"]))
    )
)
def test_digest_of_columns_is_the_digest_of_their_orders(orders: list[Order]) -> None:
    digest, other = OrdersDigest(), OrdersDigest()
    digest.add(orders)
    other.add_columns([to_columns(order) for order in orders])

    assert (other.hex(), other.count) == (digest.hex(), digest.count)


@pytest.mark.parametrize("amount", ["1000", "1000.00", "1E+3", "1.000e3"])
def test_digest_does_not_depend_on_the_notation_of_an_amount(amount: str) -> None:
    digest, other = OrdersDigest(), OrdersDigest()
    digest.add_columns([to_columns(Order("a", Decimal(1000)))])
    other.add_columns([to_columns(Order("a", Decimal(amount), cancelled_amount=Decimal("0.0")))])

    assert other.hex() == digest.hex()


def test_digest_adds_no_order_if_one_is_not_unicode() -> None:
    digest = OrdersDigest()
    with pytest.raises(UnicodeEncodeError):
        digest.add_columns([to_columns(Order(number, Decimal(1))) for number in ("a", "\ud800")])

    assert (digest.hex(), digest.count) == (OrdersDigest().hex(), 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Order("a", Decimal(1)), Order("b", Decimal(1))),
        (Order("a", Decimal(1)), Order("a", Decimal(10))),
        (Order("a", Decimal(1)), Order("a", Decimal(1), "USD")),
        (Order("a", Decimal(1)), Order("a", Decimal(1), status="cancelled")),
        (Order("a", Decimal(1)), Order("a", Decimal(1), cancelled_amount=Decimal(1))),
        (Order("a", Decimal(1)), Refund("a", Decimal(1), "KRW", "x:1")),
    ],
)
def test_digest_depends_on_every_field(first: Order, second: Order | Refund) -> None:
    digests = [OrdersDigest(), OrdersDigest()]
    for digest, item in zip(digests, (first, second), strict=True):
        digest.add([item])

    assert digests[0].hex() != digests[1].hex()
