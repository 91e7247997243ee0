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


def snapshot(imp_uid: str = "imp_1", status: str = "paid", **changes: Any) -> PaymentSnapshot:
    fields: dict[str, Any] = {"merchant_uid": "order-1", "amount": Decimal(1000), "currency": "KRW"}
    return PaymentSnapshot(imp_uid=imp_uid, status=status, **(fields | changes))


def finding_of(order: Order, verdict: Verdict = Verdict.MATCHED, **rest: Any) -> Finding:
    return Finding(merchant_uid=order.merchant_uid, verdict=verdict, order=order, **rest)


def orphan(payment: PaymentSnapshot) -> Finding:
    return Finding(merchant_uid=payment.merchant_uid, verdict=Verdict.ORPHAN, payments=(payment,))


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table except ``run``, in a stable sequence."""
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


def test_killed_run_resumes_to_the_same_result(tmp_path: Path) -> None:
    moments = 0

    def count() -> None:
        nonlocal moments
        moments += 1

    with counted(count):
        run(tmp_path / "undisturbed.db")
    # The same moments in every run of this test, from creating the tables to closing the file.
    chosen = random.Random(20261101).sample(range(1, moments // 2), 6)
    kills = [killed_run(tmp_path / "killed.db", last) for last in [1, *chosen]]
    run(tmp_path / "killed.db")

    # A resumed run is shorter, so it may end before its moment.
    assert kills.count(-9) >= 4
    assert set(kills) <= {0, -9}
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "undisturbed.db")
    assert all(rows(tmp_path / "undisturbed.db").values())


def test_files_copied_at_any_moment_resume_to_the_same_result(tmp_path: Path) -> None:
    # A killed process leaves its files as they are at that moment. Copying them then is the same
    # as a kill, and faster.
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
    for folder in copies:
        run(folder / "run.db")
        assert rows(folder / "run.db") == expected


def test_finished_run_changes_nothing_when_run_again(tmp_path: Path) -> None:
    run(tmp_path / "run.db")
    before = rows(tmp_path / "run.db")
    run(tmp_path / "run.db")

    assert rows(tmp_path / "run.db") == before


def test_usage_is_summed_over_all_parts(tmp_path: Path) -> None:
    for _ in range(3):
        with Store.open(tmp_path / "run.db") as store:
            store.add_usage(requests=10, retries=1, seconds=0.5)
    with Store.open(tmp_path / "run.db") as store:
        summary = store.summary()

    assert (summary.requests, summary.retries, summary.seconds) == (30, 3, 1.5)


def test_clear_deletes_everything(store: Store) -> None:
    store.add_orders([ORDER])
    store.record_slice("orders", [], position=None)
    store.record_slice("paid", [snapshot()], position=7)
    store.record([orphan(snapshot())])
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


def test_only_the_first_end_is_recorded(store: Store) -> None:
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


def test_store_is_locked_while_another_process_lives(tmp_path: Path) -> None:
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


def test_store_is_locked_within_one_process(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        with pytest.raises(StoreError, match="in use"):
            Store.open(tmp_path / "run.db")
        store.record([finding_of(ORDER)])
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (1, 1)


def test_closed_store_is_a_single_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([ORDER])
        assert {path.name for path in tmp_path.iterdir()} == {"run.db", "run.db-wal"}

    assert {path.name for path in tmp_path.iterdir()} == {"run.db"}


def test_reader_of_a_closed_store_does_not_block_a_run(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    run(path)
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        assert reader.execute("SELECT count(*) FROM orders").fetchone() == (200,)
        run(path)
    finally:
        reader.close()


def test_threads_can_share_a_store(store: Store) -> None:
    gate = threading.Barrier(4)

    def record(step: str) -> None:
        gate.wait()
        for second in range(40):
            store.record_slice(step, [snapshot(f"{step}-{second}")], position=second)

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
        pytest.param(some_text, "not an SQLite file", id="text"),
        pytest.param(other_database, "another application", id="another database"),
        pytest.param(other_version, "version 1, this package writes 3", id="another version"),
    ],
)
def test_foreign_file_is_refused_and_not_changed(tmp_path: Path, make: Any, reason: str) -> None:
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
def test_impossible_path_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path / where)


def test_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "run.db").touch()
    with Store.open(tmp_path / "run.db") as store:
        assert store.progress() == (0, 0)


def test_read_only_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.db"
    run(path)
    before = path.read_bytes()
    connect = sqlite3.connect

    # File modes do not restrict root, so SQLite opens the file read-only.
    def read_only(name: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(
            f"{Path(name).as_uri()}?mode=ro", uri=True, **options
        )
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)

    with pytest.raises(StoreError, match="no permission to write"):
        Store.open(path)

    assert path.read_bytes() == before


def test_closed_store_raises_and_can_be_closed_again(store: Store) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.progress()


def fill_up(store: Store, *, room: int = 0) -> None:
    """Limit the file to so many more pages."""
    with store._database.reading() as connection:
        ((pages,),) = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages + room}")


def orders(count: int) -> Iterator[Order]:
    return (Order(f"order-{number:06}", Decimal(number)) for number in range(count))


def record_orders(store: Store) -> None:
    store.add_orders(orders(5000))


def record_slice(store: Store) -> None:
    store.record_slice("paid", [snapshot(f"imp_{number}") for number in range(1000)], position=None)


def record_findings(store: Store) -> None:
    store.record([orphan(snapshot(f"imp_{number}")) for number in range(1000)])


@pytest.mark.parametrize("step", [record_orders, record_slice, record_findings])
def test_full_disk_raises_and_rolls_back(tmp_path: Path, step: Any) -> None:
    path = tmp_path / "run.db"
    with Store.open(path) as store:
        store.add_orders([ORDER])
        store.record_slice("paid", [snapshot()], position=1)
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


def test_run_continues_after_a_disk_error(
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


def test_new_file_on_a_full_disk_raises(tmp_path: Path, monkeypatch: Any) -> None:
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


def test_error_while_payments_are_read_rolls_back(store: Store) -> None:
    def page() -> Iterator[PaymentSnapshot]:
        yield snapshot()
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
def test_any_order_is_read_back_unchanged(orders: list[Order]) -> None:
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
        unique_by=lambda payment: payment.imp_uid,
    ),
    texts,
    st.none() | texts,
)
def test_any_finding_is_read_back_unchanged(
    payments: list[PaymentSnapshot], number: str, error: str | None
) -> None:
    order = Order(number, Decimal("1.50"), "USD", "cancelled")
    findings = [
        finding_of(order, Verdict.NOT_CHECKED, payments=tuple(payments), error=error),
        *sorted((orphan(payment) for payment in payments), key=lambda f: f.payments[0].imp_uid),
        Finding(merchant_uid=number, verdict=Verdict.NOT_CHECKED, error="line 1: " + (error or "")),
    ]
    with Store.open(":memory:") as store:
        store.add_orders([order])
        store.record(reversed(findings))

        assert list(store.findings()) == findings


def test_half_a_surrogate_pair_raises_and_rolls_back(store: Store) -> None:
    with pytest.raises(StoreError, match="not Unicode"):
        store.add_orders([ORDER, Order("\ud800", Decimal(1))])

    assert store.progress() == (0, 0)


# Orders.


def test_orders_added_again_are_not_new(store: Store) -> None:
    assert store.add_orders(orders(20_000)) == 20_000
    assert store.add_orders(orders(20_001)) == 1
    assert store.progress() == (0, 20_001)


def test_equal_amount_in_another_notation_is_not_a_contradiction(store: Store) -> None:
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
def test_contradicted_order_stays_not_checked(
    store: Store, other: Order, words: str, is_one_batch: bool
) -> None:
    for batch in [[ORDER, other]] if is_one_batch else [[ORDER], [other]]:
        store.add_orders(batch)
    error = f"the order number was given twice: 1000 KRW paid, and {words}"
    expected = [finding_of(ORDER, Verdict.NOT_CHECKED, error=error)]

    assert list(store.findings()) == expected
    assert not store.pending_orders()

    # Neither the same input again, nor a finding, nor a second check undoes that.
    store.add_orders([ORDER, other, Order("order-1", Decimal(7))])
    store.record([finding_of(ORDER)])
    assert store.delete_not_checked() == 0
    assert list(store.findings()) == expected


def test_contradiction_replaces_a_finding(store: Store) -> None:
    store.add_orders([ORDER])
    store.record([finding_of(ORDER)])
    store.add_orders([Order("order-1", Decimal(7))])

    assert [finding.verdict for finding in store.findings()] == [Verdict.NOT_CHECKED]


def all_pending(store: Store, limit: int) -> Iterable[Order]:
    after = 0
    while batch := store.pending_orders(after=after, limit=limit):
        assert len(batch) <= limit
        yield from (left.order for left in batch)
        after = batch[-1].position


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pending_orders_are_read_once_in_input_sequence(store: Store, limit: int) -> None:
    expected = list(orders(50))[::-1]
    store.add_orders(expected)
    store.record(finding_of(order) for order in expected[::3])
    del expected[::3]

    assert list(all_pending(store, limit)) == expected
    assert store.progress() == (17, 50)


def test_pending_order_has_exactly_its_own_payments(store: Store) -> None:
    first, second, third = orders(3)
    store.add_orders([first, second, third])
    of_first = [snapshot(uid, merchant_uid=first.merchant_uid) for uid in ("imp_a", "imp_b")]
    of_third = snapshot("imp_c", merchant_uid=third.merchant_uid)
    store.record_slice(
        "paid", [of_third, *of_first, snapshot("imp_d", merchant_uid="else")], position=1
    )

    assert [(left.order, left.payments) for left in store.pending_orders()] == [
        (first, tuple(of_first)),
        (second, ()),
        (third, (of_third,)),
    ]


# Payments.


def test_slice_and_position_are_stored_together(store: Store) -> None:
    store.record_slice("paid", [snapshot("imp_1")], position=100)
    store.record_slice("paid", [], position=300)

    assert store.position("paid") == 300
    assert store.position("cancelled") is None
    assert not store.is_done("paid")

    store.record_slice("paid", [snapshot("imp_2")], position=None)

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
def test_later_state_of_a_payment_is_stored(store: Store, first: str, then: str, kept: str) -> None:
    for status in (first, then):
        store.record_slice("window", [snapshot("imp_1", status)], position=1)

    assert [payment.status for payment in store.payments_without_order()] == [kept]


@pytest.mark.parametrize("refunds", [(100, 300), (300, 100), (100, 20, 300), (300, 20)])
def test_larger_cancel_amount_of_a_payment_is_stored(
    store: Store, refunds: tuple[int, ...]
) -> None:
    for amount in refunds:
        store.record_slice(
            "w", [snapshot("imp_1", "cancelled", cancel_amount=Decimal(amount))], position=1
        )

    assert [s.cancel_amount for s in store.payments_without_order()] == [Decimal(300)]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_payments_without_order_are_read_once(store: Store, limit: int) -> None:
    store.add_orders([ORDER])
    strangers = [snapshot(f"imp_{letter}", merchant_uid="stranger") for letter in "abcdef"]
    store.record_slice("paid", [*strangers[::-1], snapshot("imp_ours")], position=1)
    store.record([orphan(strangers[2])])
    del strangers[2]
    read: list[PaymentSnapshot] = []
    while batch := store.payments_without_order(
        after=read[-1].imp_uid if read else "", limit=limit
    ):
        assert len(batch) <= limit
        read += batch

    assert read == strangers


@pytest.mark.parametrize("merchant_uid", [None, "stranger"])
def test_unreadable_payment_without_an_id_is_read_once(
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


def test_finding_recorded_again_replaces_itself(store: Store) -> None:
    store.add_orders([ORDER])
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    store.record([finding_of(ORDER, Verdict.MISSING), orphan(snapshot()), bad])
    store.record([finding_of(ORDER), orphan(snapshot()), bad])

    assert list(store.findings()) == [finding_of(ORDER), orphan(snapshot()), bad]


def test_finding_of_an_unknown_order_raises_and_rolls_back(store: Store) -> None:
    store.add_orders([ORDER])

    with pytest.raises(StoreError, match="no order 'order-2'"):
        store.record(
            [orphan(snapshot()), finding_of(ORDER), finding_of(Order("order-2", Decimal(1)))]
        )

    assert list(store.findings()) == []


def test_findings_are_read_lazily_while_others_are_recorded(store: Store) -> None:
    everything = list(orders(2500))
    store.add_orders(everything)
    store.record(finding_of(order) for order in everything[:1500])
    findings = store.findings()
    first = next(findings)
    store.record(finding_of(order) for order in everything[1500:])

    assert [first.order, *(finding.order for finding in findings)] == everything


def test_findings_are_filtered_by_verdict(store: Store) -> None:
    everything = list(orders(3000))
    store.add_orders(everything)
    verdicts = [Verdict.MISSING if number % 2 else Verdict.MATCHED for number in range(3000)]
    store.record(map(finding_of, everything, verdicts))

    assert [finding.order for finding in store.findings(Verdict.MISSING)] == everything[1::2]
    assert list(store.findings(Verdict.ORPHAN)) == []


def test_deleting_not_checked_makes_orders_pending_again(store: Store) -> None:
    first, second = orders(2)
    store.add_orders([first, second])
    stranger = snapshot("imp_x", merchant_uid="stranger")
    store.record_slice("paid", [stranger], position=1)
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    unsure = Finding(
        merchant_uid="stranger", verdict=Verdict.NOT_CHECKED, payments=(stranger,), error="503"
    )
    store.record(
        [finding_of(first), finding_of(second, Verdict.NOT_CHECKED, error="503"), unsure, bad]
    )

    assert store.delete_not_checked() == 2
    assert [left.order for left in store.pending_orders()] == [second]
    assert store.payments_without_order() == [stranger]
    assert list(store.findings()) == [finding_of(first), bad]


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
def test_summary_is_exact(
    of_orders: list[tuple[Verdict, str, Decimal]], strangers: list[tuple[str | None, Decimal]]
) -> None:
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, dict[str, Fraction]] = {}
    with Store.open(":memory:") as store:
        for number, (verdict, currency, amount) in enumerate(of_orders):
            order = Order(str(number), amount, currency)
            store.add_orders([order])
            # The amount of the order counts, not that of the payment.
            store.record([finding_of(order, verdict, payments=(snapshot(amount=Decimal(5)),))])
        store.record(
            orphan(snapshot(f"imp_{number}", currency=currency, amount=amount))
            for number, (currency, amount) in enumerate(strangers)
        )
        store.record([Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="line 2")])
        summary = store.summary()
    everything = [
        *of_orders,
        *((Verdict.ORPHAN, currency or "", amt) for currency, amt in strangers),
    ]
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
