"""``portone-async reconcile``, over real HTTP against the fake."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from python_calamine import CalamineWorkbook

from portone_async.cli.report import Report
from portone_async.reconcile import Finding, Store
from portone_async.testing import FakePortOne
from tests.support.custom_faults import EmptyPeriodIs400
from tests.support.workbooks import write_xlsx

NOON = int(datetime(2026, 11, 1, 3, tzinfo=UTC).timestamp())
PERIOD = ("--since", "2026-11-01", "--until", "2026-11-02")
Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture(name="run")
def _run(reconcile_command: Run) -> Run:
    return reconcile_command


def write(text: str, encoding: str = "utf-8", name: str = "orders.csv") -> str:
    Path(name).write_text(text, encoding=encoding, newline="")
    return name


def paid(server: FakePortOne, *uids: str, **fields: Any) -> None:
    for uid in uids:
        at = {"amount": 1000, "paid_at": NOON, "started_at": NOON}
        server.add(merchant_uid=uid, **(at | fields))


@pytest.mark.parametrize("period", [(), PERIOD])
async def test_matching_orders_exit_0(
    server: FakePortOne, run: Run, period: tuple[str, ...]
) -> None:
    paid(server, "a", "b")
    code, out, err = await run(write("order_id,amount\na,1000\nb,1000\n"), *period)

    assert (code, err) == (0, "")
    assert out.splitlines()[1].split() == ["matched", "2", "2,000", "KRW"]


async def test_differences_exit_1_and_are_counted(server: FakePortOne, run: Run) -> None:
    paid(server, "a", "orphan")
    paid(server, "less", amount=999)
    orders = write('주문번호,결제금액\r\na,1000\r\nless,"1,000"\r\nnone,500원\r\n', "cp949")
    code, out, _ = await run(orders, *PERIOD)

    assert code == 1
    counts = {line.rsplit("  ", 2)[0].strip(): line for line in out.splitlines() if "  " in line}
    for name, figures in {
        "matched": "1  1,000 KRW",
        "missing": "1  500 KRW",
        "amount differs": "1  1,000 KRW",
        "orphan": "1  1,000 KRW",
    }.items():
        assert any(line.startswith(name) and line.endswith(figures) for line in counts.values()), (
            out
        )


async def test_unreadable_row_is_named_and_the_rest_is_checked(
    server: FakePortOne, run: Run
) -> None:
    paid(server, "a", "b")
    orders = write("order_id,amount\na,1000\nbad,abc\nb,1000\n")
    code, out, err = await run(orders, "--out", "findings.jsonl")

    assert (code, err) == (3, "")
    assert "not checked" in out
    findings = [json.loads(line) for line in Path("findings.jsonl").read_text().splitlines()]
    errors = [finding["error"] for finding in findings if finding["verdict"] == "not_checked"]
    assert len(errors) == 1
    assert "orders.csv:3" in errors[0]

    code, _, err = await run(orders, "--strict")
    assert code == 2
    assert "orders.csv:3" in err


async def test_findings_and_report_are_written(server: FakePortOne, run: Run) -> None:
    paid(server, "a", buyer_name="심어둔이름")
    orders = write("order_id,amount\na,1000\n=cmd(),5\n")
    code, _, _ = await run(orders, *PERIOD, "--out", "findings.csv", "--report", "report.html")

    assert code == 1
    with Path("findings.csv").open(encoding="utf-8-sig", newline="") as file:
        verdicts = {row["verdict"] for row in csv.DictReader(file)}
    assert verdicts == {"matched", "missing"}
    page = Path("report.html").read_text(encoding="utf-8")
    assert "=cmd()" in page
    assert "심어둔이름" not in page


@pytest.mark.parametrize(
    ("options", "name"),
    [((), "Missing"), (("--language", "ko"), "결제 없음")],
    ids=["locale", "ko"],
)
async def test_workbook_has_the_facts_of_the_run_in_its_language(
    server: FakePortOne, run: Run, options: tuple[str, ...], name: str
) -> None:
    paid(server, "a")
    orders = write("order_id,amount\na,1000\nb,5\n")
    await run(orders, *PERIOD, "--out", "findings.xlsx", "--tz", "UTC", *options)

    with Path("findings.xlsx").open("rb") as file:
        workbook = CalamineWorkbook.from_filelike(file)
    assert workbook.sheet_names[1] == name
    facts = [str(row[1]) for row in workbook.get_sheet_by_index(0).to_python()]
    assert {"orders.csv", "UTC"} <= {*facts}
    assert any("2026-11-01 00:00:00+00:00" in fact for fact in facts)
    table = workbook.get_sheet_by_name(name).to_python()
    assert [row[0] for row in table[1:]] == ["b"]


@pytest.mark.parametrize("partitions", [(), ("--every", "1d")])
async def test_refused_keys_recommend_no_store(
    run: Run, monkeypatch: pytest.MonkeyPatch, partitions: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "wrong")
    orders = write("order_id,amount,ordered_at\na,1000,2026-11-01 12:00\n")

    code, _, err = await run(orders, *PERIOD, *partitions)

    assert code == 2
    assert "\nhint: Check imp_key" in err
    assert "--store" not in err
    assert "--ledger" not in err


@pytest.mark.parametrize(
    ("option", "package", "module"),
    [
        ("--out=findings.parquet", "duckdb", "export.parquet_writer"),
        ("--report=report.html", "jinja2", "page.render"),
    ],
)
async def test_missing_library_of_a_result_is_reported_before_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, option: str, package: str, module: str
) -> None:
    monkeypatch.delitem(sys.modules, f"portone_async.cli.report.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    # A request would fail.
    monkeypatch.setenv("PORTONE_BASE_URL", "http://127.0.0.1:1")

    code, _, err = await run(write("order_id,amount\na,1000\n"), *PERIOD, option)

    assert (code, err) == (2, f"portone-async needs {package}: pip install 'portone-async[cli]'\n")


async def test_store_resumes_its_run_and_rejects_another(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(server, "a")
    orders = write("order_id,amount\na,1000\n")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "wrong")
    code, _, err = await run(orders, *PERIOD, "--store", "run.db")
    assert code == 2
    assert err.count("Check imp_key") == err.count("\nhint: Check imp_key") == 1
    assert "run the same command again to continue" in err
    monkeypatch.setenv("PORTONE_IMP_SECRET", server.imp_secret)
    assert (await run(orders, *PERIOD, "--store", "run.db"))[0] == 0

    code, _, err = await run(orders, "--store", "run.db")
    assert code == 2
    assert "another run" in err


async def test_store_rejects_changed_orders(server: FakePortOne, run: Run) -> None:
    paid(server, "a", "b")
    orders = write("order_id,amount\na,1000\n")
    assert (await run(orders, "--store", "run.db"))[0] == 0
    server.clear_requests()

    code, out, err = await run(orders, "--store", "run.db")
    assert code == 0
    assert "This run ended at " in err
    assert "+09:00" in err
    assert not server.requests

    write("order_id,amount\na,1000\nb,999\n")
    code, out, err = await run(orders, "--store", "run.db")
    assert (code, out) == (2, "")
    assert "its orders were 1 and are now 2" in err
    assert "--fresh" in err
    assert (await run(orders, "--store", "run.db", "--fresh"))[0] == 1


async def test_store_rejects_new_unreadable_rows(server: FakePortOne, run: Run) -> None:
    paid(server, "a")
    orders = write("order_id,amount\na,1000\n")
    await run(orders, "--store", "run.db")
    write("order_id,amount\na,1000\nb,what\n")
    assert (await run(orders, "--store", "run.db"))[0] == 2

    write("order_id,amount\na,1000\n")
    assert (await run(orders, "--store", "run.db"))[0] == 0


@pytest.mark.parametrize(
    ("options", "readings"),
    [
        (["--out", "findings.jsonl", "--report", "report.html"], 1),
        (["--report", "report.html"], 1),
        (["--out", "findings.parquet"], 1),
        (["--out", "findings.xlsx", "--report", "report.html"], 1),
        ([], 0),
    ],
    ids=["both", "report", "findings", "workbook", "none"],
)
async def test_findings_are_read_once_for_all_files(
    server: FakePortOne,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    readings: int,
) -> None:
    read: list[Finding] = []
    findings_of = Store.findings

    def findings(store: Store) -> Iterator[Finding]:
        for finding in findings_of(store):
            read.append(finding)
            yield finding

    monkeypatch.setattr(Store, "findings", findings)
    await run(write("order_id,amount\na,1000\nb,2000\n"), *options)

    assert [finding.merchant_uid for finding in read] == ["a", "b"] * readings


async def test_run_without_a_terminal_builds_no_matched_findings(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def matched_findings(store: Store, orders: object) -> NoReturn:
        raise AssertionError("read")

    monkeypatch.setattr(Store, "matched_findings", matched_findings)
    paid(server, "a", "b")
    code, out, err = await run(write("order_id,amount\na,1000\nb,1000\n"), *PERIOD)

    assert (code, err) == (0, "")
    assert out.splitlines()[1].split()[:2] == ["matched", "2"]


async def test_page_names_the_file_of_findings(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = partial(Report, max_rows=1)
    monkeypatch.setattr("portone_async.cli.reconcile.results.Report", report)
    Path("results").mkdir()
    orders = write("order_id,amount\na,1000\nb,2000\n")
    await run(orders, "--out", "results/all.csv", "--report", "report.html", "--language", "en")

    page = Path("report.html").read_text(encoding="utf-8")
    assert "The file all.csv lists all of them." in page


async def test_period_that_portone_refuses_is_reported(server: FakePortOne, run: Run) -> None:
    paid(server, "a")
    server.fail(EmptyPeriodIs400(), times=None, on="/payments/status")
    code, out, _ = await run(write("order_id,amount\na,1000\n"), *PERIOD)

    assert code == 0
    assert "1 period" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.csv"], "nope.csv"),
        (["orders.csv", "--since", "2026-11-01"], "--until"),
        (["orders.csv", "--since", "soon", "--until", "2026-11-02"], "soon"),
        (["orders.csv", "--columns", "amount"], "FIELD=COLUMN"),
        (["orders.csv", "--columns", "price=x"], "FIELD=COLUMN"),
        (["orders.csv", "--columns", "amount=x"], "x"),
        (["orders.csv", "--out", "no/such/folder.csv"], "folder.csv"),
        (["orders.csv", "--report", "."], ""),
        (["orders.csv", "--store", "orders.csv"], "orders.csv"),
        (["orders.csv", "--query", "SELECT 1"], "query"),
    ],
)
async def test_unusable_arguments_exit_2_without_a_request(
    server: FakePortOne, run: Run, arguments: list[str], message: str
) -> None:
    write("order_id,amount\na,1000\n")
    code, out, err = await run(*arguments)

    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert not server.requests


async def test_missing_key_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTONE_IMP_KEY")
    code, _, err = await run(write("order_id,amount\na,1000\n"))

    assert code == 2
    assert "PORTONE_IMP_KEY" in err


def listed_statuses(server: FakePortOne) -> set[str]:
    paths = (request.target.split("?")[0] for request in server.requests)
    return {path.rpartition("/")[2] for path in paths if "/status/" in path}


async def test_statuses_are_accepted_in_every_spelling(server: FakePortOne, run: Run) -> None:
    paid(server, "a")
    code, _, err = await run(
        write("order_id,amount\na,1000\n"), *PERIOD, "--statuses", "PAID,canceled,Paid"
    )
    assert (code, err) == (0, "")
    assert listed_statuses(server) == {"paid", "cancelled"}


async def test_orders_can_follow_the_statuses_option(server: FakePortOne, run: Run) -> None:
    paid(server, "a")
    orders = write("order_id,amount\na,1000\n")
    code, _, err = await run(*PERIOD, "--statuses", "paid", orders)
    assert (code, err) == (0, "")
    assert listed_statuses(server) == {"paid"}


async def test_unknown_suffix_of_out_is_rejected_before_the_run(
    server: FakePortOne, run: Run
) -> None:
    code, out, err = await run(
        write("order_id,amount\na,1000\n"), "--out", "findings.xls", "--store", "run.db"
    )
    assert (code, out) == (2, "")
    assert err.startswith("portone-async: ")
    assert "findings.xls: cannot tell the format" in err
    assert not server.requests
    assert not Path("run.db").exists()


async def test_written_files_are_named(server: FakePortOne, run: Run) -> None:
    orders = write("order_id,amount\na,1000\n")
    _, out, _ = await run(orders, "--out", "a b.csv", "--report", "r.html", "--store", "run.db")
    assert out.splitlines()[-3:] == ["written: a b.csv", "written: r.html", "written: run.db"]


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ((), "2026-11-01T12:00:00+09:00"),
        (("--tz", "America/New_York"), "2026-10-31T23:00:00-04:00"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_out_has_times_of_the_zone(
    server: FakePortOne, run: Run, zone: tuple[str, ...], time: str, ending: str
) -> None:
    paid(server, "a")
    await run(write("order_id,amount\na,1000\n"), "--out", f"findings.{ending}", *zone)
    assert time in Path(f"findings.{ending}").read_text(encoding="utf-8-sig")


async def test_file_with_only_a_header_exits_2(server: FakePortOne, run: Run) -> None:
    code, out, err = await run(write("order_id,amount\n"), *PERIOD)

    assert (code, out) == (2, "")
    assert "orders.csv: has no orders: no row below its header" in err


async def test_notes_are_printed_without_changing_the_exit_code(
    server: FakePortOne, run: Run
) -> None:
    paid(server, "a", "b")
    code, out, err = await run(write("정산 내역\norder_id,amount\n\ta,1000\nb ,1000\n"))

    assert code == 0
    assert out.splitlines()[1].split() == ["matched", "2", "2,000", "KRW"]
    assert err.splitlines() == [
        "note: orders.csv:2: the header is here, not at the top",
        "note: orders.csv: blanks or tabs around 2 order numbers were removed",
    ]


async def test_sheet_and_header_row_options_are_used(server: FakePortOne, run: Run) -> None:
    paid(server, "a", "b")
    write_xlsx(
        "orders.xlsx",
        {"11월": [["order_id", "amount"], ["x", 1], ["order_id", "amount"], ["a", 1000]],
         "12월": [["order_id", "amount"], ["b", 1000]]},
    )  # fmt: skip

    assert (await run("orders.xlsx", "--sheet", "12월"))[0] == 0
    assert (await run("orders.xlsx", "--sheet", "1", "--header-row", "3"))[0] == 0
    code, _, err = await run("orders.xlsx")
    assert code == 2
    assert "has orders in several sheets, '11월' and '12월': choose one with --sheet" in err


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
async def test_findings_file_can_be_used_as_orders(
    server: FakePortOne, run: Run, ending: str
) -> None:
    paid(server, "a", "orphan")
    code, _, _ = await run(
        write("order_id,amount\na,1000\n-b,500\n"), *PERIOD, "--out", f"findings.{ending}"
    )
    assert code == 1
    paid(server, "-b", amount=500)
    code, out, err = await run(f"findings.{ending}")

    assert code == 0
    assert out.splitlines()[1].split() == ["matched", "2", "1,500", "KRW"]
    assert "1 payments without an order are not orders and were left out" in err


async def test_blank_in_an_order_number_is_escaped_in_the_report(
    server: FakePortOne, run: Run
) -> None:
    paid(server, "a")
    code, _, _ = await run(write("order_id,amount\na,1000\na ,1000\n"), "--report", "r.html")

    assert code == 1
    assert r'"a\\x20"' in Path("r.html").read_text(encoding="utf-8")


async def test_rows_that_repeat_an_order_are_noted(server: FakePortOne, run: Run) -> None:
    paid(server, "a", "b")
    orders = write("주문번호,금액,상품\na,1000,티셔츠\na,1000,바지\nb,1000,\na,1000,\n")
    code, out, err = await run(orders, *PERIOD)

    assert code == 0
    assert re.search(r"^matched +2\b", out, re.MULTILINE)
    assert err == ("note: orders.csv: 2 rows repeat an order number: equal rows are one order\n")
