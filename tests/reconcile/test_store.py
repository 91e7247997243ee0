from __future__ import annotations

import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async.errors import PortOneError
from portone_async.models import UnreadablePayment
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict
from portone_async.reconcile.store import Store, StoreError
from portone_async.resources.payments._words import canonical
from tests.support.whole_run import counted, run

ROOT = Path(__file__).parents[2]
ORDER = Order("order-1", Decimal(1000))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "run.db") as store:
        yield store


def seen(imp_uid: str = "imp_1", status: str = "paid", **changes: Any) -> PaymentSnapshot:
    fields: dict[str, Any] = {"merchant_uid": "order-1", "amount": Decimal(1000), "currency": "KRW"}
    return PaymentSnapshot(imp_uid=imp_uid, status=status, **(fields | changes))


def judged(order: Order, verdict: Verdict = Verdict.MATCHED, **rest: Any) -> Finding:
    return Finding(merchant_uid=order.merchant_uid, verdict=verdict, order=order, **rest)


def orphan(payment: PaymentSnapshot) -> Finding:
    return Finding(merchant_uid=payment.merchant_uid, verdict=Verdict.ORPHAN, payments=(payment,))


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but what the parts of the run have cost, in a stable order."""
    connection = sqlite3.connect(path)
    try:
        tables = ("orders", "snapshots", "findings", "positions", "steps")
        return {name: sorted(connection.execute(f"SELECT * FROM {name}")) for name in tables}
    finally:
        connection.close()


# Killed, and begun again.


def killed_run(path: Path, last: int) -> int:
    command = [sys.executable, "-m", "tests.support.whole_run", str(path), str(last)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def test_a_run_killed_at_any_moment_ends_like_one_that_was_left_alone(tmp_path: Path) -> None:
    moments = 0

    def count() -> None:
        nonlocal moments
        moments += 1

    with counted(count):
        run(tmp_path / "quiet.db")
    # The same moments each time, from making the tables to closing the file.
    chosen = random.Random(20261101).sample(range(1, moments // 2), 6)
    kills = [killed_run(tmp_path / "killed.db", last) for last in [1, *chosen]]
    run(tmp_path / "killed.db")

    # A part of the run may be done before its moment comes: what is left is less each time.
    assert kills.count(-9) >= 4
    assert set(kills) <= {0, -9}
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "quiet.db")
    assert {name for name, found in rows(tmp_path / "quiet.db").items() if not found} == set()


def test_what_any_moment_leaves_on_the_disk_leads_to_the_same_end(tmp_path: Path) -> None:
    # What a killed process leaves is what its files hold at that moment: many more moments can
    # be had by copying them.
    home = tmp_path / "home"
    home.mkdir()
    moments = 0
    copies: list[Path] = []

    def copy() -> None:
        nonlocal moments
        moments += 1
        if moments % 53 == 0:
            copies.append(Path(shutil.copytree(home, tmp_path / str(moments))))

    with counted(copy):
        run(home / "run.db")
    expected = rows(home / "run.db")

    assert len(copies) > 60
    for each in copies:
        run(each / "run.db")
        assert rows(each / "run.db") == expected


def test_a_run_that_is_over_does_nothing_when_begun_again(tmp_path: Path) -> None:
    run(tmp_path / "run.db")
    before = rows(tmp_path / "run.db")
    run(tmp_path / "run.db")

    assert rows(tmp_path / "run.db") == before


def test_what_it_has_cost_is_added_up_over_all_parts(tmp_path: Path) -> None:
    for _ in range(3):
        with Store.open(tmp_path / "run.db") as store:
            store.add_usage(requests=10, retries=1, seconds=0.5)
    with Store.open(tmp_path / "run.db") as store:
        summary = store.summary()

    assert (summary.requests, summary.retries, summary.seconds) == (30, 3, 1.5)


def test_clear_forgets_everything(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("orders", [], position=None)
    store.record_slice("paid", [seen()], position=7)
    store.record([orphan(seen())])
    store.add_usage(requests=3)
    store.mark_ended()

    store.clear()

    assert store.progress() == (0, 0)
    assert not store.is_done("orders")
    assert store.position("paid") is None
    assert list(store.findings()) == []
    assert store.ended_at is None
    assert store.summary().requests == 0
    assert store.payments_without_order() == []


def test_first_end_of_a_run_counts(store: Store) -> None:
    store.mark_ended()
    first = store.ended_at
    store.mark_ended()

    assert first is not None
    assert store.ended_at == first == store.summary().ended_at


# One at a time.

HOLDER = """
import sys
from portone_async.reconcile.store import Store
store = Store.open(sys.argv[1])
store.record_slice("orders", [], position=None)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_refused_as_long_as_the_first_lives_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match="in use"):
            Store.open(path)
        holder.kill()
        holder.wait()

    with Store.open(path) as store:
        assert store.is_done("orders")


