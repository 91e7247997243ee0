"""Findings as files: round trips, safety in spreadsheets, atomic writes.

``test_workbook.py`` has the contents of workbooks.
"""

from __future__ import annotations

import csv
import errno
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import InvalidRequestError
from portone_async.cli.report import NotWrittenError, check_writable, write_findings
from portone_async.cli.report.export.csv_writer import COLUMNS
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict
from tests.support.report_run import day, finding, order, snapshot

FORMATS = ("csv", "jsonl", "parquet", "xlsx")
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MONEY = st.decimals(min_value=-(10**20), max_value=10**20, allow_nan=False, places=9) | st.integers(
    0, 10**28
).map(Decimal)
TIMES = st.none() | st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 (hypothesis adds the zone)
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    timezones=st.just(UTC),
)
SNAPSHOTS = st.builds(
    PaymentSnapshot,
    imp_uid=TEXT,
    merchant_uid=TEXT,
    status=TEXT,
    amount=MONEY,
    cancel_amount=MONEY,
    currency=st.none() | TEXT,
    sandbox=st.none() | st.booleans(),
    paid_at=TIMES,
    cancelled_at=TIMES,
)
FINDINGS = st.builds(
    Finding,
    merchant_uid=TEXT,
    verdict=st.sampled_from(Verdict),
    order=st.none() | st.builds(Order, TEXT, MONEY, TEXT, TEXT, MONEY),
    payments=st.lists(SNAPSHOTS, max_size=3).map(tuple),
    error=st.none() | TEXT,
)


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("findings")


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


