"""What an order file says of refunds: a column of their amounts, or rows with a minus."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from portone_async.cli import main
from portone_async.cli.orders import BadRow, Columns, Item, read_orders
from portone_async.reconcile import Order, Refund
from portone_async.testing import FakePortOne


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: str, **options: Any) -> list[Item]:
    Path("orders.csv").write_text(content, encoding="utf-8")
    return list(read_orders("orders.csv", **options))


def order(merchant_uid: str, refunded: int = 0, status: str = "paid") -> Order:
    return Order(merchant_uid, Decimal(10_000), "KRW", status, Decimal(refunded))


# The column


@pytest.mark.parametrize("name", ["cancelled_amount", "취소금액", "환불금액", "Refund Amount"])
def test_column_of_refunded_amounts_is_recognised(name: str) -> None:
    assert read(f"주문번호,결제금액,{name}\nA-1,10000,3000\n") == [order("A-1", 3000)]


def test_refunded_amount_may_be_empty_negative_or_in_won() -> None:
    content = 'A-1,10000,\nA-2,10000,"-3,000"\nA-3,10000,"₩3,000"\nA-4,10000, - \nA-5,10000,0\n'

    assert read(f"주문번호,결제금액,환불금액\n{content}") == [
        order("A-1"),
        order("A-2", 3000),
        order("A-3", 3000),
        order("A-4"),
        order("A-5"),
    ]


def test_column_can_be_named_or_left_out() -> None:
    content = "주문번호,결제금액,취소금액,돌려준돈\nA-1,10000,1,2\n"

    assert read(content, columns=Columns(cancelled_amount="돌려준돈")) == [order("A-1", 2)]
    assert read(content, columns=Columns(cancelled_amount="")) == [order("A-1")]


def test_partially_cancelled_order_needs_its_amount() -> None:
    content = "A-1,10000,부분취소,3000\nA-2,10000,부분취소,\nA-3,10000,부분취소,10000\n"

    assert read(f"주문번호,결제금액,상태,환불금액\n{content}") == [
        order("A-1", 3000, "cancelled"),
        order("A-3", 10_000, "cancelled"),
        BadRow(
            "orders.csv:3",
            "status is partially refunded, but no column has the refunded amount: name it "
            "with --columns cancelled_amount=COLUMN",
            "A-2",
        ),
    ]


@pytest.mark.parametrize(
    ("status", "refunded", "reason"),
    [
        (
            "결제완료",
            "10001",
            (
                "cancelled_amount is 10001, more than the amount of 10000: "
                "amount must be what was charged, before any refund"
            ),
        ),
        ("입금대기", "1", "cancelled_amount is 1, but status is ready"),
        (
            "취소",
            "천원",
            (
                "cancelled_amount is not a plain number: '천원'; "
                "--columns cancelled_amount= ignores that column"
            ),
        ),
    ],
)
def test_impossible_refund_is_an_unreadable_row(status: str, refunded: str, reason: str) -> None:
    content = f"주문번호,결제금액,상태,취소금액\nA-1,10000,{status},{refunded}\n"

    assert read(content) == [BadRow("orders.csv:2", reason, "A-1")]


def test_column_of_parquet_and_sqlite_is_read() -> None:
    query = "SELECT 'A-1' AS order_no, 10000 AS total, 3000 AS refund_amount"
    with closing(duckdb.connect()) as connection:
        connection.execute(f"COPY ({query}) TO 'orders.parquet'")
    sqlite3.connect("orders.db").close()

    assert list(read_orders("orders.parquet")) == [order("A-1", 3000)]
    assert list(read_orders("orders.db", query=query)) == [order("A-1", 3000)]


# Rows with a minus


@pytest.mark.parametrize(
    "amount", ["-3000", '"-3,000"', '"-₩3,000"', "(3000)", "\N{MINUS SIGN}3000", "△3000"]
)
def test_negative_row_is_a_refund(amount: str) -> None:
    assert read(f"주문번호,결제금액\nR-1,10000\nR-1,{amount}\n") == [
        order("R-1"),
        Refund("R-1", Decimal(3000), "KRW", "orders.csv:3"),
    ]


@pytest.mark.parametrize("word", ["취소", "환불완료", "부분취소", "전액취소", "refunded"])
def test_negative_row_with_the_word_for_it_is_a_refund(word: str) -> None:
    content = f"주문번호,결제금액,상태\nR-1,10000,결제완료\nR-1,-3000,{word}\n"

    assert read(content) == [order("R-1"), Refund("R-1", Decimal(3000), "KRW", "orders.csv:3")]


@pytest.mark.parametrize(
    ("status", "refunded", "problem"),
    [
        ("결제완료", "", "but status is not a refund"),
        ("", "", "and status is empty"),
        ("구매확정", "", "and status is about the order or its delivery, not its payment: "),
        ("취소", "500", "but cancelled_amount differs"),
    ],
)
def test_negative_row_that_is_not_plainly_a_refund_is_unreadable(
    status: str, refunded: str, problem: str
) -> None:
    (row,) = read(f"주문번호,결제금액,상태,취소금액\nR-1,-3000,{status},{refunded}\n")

    assert isinstance(row, BadRow)
    assert row.reason.startswith(f"amount of order 'R-1' is negative: '-3000', {problem}")
    assert row.merchant_uid == "R-1"


@pytest.mark.parametrize(
    ("rows", "sales", "refunded"),
    [
        ("R-1,10000\n R-1,-3000\n", ["R-1"], "R-1"),
        (" R-1,10000\nR-1,-3000\n", ["R-1"], "R-1"),
        ("R-1,10000\n R-1,10000\n R-1,-3000\n", ["R-1", " R-1"], " R-1"),
        ("R-1,10000\n R-1,10000\nR-1,-3000\n", ["R-1", " R-1"], "R-1"),
    ],
)
def test_refund_with_blanks_goes_to_the_order_of_its_number(
    rows: str, sales: list[str], refunded: str
) -> None:
    found = read(f"주문번호,결제금액\n{rows}")

    assert [each.merchant_uid for each in found if isinstance(each, Order)] == sales
    assert [each.merchant_uid for each in found if isinstance(each, Refund)] == [refunded]


# From the file to the verdict


Run = Callable[..., Awaitable[tuple[int, list[tuple[str, str, str]]]]]


@pytest.fixture(name="run")
def _run(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("PORTONE_BASE_URL", server.url)
    monkeypatch.setenv("PORTONE_IMP_KEY", server.imp_key)
    monkeypatch.setenv("PORTONE_IMP_SECRET", server.imp_secret)
    monkeypatch.delenv("PORTONE_TIER", raising=False)

    async def run(content: str, *options: str) -> tuple[int, list[tuple[str, str, str]]]:
        Path("orders.csv").write_text(content, encoding="cp949")
        arguments = ["reconcile", "orders.csv", "--out", "found.jsonl", *options]
        code = await asyncio.to_thread(main, arguments)
        capsys.readouterr()
        lines = Path("found.jsonl").read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        return code, [
            (each["merchant_uid"], each["verdict"], each["error"] or "") for each in found
        ]

    return run


SALE_AND_REFUND = "주문번호,결제금액,구분\nR-1,10000,결제\nR-1,-10000,취소\n"


async def test_sale_and_refund_that_portone_knows_are_one_matched_order(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, status="cancelled")

    assert await run(SALE_AND_REFUND) == (0, [("R-1", "matched", "")])
    assert await run(SALE_AND_REFUND, "--columns", "status=구분") == (0, [("R-1", "matched", "")])


async def test_refund_that_portone_does_not_know_is_one_finding(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="R-1", amount=10_000)

    assert await run(SALE_AND_REFUND) == (1, [("R-1", "status_differs", "")])


async def test_declared_partial_refund_is_matched(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=3000)
    server.add(merchant_uid="R-2", amount=10_000, cancel_amount=3000)
    content = "주문번호,결제금액,상태,환불금액\nR-1,10000,부분취소,3000\nR-2,10000,부분취소,2000\n"

    assert await run(content) == (
        1,
        [("R-1", "matched", ""), ("R-2", "partially_cancelled", "")],
    )


async def test_refund_without_its_sale_names_the_order(run: Run) -> None:
    code, found = await run("주문번호,결제금액\nR-1,-10000\n")

    assert code == 3
    assert found == [
        (
            "R-1",
            "not_checked",
            (
                "orders.csv:2: amount of order 'R-1' is negative, -10000: a refund, "
                "but no readable row has the order itself"
            ),
        )
    ]


async def test_unreadable_negative_row_names_the_order(run: Run) -> None:
    code, found = await run("주문번호,결제금액,상태\nR-1,-10000,결제완료\n")

    assert code == 3
    assert [(uid, verdict) for uid, verdict, _ in found] == [("R-1", "not_checked")]
    assert "negative" in found[0][2]