def test_a_second_run_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        with pytest.raises(StoreError, match="in use"):
            Store.open(tmp_path / "run.db")
        store.record([judged(ORDER)])
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (1, 1)


def test_an_open_store_writes_ahead_and_a_closed_one_is_a_single_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        assert {path.name for path in tmp_path.iterdir()} == {"run.db", "run.db-wal"}

    assert {path.name for path in tmp_path.iterdir()} == {"run.db"}


def test_a_reader_of_a_finished_store_neither_fails_nor_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    run(path)
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        assert reader.execute("SELECT count(*) FROM orders").fetchone() == (200,)
        run(path)
    finally:
        reader.close()


def test_threads_may_use_it_together(store: Store) -> None:
    gate = threading.Barrier(4)

    def record(step: str) -> None:
        gate.wait()
        for second in range(40):
            store.record_slice(step, [seen(f"{step}-{second}")], position=second)

    threads = [threading.Thread(target=record, args=[str(number)]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.position(str(number)) for number in range(4)] == [39] * 4
    assert len(store.payments_without_order()) == 160


# Files that are none, or cannot be written.


def other_version(path: Path) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (merchant_uid)")
    connection.close()


def some_text(path: Path) -> None:
    path.write_text("merchant_uid,amount\n" * 100, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(some_text, "not an SQLite file", id="a text"),
        pytest.param(other_database, "another application", id="another database"),
        pytest.param(other_version, "version 1, this package writes 3", id="another version"),
    ],
)
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Any, reason: str
) -> None:
    path = tmp_path / "run.db"
    make(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=reason) as caught:
        Store.open(path)

    assert "run.db" in str(caught.value)
    assert isinstance(caught.value, PortOneError)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", ["", "missing/run.db"], ids=["a folder", "no such folder"])
def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path / where)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "run.db").touch()
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (0, 0)


def test_a_file_that_may_only_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.db"
    run(path)
    before = path.read_bytes()
    connect = sqlite3.connect

    # The mode of a file does not stop root, so SQLite is told to open it so.
    def read_only(name: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(
            f"{Path(name).as_uri()}?mode=ro", uri=True, **options
        )
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)

    with pytest.raises(StoreError, match="no permission to write"):
        Store.open(path)

    assert path.read_bytes() == before


def test_a_closed_store_says_so_and_may_be_closed_again(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.progress()


def fill_up(store: Store, *, room: int = 0) -> None:
    """Let the disk have no more than so many pages of room from here on."""
    with store._database.reading() as connection:
        ((pages,),) = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages + room}")


def orders(count: int) -> Iterator[Order]:
    return (Order(f"order-{number:06}", Decimal(number)) for number in range(count))


def record_orders(store: Store) -> None:
    store.add_orders(orders(5000))


def record_slice(store: Store) -> None:
    store.record_slice("paid", [seen(f"imp_{number}") for number in range(1000)], position=None)


def record_findings(store: Store) -> None:
    store.record([orphan(seen(f"imp_{number}")) for number in range(1000)])


@pytest.mark.parametrize("step", [record_orders, record_slice, record_findings])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path, step: Any) -> None:
    path = tmp_path / "run.db"
    with Store.open(path) as store:
        store.add_orders([ORDER])
        store.record_slice("paid", [seen()], position=1)
    before = rows(path)
    with Store.open(path) as store:
        fill_up(store, room=3)
        with pytest.raises(StoreError, match="disk is full"):
            step(store)
        assert store.progress() == (0, 1)
    assert rows(path) == before

    with Store.open(path) as store:
        step(store)
    assert rows(path) != before