_SAME = ("imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox")
_TIMES = ("paid_at", "cancelled_at")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read the rows, with times in microseconds: as datetimes, DuckDB would need pytz."""
    fields = [f"{name}: p.{name}" for name in _SAME] + [f"{t}: epoch_us(p.{t})" for t in _TIMES]
    payments = f"[{{{', '.join(fields)}}} for p in payments]"
    with duckdb.connect(":memory:") as database:
        result = database.execute(
            f"SELECT * REPLACE ({payments} AS payments) FROM read_parquet(?)", [str(path)]
        )
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def microseconds(time: datetime | None) -> int | None:
    return None if time is None else (time - datetime.fromtimestamp(0, UTC)) // timedelta.resolution


def without_apostrophe(cell: str) -> str:
    return cell.removeprefix("'")


@given(st.lists(FINDINGS, max_size=4))
def test_jsonl_round_trip_returns_the_same_findings(folder: Path, findings: list[Finding]) -> None:
    path = folder / "findings.jsonl"
    write_findings(path, findings)

    lines = path.read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Finding) for line in lines] == findings


@given(st.lists(FINDINGS, max_size=4))
def test_csv_round_trip_returns_the_same_values(folder: Path, findings: list[Finding]) -> None:
    path = folder / "findings.csv"
    write_findings(path, findings)

    for line, expected in zip(lines_of(path), findings, strict=True):
        assert without_apostrophe(line["merchant_uid"]) == expected.merchant_uid
        assert line["verdict"] == expected.verdict
        assert without_apostrophe(line["error"]) == (expected.error or "")
        assert line["payments"] == str(len(expected.payments))
        if expected.order is not None:
            assert Decimal(line["order_amount"]) == expected.order.amount
            assert without_apostrophe(line["order_currency"]) == expected.order.currency
            assert without_apostrophe(line["order_status"]) == expected.order.status
            assert Decimal(line["order_cancelled_amount"]) == expected.order.cancelled_amount
        if expected.payments:
            newest = expected.payments[0]
            assert Decimal(line["amount"]) == newest.amount
            assert Decimal(line["cancel_amount"]) == newest.cancel_amount
            assert without_apostrophe(line["imp_uid"]) == newest.imp_uid
            assert without_apostrophe(line["status"]) == newest.status
            assert without_apostrophe(line["currency"]) == (newest.currency or "")
            paid_at = line["paid_at"] and datetime.fromisoformat(line["paid_at"])
            assert (paid_at or None) == newest.paid_at
            others = line["other_payments"] or "[]"
            assert (
                msgspec.json.decode(others, type=tuple[PaymentSnapshot, ...])
                == expected.payments[1:]
            )


@given(st.lists(FINDINGS, max_size=4))
def test_csv_is_quoted_as_by_the_standard_library(folder: Path, findings: list[Finding]) -> None:
    path, expected = folder / "findings.csv", folder / "expected.csv"
    write_findings(path, findings)
    with expected.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *(line.values() for line in lines_of(path))])

    assert path.read_bytes() == expected.read_bytes()


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # Three times as long: a file is what is slow.
@given(st.lists(FINDINGS, min_size=1, max_size=12))
def test_parquet_round_trip_returns_the_same_values(folder: Path, findings: list[Finding]) -> None:
    path = folder / "findings.parquet"
    write_findings(path, findings)

    for row, expected in zip(rows_of(path), findings, strict=True):
        assert row["merchant_uid"] == expected.merchant_uid
        assert row["verdict"] == expected.verdict
        assert row["error"] == expected.error
        order = expected.order
        assert row["order_amount"] == (order and order.amount)
        assert row["order_currency"] == (order and order.currency)
        assert row["order_status"] == (order and order.status)
        assert row["order_cancelled_amount"] == (order and order.cancelled_amount)
        assert row["payments"] == [
            {name: getattr(payment, name) for name in _SAME}
            | {name: microseconds(getattr(payment, name)) for name in _TIMES}
            for payment in expected.payments
        ]


def test_parquet_without_findings_has_its_columns(tmp_path: Path) -> None:
    write_findings(tmp_path / "none.parquet", [])

    with duckdb.connect(":memory:") as database:
        described = database.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [str(tmp_path / "none.parquet")]
        ).fetchall()
    assert ("order_amount", "DECIMAL(38,9)") in [column[:2] for column in described]


@pytest.mark.parametrize("amount", ["0.0000000001", "1" + "0" * 29, "NaN"])
def test_amount_that_parquet_would_round_is_rejected(tmp_path: Path, amount: str) -> None:
    rejected = finding("a", Verdict.MISSING, order("a", amount))
    with pytest.raises(InvalidRequestError, match=r"does not fit into Parquet.*\.csv or \.jsonl"):
        write_findings(tmp_path / "findings.parquet", [rejected])

    assert list(tmp_path.iterdir()) == []


def test_trailing_zeros_of_an_amount_fit_into_parquet(tmp_path: Path) -> None:
    accepted = finding("a", Verdict.MISSING, order("a", "1.5000000000000"))
    write_findings(tmp_path / "a.parquet", [accepted])

    assert rows_of(tmp_path / "a.parquet")[0]["order_amount"] == Decimal("1.5")


@pytest.mark.parametrize("first", "=+-@\t\r\n'＝＋－＠")  # noqa: RUF001 (full-width on purpose)
def test_csv_cell_like_a_formula_gets_an_apostrophe(tmp_path: Path, first: str) -> None:
    uid = f"{first}cmd|' /C calc'!A0"
    hostile = finding(uid, Verdict.NOT_CHECKED, None, snapshot(uid, imp_uid=uid), error=uid)
    write_findings(tmp_path / "findings.csv", [hostile])

    (line,) = lines_of(tmp_path / "findings.csv")
    assert line["merchant_uid"] == line["error"] == line["imp_uid"] == f"'{uid}"


def test_csv_negative_amount_is_a_plain_number(tmp_path: Path) -> None:
    write_findings(tmp_path / "a.csv", [finding("a", Verdict.MISSING, order("a", "-1E+3"))])

    assert lines_of(tmp_path / "a.csv")[0]["order_amount"] == "-1000"


def test_csv_starts_with_a_byte_order_mark(tmp_path: Path) -> None:
    write_findings(tmp_path / "a.csv", [finding("주문", Verdict.MISSING, None)])

    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfmerchant_uid,")
    assert "주문".encode() in data


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_lone_surrogate_is_escaped(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"findings.{ending}"
    write_findings(path, day())

    if ending == "csv":
        order_numbers = [line["merchant_uid"] for line in lines_of(path)]
    elif ending == "jsonl":
        lines = path.read_bytes().splitlines()
        order_numbers = [msgspec.json.decode(line, type=Finding).merchant_uid for line in lines]
    else:
        order_numbers = [row["merchant_uid"] for row in rows_of(path)]
    assert len(order_numbers) == len(day())
    assert "lone\\udcffsurrogate" in order_numbers


@pytest.mark.parametrize("name", ["findings", "findings.xls", ".csv"])
def test_unknown_extension_is_rejected_before_findings_are_read(tmp_path: Path, name: str) -> None:
    def never() -> Iterator[Finding]:
        raise AssertionError("read")
        yield

    with pytest.raises(InvalidRequestError, match=r"\.csv, \.jsonl, \.parquet, \.xlsx"):
        write_findings(tmp_path / name, never())


@pytest.mark.parametrize("ending", FORMATS)
def test_interrupted_write_leaves_the_existing_file_unchanged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"findings.{ending}"
    path.write_text("older")

    def broken() -> Iterator[Finding]:
        yield from day()
        assert path.read_text() == "older"
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_findings(path, broken())

    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def disk_of(size: int) -> Generator[None]:
    """Limit the size of files, which fails like a full disk."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("ending", FORMATS)
