"""PostgreSQL is read exactly, lazily and read-only; the tests start their own server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from portone_async.cli.orders import BadRow, Columns, OrdersError, read_orders
from portone_async.reconcile.finding import Order
from tests.support.postgresql_server import PASSWORD


@pytest.fixture(name="address")
def _address(postgresql: str) -> str:
    return postgresql


def postgresql_error(address: str, query: str = "SELECT 1") -> str:
    with pytest.raises(OrdersError) as caught:
        list(read_orders(address, query=query))
    assert caught.value.__context__ is None
    return str(caught.value)


def test_every_kind_of_row_is_read_exactly(address: str) -> None:
    items = list(
        read_orders(
            address,
            query="""SELECT * FROM (VALUES
                ('0001', 12345678901234.56::numeric, 'usd', 'paid'),
                ('주문-2', 1000, NULL, '취소'),
                (NULL, 1, NULL, 'paid'),
                ('A-4', 'NaN', NULL, 'paid'),
                ('A-5', 100 / 3.0, NULL, 'paid%s')
            ) AS t("주문번호", total, currency, state) WHERE state LIKE '%'; -- all""",
            columns=Columns(status="state"),
        )
    )

    assert items == [
        Order("0001", Decimal("12345678901234.56"), "USD", "paid"),
        Order("주문-2", Decimal(1000), "KRW", "cancelled"),
        BadRow("postgresql row 3", "merchant_uid is empty"),
        BadRow("postgresql row 4", "amount is not a number: 'NaN'"),
        BadRow(
            "postgresql row 5",
            "status is not a clear word for any of ready, paid, failed, cancelled, pending: "
            "'paid%s'; name the column of the payment with --columns status=COLUMN, or none with status=",
            "A-5",
        ),
    ]


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1000::bigint", "1000"),
        ("1000.10::numeric(20, 2)", "1000.10"),
        ("1000.1::double precision", "1000.1"),
        ("'1,000'::text", "1000"),
        ("'1000'::char(10)", "1000"),
    ],
)
def test_amount_of_any_exact_type_is_read(address: str, value: str, amount: str) -> None:
    (order,) = read_orders(address, query=f"SELECT 12::numeric AS order_no, {value} AS total")

    assert isinstance(order, Order)
    assert (order.merchant_uid, str(order.amount)) == ("12", amount)


def test_real_amount_is_an_error(address: str) -> None:
    message = postgresql_error(address, "SELECT 1 AS order_no, 16777217::real AS total")

    assert message == "postgresql: amount is a real, which has only 6 exact digits"


def test_query_is_lazy_and_threads_may_take_turns(address: str) -> None:
    # Reading all of them would take minutes.
    rows = read_orders(
        address, query="SELECT generate_series(1, 1000000000) AS order_no, 1000 AS total"
    )
    with ThreadPoolExecutor(1) as thread, ThreadPoolExecutor(1) as other_thread:
        first = thread.submit(next, rows).result()
        more = other_thread.submit(lambda: [next(rows) for _ in range(5000)]).result()
    rows.close()

    assert [first, *more] == [Order(str(i + 1), Decimal(1000)) for i in range(5001)]


def test_closing_the_generator_closes_the_connection(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[psycopg.Connection[Any]] = []
    connect = psycopg.connect

    def watched(**parameters: Any) -> psycopg.Connection[Any]:
        connections.append(connect(**parameters))
        return connections[-1]

    monkeypatch.setattr(psycopg, "connect", watched)
    rows = read_orders(address, query="SELECT generate_series(1, 9) AS order_no, 1 AS total")
    next(rows)
    assert [item.closed for item in connections] == [False]

    rows.close()

    assert [item.closed for item in connections] == [True]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1 AS id", "no column looks like merchant_uid"),
        ("DELETE FROM pg_class", 'syntax error at or near "DELETE"'),
        ("SELECT 1 AS order_no, 1 / 0 AS total", "division by zero"),
        ("SELECT 'a\x1b' AS order_no, 'a\x1b'::int AS total", "invalid input syntax for type"),
    ],
)
def test_invalid_query_is_an_error_of_one_line(address: str, query: str, problem: str) -> None:
    message = postgresql_error(address, query)

    assert message.startswith(f"postgresql: {problem}")
    assert message.isprintable()


def test_query_cannot_change_the_database(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE numbers")

    message = postgresql_error(address, "SELECT nextval('numbers') AS order_no, 1 AS total")

    assert message == "postgresql: cannot execute nextval() in a read-only transaction"


def test_wrong_password_is_not_printed(address: str) -> None:
    message = postgresql_error(address.replace(quote(PASSWORD, safe=""), "wr0ng-secret"))

    assert "password authentication failed" in message
    assert "wr0ng-secret" not in message


def test_server_message_with_the_password_is_not_printed(address: str) -> None:
    # PostgreSQL quotes the value that it cannot convert.
    message = postgresql_error(address, f"SELECT '{PASSWORD}'::int AS order_no")

    assert PASSWORD not in message
    assert "not printed here" in message


def test_password_is_read_from_the_environment(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    without = address.replace(":" + quote(PASSWORD, safe=""), "")

    assert without != address
    assert list(read_orders(without, query="SELECT 'A-1' AS order_no, 1 AS total")) == [
        Order("A-1", Decimal(1))
    ]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:sec/ret@127.0.0.1:1/d",
        "postgresql://user:sec@ret@127.0.0.1:1/d",
        "postgresql://user:sec#ret@127.0.0.1:1/d",
        "postgresql://user:sec?ret@127.0.0.1:1/d",
        "postgresql://user:sec[ret@127.0.0.1:1/d",
        "postgresql://user:sec%ret@127.0.0.1:1/d",
        "postgresql://user:sec",
        "postgresql://127.0.0.1:1/d?passwort=sec",
        "postgresql://[sec/d",
    ],
)
def test_invalid_address_is_not_printed(address: str) -> None:
    message = postgresql_error(address)

    assert message.startswith("postgresql: the address is invalid")
    assert "sec" not in message.replace("second", "")
    assert "ret" not in message


def test_missing_server_is_an_error_without_the_password() -> None:
    message = postgresql_error("postgresql://user:secret@127.0.0.1:1/d")

    assert "refused" in message
    assert "secret" not in message
    assert message.isprintable()