def test_a_disk_that_fails_is_told_and_the_run_goes_on_when_it_works_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.db"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path) as store:
        store.add_orders([ORDER])
        # Bytes that a file may have: SQLite's write fails in the system.
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(StoreError, match="disk cannot be read or written"):
                record_orders(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert store.progress() == (0, 1)
        record_orders(store)

    with Store.open(path) as store:
        assert store.progress() == (0, 5001)


def test_a_new_file_on_a_full_disk_is_told(tmp_path: Path, monkeypatch: Any) -> None:
    connect = sqlite3.connect

    def full(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StoreError, match="disk is full"):
        Store.open(tmp_path / "run.db")

    monkeypatch.undo()
    run(tmp_path / "run.db")


def test_payments_that_fail_to_come_leave_nothing_half_written(store: Store) -> None:
    def page() -> Iterator[PaymentSnapshot]:
        yield seen()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.record_slice("paid", page(), position=None)

    assert store.position("paid") is None
    assert not store.is_done("paid")
    assert not store.payments_without_order()


# What goes in and comes out.

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
numbers = texts | st.sampled_from(
    ["'; DROP TABLE orders; --", '"', "주문-1", "🧾", "a\0b", "x" * 100_000, "../x?y#z", ""]
)
amounts = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("0.1"), Decimal("1000.00"), Decimal("1e20"), Decimal("123456789012345678901234.56")]
)
statuses = texts.filter(lambda word: canonical(word) in {None, word})
some_orders = st.lists(
    st.builds(Order, merchant_uid=numbers, amount=amounts, currency=texts, status=statuses),
    max_size=8,
    unique_by=lambda order: order.merchant_uid,
)


@given(some_orders)
def test_any_order_comes_back_as_it_went_in(orders: list[Order]) -> None:
    with Store.open(":memory:") as store:
        assert store.add_orders(orders) == len(orders)
        left = [left.order for left in store.pending_orders()]

    assert left == orders
    assert [str(order.amount) for order in left] == [str(order.amount) for order in orders]


@given(
    st.lists(
        st.builds(
            PaymentSnapshot,
            imp_uid=numbers,
            merchant_uid=numbers,
            status=texts,
            amount=amounts,
            cancel_amount=amounts,
            currency=st.none() | texts,
            sandbox=st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda sighting: sighting.imp_uid,
    ),
    texts,
    st.none() | texts,
)
def test_any_finding_comes_back_as_it_went_in(
    payments: list[PaymentSnapshot], number: str, error: str | None
) -> None:
    order = Order(number, Decimal("1.50"), "USD", "cancelled")
    findings = [
        judged(order, Verdict.NOT_CHECKED, payments=tuple(payments), error=error),
        *sorted((orphan(payment) for payment in payments), key=lambda f: f.payments[0].imp_uid),
        Finding(merchant_uid=number, verdict=Verdict.NOT_CHECKED, error="line 1: " + (error or "")),
    ]
    with Store.open(":memory:") as store:
        store.add_orders([order])
        store.record(reversed(findings))

        assert list(store.findings()) == findings


def test_half_a_character_is_told_and_leaves_nothing_half_written(store: Store) -> None:
    with pytest.raises(StoreError, match="not Unicode"):
        store.add_orders([ORDER, Order("\ud800", Decimal(1))])

    assert store.progress() == (0, 0)


# Orders.


def test_the_same_input_fed_again_adds_nothing(store: Store) -> None:
    assert store.add_orders(orders(20_000)) == 20_000
    assert store.add_orders(orders(20_001)) == 1
    assert store.progress() == (0, 20_001)


def test_an_amount_written_otherwise_is_no_contradiction(store: Store) -> None:
    store.add_orders([ORDER, Order("order-1", Decimal("1000.00"))])

    assert store.progress() == (0, 1)


@pytest.mark.parametrize("is_one_batch", [True, False], ids=["in one batch", "later"])
@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(Order("order-1", Decimal(1)), "1 KRW paid", id="amount"),
        pytest.param(Order("order-1", Decimal(1000), "USD"), "1000 USD paid", id="currency"),
        pytest.param(
            Order("order-1", Decimal(1000), "KRW", "failed"), "1000 KRW failed", id="status"
        ),
    ],
)
def test_an_order_told_in_two_ways_cannot_be_checked(
    store: Store, other: Order, words: str, is_one_batch: bool
) -> None:
    for batch in [[ORDER, other]] if is_one_batch else [[ORDER], [other]]:
        store.add_orders(batch)
    error = f"the order number was given twice: 1000 KRW paid, and {words}"
    expected = [judged(ORDER, Verdict.NOT_CHECKED, error=error)]

    assert list(store.findings()) == expected
    assert not store.pending_orders()

    # Neither the input fed again, nor what a look-up has to say, nor a second try undoes that.
    store.add_orders([ORDER, other, Order("order-1", Decimal(7))])
    store.record([judged(ORDER)])
    assert store.delete_not_checked() == 0
    assert list(store.findings()) == expected


