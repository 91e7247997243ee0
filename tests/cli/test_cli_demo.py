"""``portone-async demo``: whether it tells the truth, also about what goes wrong."""

from __future__ import annotations

import logging
import re
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from portone_async.cli import main
from portone_async.cli.demo.comparison import Comparison
from portone_async.cli.demo.day import Day, plant
from portone_async.cli.demo.stage import Scene, set_stage
from portone_async.cli.demo.tally import most_in_a_second
from portone_async.cli.demo.verdict import Verdict
from portone_async.cli.outcome import Outcome
from portone_async.errors import PaymentNotFoundError, PortOneError, ServerError
from portone_async.models import Payment, PaymentStatus
from portone_async.reconcile import Finding, Order, Summary
from portone_async.reconcile import Verdict as Judgement
from portone_async.testing import FakePortOne

FAST = ("--rate", "400")


@pytest.fixture(autouse=True)
def _reports_go_to_a_folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of few orders, where it is not about the day."""
    monkeypatch.setattr("portone_async.cli.demo.day._MATCHED", 20)


def numbers(out: str) -> list[tuple[str, int, str]]:
    """The summary's lines: name, number, note."""
    rows = re.findall(r"^( *\S.*?)  +([\d,]+)  (.*?) *$", out, re.MULTILINE)
    return [(name.strip(), int(number.replace(",", "")), note) for name, number, note in rows]


def test_its_numbers_agree_with_each_other_and_a_pipe_gets_plain_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["demo", "--orders", "150", *FAST])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert all(character.isprintable() for character in out.replace("\n", ""))
    report = re.search(r"^  (/.*/portone-demo-report\.html)$", out, re.MULTILINE)
    assert report is not None
    assert Path(report[1]).read_text("utf-8").startswith("<!doctype html>")
    # A path is one line, however long.
    assert max(map(len, out.replace(report[1], "").splitlines())) <= 80
    assert re.search(r"^150 look-ups in \d+\.\d s: every answer is right\.$", out, re.MULTILINE)
    assert "\n\n\n" not in out
    assert out.endswith("then:\n  portone-async find ORDER\n  portone-async reconcile ORDERS.csv\n")

    looked_up, reconciled = out.split("\nNow the shop's ")
    assert re.search(
        r"^1,522 orders reconciled in \d+\.\d s, \d\d requests: every verdict is right\.$",
        reconciled,
        re.MULTILINE,
    )
    verdicts = re.findall(
        r"^([a-z]+(?: [a-z]+)*)  +([\d,]+)  of ([\d,]+) planted  ", reconciled, re.MULTILINE
    )
    assert [name for name, *_ in verdicts] == [each.replace("_", " ") for each in Judgement]
    assert all(found == planted != "0" for _, found, planted in verdicts)

    rows = numbers(looked_up)
    total = {name: number for name, number, _ in rows}
    notes = {name: note for name, _, note in rows}
    assert total["wrong"] == 0
    assert total["found"] + total["not found"] + total["failed"] == 150
    assert notes["failed"] == f"{total['failed']} scripted to fail for good"
    failures = [number for name, number, _ in rows if name.endswith("Error")]
    assert sum(failures) == total["failed"] >= 4

    retries = {note: number for name, number, note in rows if name == "retries"}
    assert total["look-ups"] == 150
    parts = ("look-ups", "token fetches", "401 renewals")
    assert sum(total[part] for part in parts) + sum(retries.values()) == total["requests"]
    assert notes["requests"] == f"the server saw {total['requests']}"
    assert total["token fetches"] >= 2
    assert total["401 renewals"] >= 1
    assert retries["after RateLimitedError"] == total["pauses"] == 2
    # One is silent on purpose; a slow machine may be late with others.
    assert retries["after RequestTimeoutError"] >= 1
    for kind in ("ServerError", "ConnectionFailedError", "MalformedResponseError"):
        assert retries[f"after {kind}"] >= 2
    assert 0 < total["in any one second"] <= 405


