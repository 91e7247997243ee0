"""``portone-async demo``: whether it tells the truth, also about what goes wrong."""

from __future__ import annotations

import logging
import re
from decimal import Decimal
from random import Random

import pytest

from portone_async.cli import main
from portone_async.cli.demo.stage import Scene, set_stage
from portone_async.cli.demo.tally import most_in_a_second
from portone_async.cli.demo.verdict import Verdict
from portone_async.cli.outcome import Outcome
from portone_async.errors import PaymentNotFoundError, PortOneError, ServerError
from portone_async.models import Payment, PaymentStatus
from portone_async.testing import FakePortOne

FAST = ("--rate", "400")


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
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"^150 look-ups in \d+\.\d s: every answer is right\.$", out, re.MULTILINE)
    assert out.endswith("then:\n  portone-async find ORDER\n")

    rows = numbers(out)
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
    assert retries["after RequestTimeoutError"] == 1
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
    capsys: pytest.CaptureFixture[str], orders: str
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
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(server: FakePortOne, orders: int, random: Random) -> tuple[list[Scene], int]:
        held = server.add(merchant_uid="a")
        server.update(held.imp_uid, amount=1)
        server.add(merchant_uid="c")
        return [Scene("a", held), Scene("b", held), Scene("c", None)], 0

    monkeypatch.setattr("portone_async.cli.demo.play.set_stage", lying)
    assert main(["demo", "--orders", "3", *FAST]) == 1
    out = capsys.readouterr().out
    assert ": 3 wrong, 0 failed for no good reason." in out
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
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
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