def test_a_contradiction_takes_the_place_of_a_finding(store: Store) -> None:
    store.add_orders([ORDER])
    store.record([judged(ORDER)])
    store.add_orders([Order("order-1", Decimal(7))])

    assert [finding.verdict for finding in store.findings()] == [Verdict.NOT_CHECKED]


def walked(store: Store, limit: int) -> Iterable[Order]:
    after = 0
    while batch := store.pending_orders(after=after, limit=limit):
        assert len(batch) <= limit
        yield from (left.order for left in batch)
        after = batch[-1].position


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_the_walk_meets_every_order_without_a_finding_once_in_the_order_of_the_input(
    store: Store, limit: int
) -> None:
    expected = list(orders(50))[::-1]
    store.add_orders(expected)
    store.record(judged(order) for order in expected[::3])
    del expected[::3]

    assert list(walked(store, limit)) == expected
    assert store.progress() == (17, 50)


def test_an_order_comes_with_all_payments_of_its_number_and_no_others(store: Store) -> None:
    first, second, third = orders(3)
    store.add_orders([first, second, third])
    of_first = [seen(uid, merchant_uid=first.merchant_uid) for uid in ("imp_a", "imp_b")]
    of_third = seen("imp_c", merchant_uid=third.merchant_uid)
    store.record_slice(
        "paid", [of_third, *of_first, seen("imp_d", merchant_uid="else")], position=1
    )

    assert [(left.order, left.payments) for left in store.pending_orders()] == [
        (first, tuple(of_first)),
        (second, ()),
        (third, (of_third,)),
    ]


# Payments.


def test_slice_and_position_are_kept_together(store: Store) -> None:
    store.record_slice("paid", [seen("imp_1")], position=100)
    store.record_slice("paid", [], position=300)

    assert store.position("paid") == 300
    assert store.position("cancelled") is None
    assert not store.is_done("paid")

    store.record_slice("paid", [seen("imp_2")], position=None)

    assert store.is_done("paid")
    assert not store.is_done("cancelled")


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        ("paid", "cancelled", "cancelled"),
        ("cancelled", "paid", "cancelled"),
        ("failed", "paid", "paid"),
        ("paid", "failed", "paid"),
        ("ready", "pending", "pending"),
        ("paid", "ready", "paid"),
    ],
)
def test_of_a_payment_seen_twice_the_later_state_is_kept(
    store: Store, first: str, then: str, kept: str
) -> None:
    for status in (first, then):
        store.record_slice("window", [seen("imp_1", status)], position=1)

    assert [sighting.status for sighting in store.payments_without_order()] == [kept]


@pytest.mark.parametrize("refunds", [(100, 300), (300, 100), (100, 20, 300), (300, 20)])
def test_of_a_payment_seen_twice_the_larger_refund_is_kept(
    store: Store, refunds: tuple[int, ...]
) -> None:
    for back in refunds:
        store.record_slice(
            "w", [seen("imp_1", "cancelled", cancel_amount=Decimal(back))], position=1
        )

    assert [s.cancel_amount for s in store.payments_without_order()] == [Decimal(300)]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_payments_without_an_order_are_met_once_each(store: Store, limit: int) -> None:
    store.add_orders([ORDER])
    strangers = [seen(f"imp_{letter}", merchant_uid="stranger") for letter in "abcdef"]
    store.record_slice("paid", [*strangers[::-1], seen("imp_ours")], position=1)
    store.record([orphan(strangers[2])])
    del strangers[2]
    met: list[PaymentSnapshot] = []
    while batch := store.payments_without_order(after=met[-1].imp_uid if met else "", limit=limit):
        assert len(batch) <= limit
        met += batch

    assert met == strangers