def test_one_seed_is_one_scene_and_another_seed_is_another() -> None:
    def staged(seed: int) -> list[tuple[str, bool, object]]:
        scenes, _ = set_stage(FakePortOne(), 300, Random(seed))
        return [(each.order, each.payment is None, each.fails_with) for each in scenes]

    assert staged(3) == staged(3)
    assert staged(3) != staged(4)


def test_the_default_scene_has_payments_of_every_kind() -> None:
    scenes, faults = set_stage(FakePortOne(), 300, Random(1))
    payments = [scene.payment for scene in scenes if scene.payment is not None]
    assert {payment.status for payment in payments} == set(PaymentStatus)
    assert any(payment.is_partially_cancelled for payment in payments)
    assert any(payment.currency == "USD" and payment.amount % 1 for payment in payments)
    assert any(payment.sandbox for payment in payments)
    assert {re.sub(r"\d+", "", scene.order) for scene in scenes} == {
        *("ORD-", "주문-", "order no ", "shop/")
    }
    assert 0 < len(scenes) - len(payments) < 30
    assert faults > 30


@pytest.mark.parametrize("orders", ["1", "2"])
def test_a_demo_of_very_few_orders_is_right_as_well(
    capsys: pytest.CaptureFixture[str], orders: str, few: None
) -> None:
    assert main(["demo", "--orders", orders, *FAST]) == 0
    assert "every answer is right" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--orders", "0"], ["--orders", "x"], ["--rate", "fast"], ["--seed", "x"]]
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["demo", *arguments])
    assert exited.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_a_rate_that_is_none_exits_2(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", f"--rate={rate}"]) == 2
    assert capsys.readouterr().err.startswith("portone-async: rate must be a finite number")


def test_it_exits_1_and_says_so_when_an_answer_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, few: None
) -> None:
    def lying(server: FakePortOne, orders: int, random: Random) -> tuple[list[Scene], int]:
        held = server.add(merchant_uid="a")
        server.update(held.imp_uid, amount=1)
        server.add(merchant_uid="c")
        return [Scene("a", held), Scene("b", held), Scene("c", None)], 0

    monkeypatch.setattr("portone_async.cli.demo.play.set_stage", lying)
    assert main(["demo", "--orders", "3", *FAST]) == 1
    out = capsys.readouterr().out
    assert ": 3 wrong, 0 failed unexpectedly." in out
    assert ("wrong", 3, "another payment, or a false 'not found'") in numbers(out)


@pytest.mark.parametrize(
    ("fails_with", "error", "is_good"),
    [
        (ServerError, ServerError("503"), True),
        (None, ServerError("503"), False),
        (ServerError, PortOneError("?"), False),
        (ServerError, PaymentNotFoundError("404"), False),
    ],
)
def test_only_a_failure_that_was_scripted_is_forgiven(
    fails_with: type[PortOneError] | None, error: PortOneError, is_good: bool
) -> None:
    payment = Payment(imp_uid="i", merchant_uid="a", status=PaymentStatus.PAID, amount=Decimal(1))
    scene = Scene("a", payment, fails_with)
    assert Verdict([scene], [Outcome("a", error=error)]).is_good is is_good


def test_a_missing_payment_is_right_only_where_there_is_none() -> None:
    outcome = Outcome("a", error=PaymentNotFoundError("404"))
    verdict = Verdict([Scene("a", None)], [outcome])
    assert (verdict.missing, verdict.wrong) == (1, 0)


def test_warnings_of_the_library_stay_off_the_screen_and_the_log_is_restored(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, few: None
) -> None:
    with caplog.at_level(logging.WARNING):
        assert main(["demo", "--orders", "5", *FAST]) == 0
    assert not [record for record in caplog.records if record.name.startswith("portone_async")]
    assert logging.getLogger("portone_async").propagate
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("times", "most"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 0.5, 0.999], 3),
        ([0.0, 0.5, 1.0], 2),
        ([3.0, 0.0, 2.9, 0.1, 2.8, 9.0], 3),
    ],
)
def test_the_most_in_a_second_is_that_of_any_second(times: list[float], most: int) -> None:
    assert most_in_a_second(times) == most


