"""``portone-async demo``: the printed numbers, the options and the report."""

from __future__ import annotations

import logging
import re
import tempfile
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from portone_async.cli import main
from portone_async.cli.demo.scenario import Cases, add_faults, add_payments
from portone_async.cli.labels import verdict_label
from portone_async.cli.zone import SEOUL
from portone_async.reconcile import Verdict
from portone_async.testing import (
    CutBody,
    ExpiredToken,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Reset,
    Status,
    TooManyRequests,
)

FAST = ("--rate", "400")
DAY = datetime(2026, 11, 23, tzinfo=SEOUL)


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the day, for tests of something else."""
    monkeypatch.setattr("portone_async.cli.demo.scenario._MATCHED", 20)


class RecordingServer(FakePortOne):
    """Records the servers that were created, and their faults."""

    servers: list[RecordingServer]

    def __init__(self, *, now: float | None = None) -> None:
        super().__init__(now=now)
        self.faults: list[Fault] = []
        self.servers.append(self)

    def fail(
        self,
        *faults: Fault,
        times: int | None = 1,
        on: str = "/",
        method: str | None = None,
    ) -> None:
        self.faults += faults
        super().fail(*faults, times=times, on=on, method=method)


@pytest.fixture(name="servers")
def _servers(monkeypatch: pytest.MonkeyPatch) -> list[RecordingServer]:
    servers: list[RecordingServer] = []
    monkeypatch.setattr(RecordingServer, "servers", servers, raising=False)
    monkeypatch.setattr("portone_async.cli.demo.run.FakePortOne", RecordingServer)
    return servers


@pytest.mark.slow
def test_printed_numbers_are_those_of_the_server(
    capsys: pytest.CaptureFixture[str], servers: list[RecordingServer]
) -> None:
    code = main(["demo", "--orders", "150", *FAST])
    out, err = capsys.readouterr()

    assert (code, err) == (0, "")
    (server,) = servers
    assert "the payments of 1,523 orders" in out
    assert "\n150 look-ups: all results are as planted.\n" in out
    assert "\n1,523 orders reconciled: all results are as planted.\n" in out
    line = re.search(r"^found .*$", out, re.MULTILINE)
    assert line is not None
    found, missing, not_checked, requests, retries = map(int, re.findall(r"\d+", line[0]))
    assert (found, missing, not_checked) == (143, 4, 3)
    assert retries == requests - 150 >= 20
    total = re.search(r"^(\d+) requests, ", out, re.MULTILINE)
    assert total is not None
    assert requests + int(total[1]) == server.count("/payments")


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module", name="ran")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[logging.LogRecord]]:
    """Run a short demo once, and return its output and its log records."""
    handler = Records()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("demo")))
        patch.setattr("portone_async.cli.demo.scenario._MATCHED", 20)
        logging.getLogger().addHandler(handler)
        try:
            assert main(["demo", "--orders", "30", *FAST]) == 0
        finally:
            logging.getLogger().removeHandler(handler)
    return out.getvalue(), handler.records


def test_pipe_gets_plain_lines(ran: tuple[str, list[logging.LogRecord]]) -> None:
    out, _ = ran
    assert all(character.isprintable() for character in out.replace("\n", ""))
    assert "\n\n\n" not in out
    introduction, _, _ = out.partition("\n\n")
    assert max(map(len, introduction.splitlines())) <= 80
    assert out.endswith("then:\n  portone-async find ORDER\n  portone-async reconcile ORDERS.csv\n")


def test_library_log_is_silent_during_the_demo_only(
    ran: tuple[str, list[logging.LogRecord]],
) -> None:
    _, records = ran
    assert not [record for record in records if record.name.startswith("portone_async")]
    assert logging.getLogger("portone_async").propagate


def test_table_has_one_look_up_of_each_kind(ran: tuple[str, list[logging.LogRecord]]) -> None:
    _, _, table = ran[0].partition("'portone-async find' prints it:\n\n")
    header, _, *rows = table.partition("\n\n")[0].splitlines()
    assert header.split()[:3] == ["Order", "Status", "Amount"]
    assert len(rows) == len(Verdict) - 1  # An orphan has no order to look up.
    for text in (" not found", " not checked", " (test) ", " USD ", " cancelled "):
        assert any(text in row for row in rows)


def test_summary_has_the_planted_number_of_every_verdict(
    ran: tuple[str, list[logging.LogRecord]],
) -> None:
    planted = {
        Verdict.MATCHED: 30,
        Verdict.MISSING: 4,
        Verdict.AMOUNT_DIFFERS: 3,
        Verdict.CURRENCY_DIFFERS: 2,
        Verdict.STATUS_DIFFERS: 4,
        Verdict.PARTIALLY_CANCELLED: 3,
        Verdict.PAID_TWICE: 2,
        Verdict.TEST_PAYMENT: 2,
        Verdict.ORPHAN: 3,
        Verdict.NOT_CHECKED: 3,
    }
    assert planted.keys() == set(Verdict)
    for verdict, count in planted.items():
        assert re.search(rf"^{verdict_label(verdict)} +{count}  ", ran[0], re.MULTILINE)


def test_report_is_written_to_a_temporary_folder(
    ran: tuple[str, list[logging.LogRecord]],
) -> None:
    report = re.search(r"^  (/.*/portone-demo-report\.html)$", ran[0], re.MULTILINE)
    assert report is not None
    assert Path(report[1]).read_text("utf-8").startswith("<!doctype html>")


def test_look_ups_meet_every_kind_of_fault() -> None:
    faults: list[Fault] = []

    class Server(FakePortOne):
        def fail(
            self,
            *added: Fault,
            times: int | None = 1,
            on: str = "/",
            method: str | None = None,
        ) -> None:
            faults.extend(added * (times or 1))

    cases = add_payments(Server(), 300, DAY, 1)
    lasting = len(faults)
    assert add_faults(Server(), list(cases)[:300]) == len(faults) - lasting
    assert lasting == 6  # Three orders, on two routes each.
    assert {type(fault) for fault in faults} >= {
        *(CutBody, ExpiredToken, Hang, HtmlPage, Reset, Status, TooManyRequests)
    }


def test_seed_decides_the_orders(few: None) -> None:
    def planted(seed: int) -> list[tuple[str, Any, Verdict]]:
        cases = add_payments(FakePortOne(), 1, DAY, seed)
        return [(order.merchant_uid, order.amount, verdict) for order, verdict in cases.items()]

    assert planted(3) == planted(3)
    assert planted(3) != planted(4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["2", "7", "1234"])
def test_any_seed_gives_the_planted_results(
    capsys: pytest.CaptureFixture[str], seed: str, few: None
) -> None:
    assert main(["demo", "--orders", "40", "--seed", seed, *FAST]) == 0
    assert capsys.readouterr().out.count("all results are as planted") == 2


@pytest.mark.slow
@pytest.mark.parametrize("orders", [1, 2])
def test_few_look_ups_give_the_planted_results(
    capsys: pytest.CaptureFixture[str], orders: int, few: None
) -> None:
    assert main(["demo", "--orders", str(orders), *FAST]) == 0
    assert f"\n{orders} look-ups: all results are as planted.\n" in capsys.readouterr().out


def test_day_has_as_many_orders_as_look_ups(few: None) -> None:
    cases = add_payments(FakePortOne(), 1000, DAY, 1)
    assert sum(verdict is Verdict.MATCHED for verdict in cases.values()) == 1000


@pytest.mark.parametrize(
    "arguments", [["--orders", "0"], ["--orders", "x"], ["--rate", "fast"], ["--seed", "x"]]
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["demo", *arguments])
    assert exited.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_invalid_rate_exits_2(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", f"--rate={rate}"]) == 2
    assert capsys.readouterr().err.startswith("portone-async: rate must be a finite number")


@pytest.mark.slow
def test_wrong_results_are_counted_and_exit_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, few: None
) -> None:
    def mislabel(server: FakePortOne, orders: int, since: datetime, seed: int) -> Cases:
        cases = add_payments(server, orders, since, seed)
        wrong = {Verdict.MISSING: Verdict.PAID_TWICE}
        return {order: wrong.get(verdict, verdict) for order, verdict in cases.items()}

    monkeypatch.setattr("portone_async.cli.demo.run.add_payments", mislabel)
    assert main(["demo", "--orders", "30", *FAST]) == 1
    out = capsys.readouterr().out
    assert "\n30 look-ups: 4 results are not as planted.\n" in out
    assert " orders reconciled: 4 results are not as planted.\n" in out


@pytest.mark.slow
def test_report_option_names_the_file_of_all_differences(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, few: None
) -> None:
    report = tmp_path / "out" / "하루.html"
    report.parent.mkdir()
    assert main(["demo", "--orders", "1", "--report", str(report), *FAST]) == 0
    assert f"  {report}\n" in capsys.readouterr().out
    assert [child.name for child in tmp_path.iterdir()] == ["out"]
    page = report.read_text("utf-8")
    cases = add_payments(FakePortOne(), 1, DAY, 1)
    differing = [
        order.merchant_uid for order, verdict in cases.items() if verdict is not Verdict.MATCHED
    ]
    assert len(differing) == 26
    assert all(merchant_uid in page for merchant_uid in differing)


def test_unwritable_report_ends_the_demo_before_it_begins(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["demo", "--report", str(tmp_path / "none" / "report.html")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("portone-async: ")
    assert "could not be written" in err
    assert not list(tmp_path.iterdir())