@pytest.mark.parametrize("merchant_uid", [None, "stranger"])
def test_unreadable_payment_without_an_id_is_kept_and_met_once(
    store: Store, merchant_uid: str | None
) -> None:
    odd = UnreadablePayment(
        imp_uid=None, merchant_uid=merchant_uid, path="$.imp_uid", reason="Expected `str`"
    )
    for status in ("paid", "cancelled"):
        store.record_slice(status, [], position=1, unreadable=[odd])

    assert store.unreadable_without_order() == [odd]
    store.record_unreadable(odd, str(odd))
    assert store.unreadable_without_order() == []


# Findings.


def test_a_finding_recorded_again_replaces_itself(store: Store) -> None:
    store.add_orders([ORDER])
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    store.record([judged(ORDER, Verdict.MISSING), orphan(seen()), bad])
    store.record([judged(ORDER), orphan(seen()), bad])

    assert list(store.findings()) == [judged(ORDER), orphan(seen()), bad]


def test_a_finding_of_an_order_that_is_not_there_is_refused_and_nothing_kept(store: Store) -> None:
    store.add_orders([ORDER])

    with pytest.raises(StoreError, match="no order 'order-2'"):
        store.record([orphan(seen()), judged(ORDER), judged(Order("order-2", Decimal(1)))])

    assert list(store.findings()) == []


def test_findings_are_read_as_they_are_asked_for_while_others_are_recorded(store: Store) -> None:
    everything = list(orders(2500))
    store.add_orders(everything)
    store.record(judged(order) for order in everything[:1500])
    findings = store.findings()
    first = next(findings)
    store.record(judged(order) for order in everything[1500:])

    assert [first.order, *(finding.order for finding in findings)] == everything


def test_findings_of_one_verdict_leave_the_others_out(store: Store) -> None:
    everything = list(orders(3000))
    store.add_orders(everything)
    verdicts = [Verdict.MISSING if number % 2 else Verdict.MATCHED for number in range(3000)]
    store.record(map(judged, everything, verdicts))

    assert [found.order for found in store.findings(Verdict.MISSING)] == everything[1::2]
    assert list(store.findings(Verdict.ORPHAN)) == []


def test_what_could_not_be_checked_is_walked_again_when_asked_for(store: Store) -> None:
    first, second = orders(2)
    store.add_orders([first, second])
    stranger = seen("imp_x", merchant_uid="stranger")
    store.record_slice("paid", [stranger], position=1)
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    unsure = Finding(
        merchant_uid="stranger", verdict=Verdict.NOT_CHECKED, payments=(stranger,), error="503"
    )
    store.record([judged(first), judged(second, Verdict.NOT_CHECKED, error="503"), unsure, bad])

    assert store.delete_not_checked() == 2
    assert [left.order for left in store.pending_orders()] == [second]
    assert store.payments_without_order() == [stranger]
    assert list(store.findings()) == [judged(first), bad]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Verdict.MATCHED, Verdict.MISSING, Verdict.AMOUNT_DIFFERS]),
            st.sampled_from(["KRW", "USD"]),
            st.decimals(-(10**23), 10**23, places=4),
        )
    ),
    st.lists(st.tuples(st.sampled_from(["KRW", None]), st.decimals(0, 10**23, places=2))),
)
@example([(Verdict.MATCHED, "KRW", Decimal("99999999999999999999999.9999"))] * 12, [])
def test_the_figures_are_exact(
    told: list[tuple[Verdict, str, Decimal]], strangers: list[tuple[str | None, Decimal]]
) -> None:
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, dict[str, Fraction]] = {}
    with Store.open(":memory:") as store:
        for number, (verdict, currency, amount) in enumerate(told):
            order = Order(str(number), amount, currency)
            store.add_orders([order])
            # What was paid for an order is not what it asked for: only the latter counts.
            store.record([judged(order, verdict, payments=(seen(amount=Decimal(5)),))])
        store.record(
            orphan(seen(f"imp_{number}", currency=currency, amount=amount))
            for number, (currency, amount) in enumerate(strangers)
        )
        store.record([Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="line 2")])
        summary = store.summary()
    everything = [*told, *((Verdict.ORPHAN, currency or "", amt) for currency, amt in strangers)]
    for verdict, currency, amount in everything:
        counts[verdict] += 1
        sums = amounts.setdefault(verdict, {})
        sums[currency] = sums.get(currency, Fraction()) + Fraction(amount)
    counts[Verdict.NOT_CHECKED] += 1

    assert summary.counts == counts
    assert amounts == {
        verdict: {currency: Fraction(amount) for currency, amount in sums.items()}
        for verdict, sums in summary.amounts.items()
    }