# The day that is reconciled


def test_one_seed_is_one_day_with_every_verdict_and_of_no_other_date() -> None:
    def planted(seed: int) -> Day:
        return plant(FakePortOne(), date(2026, 11, 24), Random(seed))

    day = planted(3)
    assert day == planted(3)
    assert day.verdicts != planted(4).verdicts
    assert [time.isoformat() for time in day.period] == [
        "2026-11-23T00:00:00+09:00",
        "2026-11-24T00:00:00+09:00",
    ]
    assert set(day.planted) == set(Judgement)
    orders = {order.merchant_uid for order in day.orders}
    assert len(orders) == len(day.orders)
    assert day.verdicts.keys() - orders == {
        uid for uid, verdict in day.verdicts.items() if verdict is Judgement.ORPHAN
    }


@pytest.mark.parametrize("seed", ["2", "7", "1234"])
def test_any_seed_is_a_demo_that_is_right(
    capsys: pytest.CaptureFixture[str], seed: str, few: None
) -> None:
    assert main(["demo", "--orders", "3", "--seed", seed, *FAST]) == 0
    assert "every verdict is right" in capsys.readouterr().out


def test_it_exits_1_and_says_so_when_a_verdict_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, few: None
) -> None:
    def lying(server: FakePortOne, today: date, random: Random) -> Day:
        day = plant(server, today, random)
        matched, missing = (
            next(uid for uid, verdict in day.verdicts.items() if verdict is each)
            for each in (Judgement.MATCHED, Judgement.MISSING)
        )
        # The numbers of each verdict are as before: it is the orders that are not.
        swapped = {matched: Judgement.MISSING, missing: Judgement.MATCHED}
        return Day(day.period, day.orders, {**day.verdicts, **swapped})

    monkeypatch.setattr("portone_async.cli.demo.play.plant", lying)
    assert main(["demo", "--orders", "3", *FAST]) == 1
    assert ": 2 verdicts are wrong." in capsys.readouterr().out


def _compared(findings: list[Finding], counts: dict[Judgement, int]) -> Comparison:
    begin = date(2026, 11, 23)
    day = plant(FakePortOne(), begin + timedelta(days=1), Random(1))
    few = Day(day.period, [Order("a", Decimal(1))], {"a": Judgement.MATCHED})
    summary = Summary(counts=counts, amounts={}, requests=1, retries=0, seconds=1.0)
    return Comparison(few, findings, summary)


def test_an_order_with_two_findings_none_or_a_strange_one_is_wrong(few: None) -> None:
    a = Finding(merchant_uid="a", verdict=Judgement.MATCHED)
    b = Finding(merchant_uid="b", verdict=Judgement.ORPHAN)
    once = {Judgement.MATCHED: 1}

    assert _compared([a], once).is_good
    assert [_compared(found, once).wrong for found in ([a, a], [], [a, b])] == [1, 1, 1]
    assert not _compared([a], {Judgement.MATCHED: 2}).is_good


def test_the_report_goes_where_it_is_wanted_and_has_every_difference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, few: None
) -> None:
    report = tmp_path / "out" / "하루.html"
    report.parent.mkdir()
    assert main(["demo", "--orders", "1", "--report", str(report), *FAST]) == 0
    assert f"  {report}\n" in capsys.readouterr().out
    page = report.read_text("utf-8")
    assert [child.name for child in tmp_path.iterdir()] == ["out"]
    day = plant(FakePortOne(), date(2026, 11, 24), _after_one_look_up())
    differing = [uid for uid, verdict in day.verdicts.items() if verdict is not Judgement.MATCHED]
    assert len(differing) == 25
    assert all(uid in page for uid in differing)


def _after_one_look_up() -> Random:
    random = Random(1)
    set_stage(FakePortOne(), 1, random)
    return random


def test_a_report_that_cannot_be_written_ends_it_before_it_begins(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["demo", "--report", str(tmp_path / "none" / "report.html")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("portone-async: ")
    assert "could not be written" in err
    assert not list(tmp_path.iterdir())
