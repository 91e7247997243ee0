"""The ledger in PostgreSQL: its tables, its errors, lost connections, and other publishers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from portone_async import InvalidRequestError
from portone_async.reconcile import Finding, LedgerError, Verdict
from portone_async.reconcile.ledgers import _postgresql_database
from portone_async.reconcile.ledgers.postgresql import PostgreSQLLedger
from tests.support.canaries import error_texts, package_frames, pickled_texts
from tests.support.postgresql_server import PASSWORD

from .test_contract import PLAN, matched, publish, summary_of

WRONG = "planted-password"


@pytest.fixture(name="schema")
def _schema(request: pytest.FixtureRequest) -> str:
    name: str = request.node.name
    return name.removeprefix("test_").partition("[")[0]


@pytest.fixture(name="admin")
def _admin(postgresql: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


def connect(address: str, schema: str) -> PostgreSQLLedger:
    return PostgreSQLLedger.connect(address, run="november", schema=schema)


def test_tables_of_another_version_are_refused(
    postgresql: str, schema: str, admin: psycopg.Connection
) -> None:
    connect(postgresql, schema).close()
    admin.execute(f"UPDATE {schema}.version SET version = 99".encode())

    with pytest.raises(LedgerError, match="have version 99, this package writes 2"):
        connect(postgresql, schema)


def test_schema_of_another_application_is_refused(
    postgresql: str, schema: str, admin: psycopg.Connection
) -> None:
    admin.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.runs (pace integer)".encode())

    with pytest.raises(LedgerError, match="has tables of another application"):
        connect(postgresql, schema)


def test_connection_that_cannot_be_set_up_is_closed(
    postgresql: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[psycopg.Connection] = []
    real = psycopg.connect

    def note(**options: Any) -> psycopg.Connection:
        connections.append(real(**options))
        return connections[-1]

    monkeypatch.setattr(psycopg, "connect", note)
    monkeypatch.setattr(_postgresql_database, "_SESSION", "SET no_such_setting = 1")

    with pytest.raises(LedgerError, match="no_such_setting"):
        connect(postgresql, schema)

    assert [connection.closed for connection in connections] == [True]


def test_user_needs_only_the_privileges_on_an_empty_schema(
    postgresql: str, schema: str, admin: psycopg.Connection
) -> None:
    admin.execute(
        f"CREATE ROLE worker LOGIN PASSWORD 'w'; CREATE SCHEMA {schema} AUTHORIZATION worker".encode()
    )
    address = postgresql.replace(f"shop:{quote(PASSWORD, safe='')}", "worker:w")

    with connect(address, schema) as ledger:
        ledger.claim(PLAN)
    with pytest.raises(LedgerError, match="permission denied for database"):
        connect(address, f"{schema}_2")


def test_processes_that_start_at_once_create_the_tables_once(postgresql: str, schema: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        starts = [threads.submit(connect, postgresql, schema) for _ in range(4)]
    for ledger in [start.result() for start in starts]:
        ledger.claim(PLAN)
        ledger.close()


_PUBLISHER = """
import sys
from tests.reconcile.ledgers.test_contract import PLAN, matched, summary_of
from tests.reconcile.ledgers.test_postgresql import connect

address, schema, count = sys.stdin.readline().strip(), sys.argv[1], int(sys.argv[2])

def findings():
    for number in range(3_000):
        if number == count:
            print("killed here", flush=True)
            sys.stdin.readline()
        yield matched(number)

first, *_ = PLAN
with connect(address, schema) as ledger:
    ledger.publish(first, summary_of(), findings())
