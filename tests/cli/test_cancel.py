"""``portone-async cancel`` against a fake PortOne, run as ``main([...])`` in a thread."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from portone_async import Payment
from portone_async.cli import main
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Status
from tests.support.canaries import BUYER
from tests.support.command import Ran, Terminal, run_command
from tests.support.custom_faults import LostForGood

pytestmark = pytest.mark.usefixtures("environment")

CANCEL = "/payments/cancel"
ACCOUNT = "110-555-777777"


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="run")
def _run(server: FakePortOne, capsys: pytest.CaptureFixture[str]) -> Run:
    async def run(*arguments: str) -> Ran:
        secrets = (server.imp_key, server.imp_secret, server.token, ACCOUNT, *BUYER.values())
        ran = await run_command(capsys, "cancel", *arguments, secrets=secrets)
        assert "\x1b" not in ran.out + ran.err
        return ran

    return run


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> Payment:
    return server.add(merchant_uid="ORD-1", amount=15000, **BUYER)


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def posts(server: FakePortOne) -> int:
    return server.count(CANCEL, "POST")


def cancelled(server: FakePortOne) -> list[int]:
    """Return the amount of each cancellation that the server has booked for the order."""
    (entry,) = server.payments.of_order("ORD-1")
    return [int(each["amount"]) for each in (entry.record.get("cancel_history") or ())]


# The question


async def test_payment_is_shown_and_cancelled_after_a_yes(
    *, server: FakePortOne, run: Run, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "y\n")
    ran = await run(payment.imp_uid, "--amount", "5000", "--reason", "returned")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "Order               ORD-1",
        f"PortOne id          {payment.imp_uid}",
        "Status              paid",
        "Amount              15,000 KRW",
        "Cancelled           0 KRW",
        "Balance             15,000 KRW",
        "To cancel           5,000 KRW",
        "Balance after that  10,000 KRW",
        "Cancel 5,000 KRW of order ORD-1? [y/N] ",
    ]
    assert ran.out == "ORD-1: cancelled 5,000 KRW; 5,000 KRW in total, balance 10,000 KRW\n"
    assert cancelled(server) == [5000]
    sent = json.loads(server.requests[-1].body)
    assert sent["checksum"] == 15000
    assert sent["reason"] == "returned"


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
async def test_nothing_is_sent_without_a_yes(
    *,
    server: FakePortOne,
    run: Run,
    payment: Payment,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    type_in(monkeypatch, answer)
    ran = await run(payment.imp_uid, "--all", "--reason", "returned")
    assert (ran.code, ran.out) == (2, "")
    assert posts(server) == 0


async def test_order_number_in_place_of_the_id_is_explained(
    server: FakePortOne, run: Run, payment: Payment
) -> None:
    ran = await run(payment.merchant_uid, "--all", "--reason", "returned", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "the PortOne id that 'portone-async find ORDER' prints, not the order number" in ran.err
    assert "include_sandbox" not in ran.err
    assert posts(server) == 0


async def test_no_terminal_needs_yes(server: FakePortOne, run: Run, payment: Payment) -> None:
    ran = await run(payment.imp_uid, "--all", "--reason", "returned")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "portone-async: stdin is not a terminal to ask on: pass --yes to cancel\n"
    assert not server.requests


async def test_balance_that_changed_during_the_question_cancels_nothing(
    *, server: FakePortOne, run: Run, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say_yes_late(question: str) -> bool:
        assert "15,000 KRW" in question
        server.update(payment.imp_uid, status="cancelled", cancel_amount=1000)
        return True

    type_in(monkeypatch, "")
    monkeypatch.setattr("portone_async.cli.cancel.run.confirm", say_yes_late)
    ran = await run(payment.imp_uid, "--all", "--reason", "returned")
    assert (ran.code, ran.out) == (2, "")
    assert "checksum" in ran.err
    assert posts(server) == 0


# Results


async def test_whole_balance_is_cancelled_with_all(
    server: FakePortOne, run: Run, payment: Payment
) -> None:
    server.update(payment.imp_uid, status="cancelled", cancel_amount=5000)
    ran = await run(payment.imp_uid, "--all", "--reason", "returned", "--yes")
    assert ran.code == 0
    assert ran.out == "ORD-1: cancelled 10,000 KRW; 15,000 KRW in total, balance 0 KRW\n"
    assert json.loads(server.requests[-1].body)["amount"] == 10000


async def test_decimals_are_sent_exactly(server: FakePortOne, run: Run) -> None:
    payment = server.add(merchant_uid="ORD-1", amount=Decimal("12.34"), currency="USD")
    ran = await run(payment.imp_uid, "--amount", "0.10", "--reason", "r", "--yes")
    assert ran.code == 0
    assert ran.out == "ORD-1: cancelled 0.1 USD; 0.1 USD in total, balance 12.24 USD\n"
    assert b'"amount":0.1,"checksum":12.34,' in server.requests[-1].body


async def test_same_key_cancels_once(
    server: FakePortOne, run: Run, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund = (payment.imp_uid, "--amount", "9000", "--reason", "returned", "--key", "R-1")
    assert (await run(*refund, "--yes")).code == 0
    again = await run(*refund, "--yes")
    type_in(monkeypatch, "")
    asked = await run(*refund)

    assert (again.code, asked.code) == (0, 0)
    assert again.out == asked.out
    assert again.out.startswith("ORD-1: cancelled before with this key, nothing was sent; 9,000")
    assert asked.err == ""
    assert posts(server) == 1


async def test_lost_answer_is_looked_up(server: FakePortOne, run: Run, payment: Payment) -> None:
    server.fail(LostAnswer(), on=CANCEL)
    ran = await run(payment.imp_uid, "--amount", "5000", "--reason", "returned", "--yes")
    assert ran.code == 0
    assert (posts(server), cancelled(server)) == (1, [5000])


async def test_refusal_exits_1(server: FakePortOne, run: Run, payment: Payment) -> None:
    refusal = {"code": -1, "message": f"계좌 {ACCOUNT} 오류", "response": None}
    server.fail(Json(refusal), on=CANCEL)
    account = ("--refund-account", ACCOUNT, "--refund-bank", "03", "--refund-holder", "x")
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes", *account)
    assert (ran.code, ran.out) == (1, "")
    assert f"{payment.imp_uid}: refused (PortOne refused the refund: 200, code -1: " in ran.err
    assert cancelled(server) == []


async def test_pending_refund_exits_4(server: FakePortOne, run: Run) -> None:
    payment = server.add(
        merchant_uid="ORD-1", amount=15000, pg_provider="paypal_v2", currency="USD"
    )
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes", "--settle", "0")
    assert (ran.code, ran.out) == (4, "")
    assert f"{payment.imp_uid}: accepted, but not made yet (" in ran.err
    assert "hint: Do not send it again." in ran.err


async def test_unknown_outcome_exits_3_with_the_evidence(
    server: FakePortOne, run: Run, payment: Payment
) -> None:
    server.fail(LostForGood(server), on=CANCEL)
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes", "--settle", "0")
    assert (ran.code, ran.out) == (3, "")
    assert f"{payment.imp_uid}: unknown (" in ran.err
    assert "sent: ConnectionFailedError" in ran.err
    assert "hint: Repeat it only with --checksum 15000: then it is made once at most" in ran.err
    assert cancelled(server) == [15000]


async def test_promotion_needs_the_checksum_of_the_caller(server: FakePortOne, run: Run) -> None:
    payment = server.add(
        merchant_uid="ORD-1", amount=20000, promotion={"id": "promotion-1", "discount": 2000}
    )
    refund = (payment.imp_uid, "--all", "--reason", "r", "--yes")
    without = await run(*refund)
    given = await run(*refund, "--checksum", "20000")

    assert (without.code, without.out) == (2, "")
    assert "checksum" in without.err
    assert given.code == 0
    assert "To cancel           20,000 KRW" in given.err
    assert posts(server) == 1


async def test_account_of_a_refund_is_sent_and_not_printed(server: FakePortOne, run: Run) -> None:
    payment = server.add(merchant_uid="ORD-1", amount=15000, pay_method="vbank")
    account = ("--refund-holder", "x", "--refund-bank", "03", "--refund-account", ACCOUNT)
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes", *account)
    assert ran.code == 0
    sent = json.loads(server.requests[-1].body)
    assert (sent["refund_bank"], sent["refund_account"]) == ("03", ACCOUNT)


async def test_flags_are_sent_only_if_they_are_given(
    server: FakePortOne, run: Run, payment: Payment
) -> None:
    refund = (payment.imp_uid, "--amount", "100", "--reason", "r", "--yes")
    await run(*refund)
    plain = json.loads(server.requests[-1].body)
    options = ("--tax-free", "10", "--vat-amount", "5", "--requester", "admin")
    await run(*refund, *options, "--retain-promotion", "--enable-webhook")
    full = json.loads(server.requests[-1].body)

    assert plain.keys() == {"imp_uid", "amount", "checksum", "reason"}
    assert full.keys() - plain.keys() == {
        *("tax_free", "vat_amount", "extra", "retain_promotion", "enable_webhook")
    }
    assert full["extra"] == {"requester": "admin"}
    assert full["enable_webhook"] is True


async def test_missing_payment_exits_1(run: Run) -> None:
    ran = await run("imp_000000000000", "--all", "--reason", "r", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("imp_000000000000: refused (")


async def test_failed_look_up_exits_2(server: FakePortOne, run: Run, payment: Payment) -> None:
    server.fail(HtmlPage(404), on="/payments/")
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert f"{payment.imp_uid}: nothing was sent (HTTP 404 " in ran.err
    assert posts(server) == 0


# JSON


async def test_json_has_the_payment_without_personal_data(run: Run, payment: Payment) -> None:
    refund = (payment.imp_uid, "--amount", "5000", "--reason", "r", "--key", "k", "--yes", "--json")
    first, second = await run(*refund), await run(*refund)
    assert (first.code, second.code) == (0, 0)
    assert first.json["outcome"] == "done"
    assert first.json["payment"]["cancel_amount"] == 5000
    assert second.json["outcome"] == "done_before"
    assert first.out.count("\n") == 1


async def test_json_keeps_personal_data_on_request(
    server: FakePortOne, capsys: pytest.CaptureFixture[str], payment: Payment
) -> None:
    refund = ["cancel", payment.imp_uid, "--all", "--reason", "r", "--yes", "--json"]
    await asyncio.to_thread(main, [*refund, "--personal-data"])
    assert json.loads(capsys.readouterr().out)["payment"]["buyer_name"] == BUYER["buyer_name"]


async def test_json_tells_failures_apart(server: FakePortOne, run: Run, payment: Payment) -> None:
    refund = ("--all", "--reason", "r", "--yes", "--json", "--settle", "0")
    server.fail(Json({"code": -1, "message": "no", "response": None}), on=CANCEL)
    refused = await run(payment.imp_uid, *refund)
    server.fail(Status(503), times=4, on="/payments/imp_")
    not_sent = await run(payment.imp_uid, *refund)
    server.fail(LostForGood(server), on=CANCEL)
    unknown = await run(payment.imp_uid, *refund)

    assert (refused.code, refused.json["outcome"]) == (1, "refused")
    assert (not_sent.code, not_sent.json["outcome"]) == (2, "not_sent")
    assert (unknown.code, unknown.json["outcome"]) == (3, "unknown")
    assert unknown.json["error"] == "OutcomeUnknownError"
    assert unknown.json["evidence"]
    assert unknown.json["checksum"] == 15000
    assert "checksum" not in refused.json


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "required: IMP_UID, --reason"),
        (["imp_1", "--reason", "r"], "one of the arguments --amount --all is required"),
        (["imp_1", "--all"], "required: --reason"),
        (["imp_1", "--all", "--amount", "1", "--reason", "r"], "not allowed with argument --all"),
        (["imp_1", "--amount", "1,000", "--reason", "r"], "--amount: write an amount in digits "),
        (["imp_1", "--amount", "1e3", "--reason", "r"], "argument --amount: "),
        (["imp_1", "--amount", "0.00", "--reason", "r"], "--all cancels the balance"),
        (["imp_1", "--amount", "-1", "--reason", "r"], "--amount"),
        (["imp_1", "--amount", "NaN", "--reason", "r"], "argument --amount: "),
        (["..", "--all", "--reason", "r", "--yes"], "must not be '..'"),
        (["imp_1", "--all", "--reason", "r", "--account", ACCOUNT], "--account ***"),
    ],
)
async def test_wrong_usage_exits_2_without_a_request(
    server: FakePortOne, run: Run, arguments: list[str], expected: str
) -> None:
    ran = await run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err
    assert not server.requests


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--amount", "15001"], "15,001 KRW cannot be cancelled: the balance is 15,000 KRW"),
        (["--amount", "0.5"], "KRW"),
        (["--all", "--key", "a key"], "key must be "),
        (["--all", "--checksum", "14999"], "checksum"),
    ],
)
async def test_impossible_refund_exits_2_without_a_post(
    *, server: FakePortOne, run: Run, payment: Payment, arguments: list[str], expected: str
) -> None:
    ran = await run(payment.imp_uid, *arguments, "--reason", "r", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err
    assert posts(server) == 0


async def test_nothing_left_exits_1(server: FakePortOne, run: Run, payment: Payment) -> None:
    server.update(payment.imp_uid, status="cancelled", cancel_amount=15000)
    ran = await run(payment.imp_uid, "--all", "--reason", "r", "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"{payment.imp_uid}: refused (")
    assert posts(server) == 0