def test_full_disk_raises_and_leaves_no_file(tmp_path: Path, ending: str) -> None:
    raises = pytest.raises(NotWrittenError, match="could not be written: File too large")
    with disk_of(2_000), raises:
        write_findings(tmp_path / f"findings.{ending}", day(matched=500))

    assert list(tmp_path.iterdir()) == []


def test_full_disk_in_duckdb_raises_the_same_error(tmp_path: Path) -> None:
    with disk_of(200), pytest.raises(NotWrittenError, match=r"a\.parquet could not be written: IO"):
        write_findings(tmp_path / "a.parquet", [])

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", FORMATS)
def test_missing_folder_raises_with_the_path(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "nowhere" / f"findings.{ending}"
    with pytest.raises(NotWrittenError, match="No such file or directory") as caught:
        write_findings(path, day())

    assert str(path) in str(caught.value)


def test_read_only_folder_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    # Containers run the tests as root, for whom no folder is read-only.
    monkeypatch.setattr(Path, "touch", refuse)
    message = r"a\.csv could not be written: Permission denied"
    with pytest.raises(NotWrittenError, match=message):
        check_writable(tmp_path / "a.csv")
    with pytest.raises(NotWrittenError, match=message):
        write_findings(tmp_path / "a.csv", day())


@pytest.mark.parametrize("ending", FORMATS)
def test_special_characters_in_a_folder_name_are_allowed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "대사 [2026] * ? 'it''s' {a,b} %20" / f"a.{ending}"
    path.parent.mkdir()
    write_findings(path, day())

    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_size > 1000


def test_check_writable_leaves_no_file(tmp_path: Path) -> None:
    check_writable(tmp_path / "a.csv")

    assert list(tmp_path.iterdir()) == []


def test_pipe_or_folder_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(NotWrittenError, match="not a regular file"):
            check_writable(path)
    with pytest.raises(NotWrittenError, match="not a regular file"):
        write_findings(pipe, day())

    assert pipe.is_fifo()


def test_symbolic_link_and_file_mode_are_preserved(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.touch(mode=0o600)
    link.symlink_to(target)
    write_findings(link, day())

    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(lines_of(target)) == len(day())