print("published", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 1, 2_999])
def test_publisher_that_is_killed_leaves_nothing(
    postgresql: str, schema: str, admin: psycopg.Connection, count: int
) -> None:
    first, *_ = PLAN
    arguments = [sys.executable, "-c", _PUBLISHER, schema]
    with connect(postgresql, schema) as ledger:
        ledger.claim(PLAN)
        publish(ledger, first, matched(-1))
        with subprocess.Popen(
            [*arguments, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{postgresql}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "killed here\n"
            process.kill()
        assert list(ledger.findings()) == [matched(-1)]

        # The lock of the killed one has ended with it.
        output = subprocess.run(
            [*arguments, "-1"], input=f"{postgresql}\n", capture_output=True, text=True, check=True
        )
        assert output.stdout == "published\n"
        assert list(ledger.findings()) == [matched(number) for number in range(3_000)]


@pytest.mark.parametrize("name", ["Ledger", "a b", "a;drop", "", "1a"])
def test_name_of_a_schema_is_checked(postgresql: str, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="schema must be a lower-case name"):
        connect(postgresql, name)


def test_second_publisher_of_a_partition_waits_and_replaces(postgresql: str, schema: str) -> None:
    first, *_ = PLAN
    has_begun, may_end = threading.Event(), threading.Event()

    def slow_findings() -> Iterator[Finding]:
        yield matched(1)
        has_begun.set()
        assert may_end.wait(60)
        yield matched(2)

    with (
        connect(postgresql, schema) as slow,
        connect(postgresql, schema) as fast,
        connect(postgresql, schema) as reader,
        ThreadPoolExecutor(2) as threads,
    ):
        slow.claim(PLAN)
        slow_publish = threads.submit(slow.publish, first, summary_of(), slow_findings())
        assert has_begun.wait(60)
        fast_publish = threads.submit(publish, fast, first, matched(3))
        with psycopg.connect(postgresql, autocommit=True) as connection:
            while not connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                assert not fast_publish.done()
        assert reader.summary_of(first) is None
        may_end.set()
        slow_publish.result()
        fast_publish.result()

        assert list(reader.findings()) == [matched(3)]


def test_partition_has_no_unique_key_beside_its_name(
    postgresql: str, schema: str, admin: psycopg.Connection
) -> None:
    connect(postgresql, schema).close()

    rows = admin.execute(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indisunique"
        " AND indrelid = %s::regclass",
        [f"{schema}.partitions"],
    ).fetchall()

    # Otherwise two first publishers of a partition would fail there, despite ON CONFLICT.
    assert [key.rpartition(" (")[2] for (key,) in rows] == ["run, name)"]


def test_publisher_does_not_wait_for_ever(
    postgresql: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_postgresql_database, "_LOCK_TIMEOUT", 0.01)
    first, *_ = PLAN

    with connect(postgresql, schema) as other, connect(postgresql, schema) as ledger:
        other.claim(PLAN)

        def findings() -> Iterator[Finding]:
            with pytest.raises(
                LedgerError, match=r"another process has been writing it for 0.01 s"
            ):
                publish(ledger, first, matched(3))
            yield matched(1)

        other.publish(first, summary_of(), findings())

        assert list(ledger.findings()) == [matched(1)]


def test_lost_connection_is_replaced_between_two_steps(
    postgresql: str, schema: str, admin: psycopg.Connection
) -> None:
    first, *_ = PLAN

    def end_connections() -> None:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def findings() -> Iterator[Finding]:
        yield matched(1)
        end_connections()

    with connect(postgresql, schema) as ledger:
        ledger.claim(PLAN)
        end_connections()
        publish(ledger, first, matched(2))
        with pytest.raises(LedgerError, match=r"terminat|clos"):
            ledger.publish(first, summary_of(), findings())

        assert list(ledger.findings()) == [matched(2)]


def test_half_a_surrogate_pair_is_refused(postgresql: str, schema: str) -> None:
    first, *_ = PLAN

    with connect(postgresql, schema) as ledger:
        ledger.claim(PLAN)
        finding = Finding(merchant_uid="\ud800", verdict=Verdict.ORPHAN)
        with pytest.raises(LedgerError, match="not Unicode"):
            ledger.publish(first, summary_of(), [finding])


def test_zero_byte_of_a_reason_is_stored(postgresql: str, schema: str) -> None:
    first, *_ = PLAN
    finding = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="a\0b")

    with connect(postgresql, schema) as ledger:
        ledger.claim(PLAN)
        publish(ledger, first, finding)
        assert list(ledger.findings()) == [finding]


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://shop:{WRONG}@127.0.0.1:1/postgres",
        f"postgresql://shop:{WRONG}@/postgres?host={{}}",
        f"postgresql://shop:{WRONG}/x@127.0.0.1:1/postgres",
        f"postgresql://shop:{WRONG}",
        f"mysql://shop:{WRONG}@127.0.0.1:1/postgres",
    ],
)
def test_password_of_an_address_is_never_in_an_error(postgresql: str, address: str) -> None:
    host = postgresql.partition("host=")[2]
    with pytest.raises((LedgerError, InvalidRequestError)) as caught:
        connect(address.format(host), "secrets")

    error = package_frames(caught.value)
    assert error.__context__ is None
    for text in (*error_texts(error), *pickled_texts(error)):
        assert WRONG not in text


def test_password_is_not_in_an_error_of_a_step(postgresql: str, schema: str) -> None:
    ledger = connect(postgresql, schema)
    ledger.claim(PLAN)
    ledger.close()
    with pytest.raises(LedgerError) as caught:
        ledger.claim(PLAN)

    error = package_frames(caught.value)
    for text in (*error_texts(error), *pickled_texts(error), repr(ledger), repr(vars(ledger))):
        assert PASSWORD not in text
        assert quote(PASSWORD, safe="") not in text
