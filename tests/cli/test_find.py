"""``portone-async find`` against a fake PortOne, run as ``main([...])`` in a thread."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portone_async.testing import Exchange, FakePortOne, Json, Status, Unauthorized
from tests.support.command import Ran, run_command
from tests.support.logged import logged

pytestmark = pytest.mark.usefixtures("environment")

PERSONAL = {
    "buyer_name": "홍길동",
    "buyer_email": "hong@example.com",
    "buyer_tel": "010-1234-5678",
    "buyer_addr": "서울특별시 강남구",
    "buyer_postcode": "06234",
    "card_number": "123456******7890",
    "vbank_num": "110-123-456789",
    "vbank_holder": "예금주씨",
    "custom_data": '{"note":"문 앞에"}',
    "user_agent": "Mozilla/5.0 (Personal)",
    "customer_uid": "customer-77",
}


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="run")
def _run(
    server: FakePortOne, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Run:
    async def run(*arguments: str) -> Ran:
        secrets = (server.imp_key, server.imp_secret, server.token)
        ran = await run_command(capsys, "find", *arguments, secrets=secrets)
        # No unawaited task or exception.
        assert not [record for record in logged(caplog) if record.name == "asyncio"]
        assert "\x1b" not in ran.out + ran.err
        return ran

    return run


# Exit codes


@pytest.mark.parametrize("mode", [[], ["--json"]])
async def test_all_found_exits_0(server: FakePortOne, run: Run, mode: list[str]) -> None:
    server.add(merchant_uid="a")
    server.add(merchant_uid="b/1")
    ran = await run("a", "b/1", *mode)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("mode", [[], ["--json"]])
async def test_missing_payment_exits_1(server: FakePortOne, run: Run, mode: list[str]) -> None:
    server.add(merchant_uid="a")
    ran = await run("a", "b", *mode)
    assert ran.code == 1
    assert ran.err.startswith("b: not found (404, code -1: 존재하지 않는 결제정보입니다.)\nhint: ")
    assert ran.err.count("\n") == 2


async def test_status_that_hides_a_partly_refunded_payment_is_in_the_hint(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="a", amount=1000, status="cancelled", cancel_amount=1)
    by_status, by_order = await run("a", "--status", "paid"), await run("b")
    assert by_status.code == 1
    assert "a partly refunded one is 'cancelled'" in by_status.err
    assert "partly refunded" not in by_order.err


@pytest.mark.parametrize("mode", [[], ["--json"]])
async def test_unchecked_order_exits_3_even_with_a_missing_payment(
    server: FakePortOne, run: Run, mode: list[str]
) -> None:
    server.fail(Status(404), on="/payments/find/b")
    ran = await run("a", "b", *mode)
    assert ran.code == 3
    assert "a: not found (" in ran.err
    assert "b: could not be checked: UnexpectedResponseError: HTTP 404 " in ran.err


async def test_refused_keys_exit_2_with_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "a-wrong-secret")
    ran = await run("a", "b", "c", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "인증에 실패하였습니다" in ran.err
    assert "a-wrong-secret" not in ran.err


async def test_advice_is_a_sentence_after_the_reason(server: FakePortOne, run: Run) -> None:
    server.fail(Unauthorized(), on="/users/getToken")
    ran = await run("a")
    assert "POST /users/getToken: 401" in ran.err
    assert "(401). Check imp_key and imp_secret " in ran.err


@pytest.mark.parametrize("name", ["PORTONE_IMP_KEY", "PORTONE_IMP_SECRET"])
async def test_missing_variable_exits_2_and_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    ran = await run("a")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"portone-async: the environment variable {name} is not set. Set ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["a", "--status", "pa/id"], ["a", "--sorting=paid-desc"], ["a", "--colour"]],
)
async def test_wrong_usage_exits_2_without_a_request(
    server: FakePortOne, run: Run, arguments: list[str]
) -> None:
    assert (await run(*arguments)).code == 2
    assert not server.requests


# The table


@pytest.mark.parametrize(
    ("clock", "paid_at"),
    [((), "2026-02-02 11:40+09:00"), (("--tz", "America/New_York"), "2026-02-01 21:40-05:00")],
)
async def test_table_has_amounts_statuses_and_local_times(
    server: FakePortOne, run: Run, clock: tuple[str, ...], paid_at: str
) -> None:
    server.add(merchant_uid="주문 1", amount=1234567, paid_at=1770000000)
    server.add(merchant_uid="usd", amount=Decimal("10.05"), currency="USD", sandbox=True)
    server.add(merchant_uid="part", amount=20000, cancel_amount=5000, status="cancelled")
    ran = await run("usd", "none", "주문 1", "part", *clock)
    header, _, usd, none, won, part = ran.out.splitlines()
    assert header.split() == [
        *("Order", "Status", "Amount", "Cancelled", "Balance", "Paid", "at", "PortOne", "id")
    ]
    assert usd.split()[:5] == ["usd", "paid", "(test)", "10.05", "USD"]
    assert none.split() == ["none", "not", "found"]
    assert "1,234,567 KRW" in won
    assert paid_at in won
    assert "imp_770000000001" in won
    assert part.split()[:8] == [
        "part",
        "cancelled",
        "20,000",
        "KRW",
        "5,000",
        "KRW",
        "15,000",
        "KRW",
    ]


async def test_markup_in_an_order_number_is_printed_as_text(server: FakePortOne, run: Run) -> None:
    order = "[red]x[/red] :smile: [link=http://a]"
    server.add(merchant_uid=order)
    assert order in (await run(order)).out


async def test_long_row_stays_one_line_in_a_pipe(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="x" * 300)
    assert len((await run("x" * 300)).out.splitlines()) == 3


# Hostile text


@pytest.mark.parametrize("mode", [[], ["--json"]])
@pytest.mark.parametrize(
    ("order", "escaped"),
    [("\x1b[31m", r"\x1b[31m"), ("a\nb", r"a\nb"), ("\x9b2J", r"\x9b2J"), ("\udc80", r"\udc80")],
)
async def test_invalid_order_number_is_printed_escaped(
    server: FakePortOne, run: Run, mode: list[str], order: str, escaped: str
) -> None:
    ran = await run(order, *mode)
    assert ran.code == 3
    assert ran.err.startswith(f"{escaped}: could not be checked: InvalidRequestError: ")
    assert ran.err.count("\n") == 1
    assert order not in ran.out
    assert not server.requests


async def test_escapes_from_the_server_are_printed_as_text(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="a", name="\x1b]0;x\x07", currency="\x1b[5m", imp_uid="imp\x9b1")
    message = "\x1b[2J\r\u202e존재하지 않는 결제정보"
    envelope = Json({"code": -1, "message": message, "response": None}, 404)
    server.fail(envelope, on="/payments/find/b", times=2)

    table = await run("a", "b")
    assert r"\x1b[5m" in table.out
    assert r"imp\x9b1" in table.out
    assert r"\x1b[2J\r\u202e존재하지 않는 결제정보" in table.err

    lines = await run("a", "b", "--json")
    assert all(character.isprintable() for character in lines.out.replace("\n", ""))
    assert lines.json_lines[0]["payment"]["name"] == "\x1b]0;x\x07"
    assert r"\x1b[2J\r\u202e존재하지 않는 결제정보" in lines.json_lines[1]["message"]


# JSON


async def test_json_lines_keep_the_given_order(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="found")
    server.fail(Json([]), on="/payments/find/odd")
    lines = (await run("odd", "missing", "found", "--json")).json_lines
    assert [(line["merchant_uid"], line["found"], line.get("error")) for line in lines] == [
        ("odd", None, "UnexpectedResponseError"),
        ("missing", False, "PaymentNotFoundError"),
        ("found", True, None),
    ]
    assert lines[2]["payment"]["merchant_uid"] == "found"
    assert "존재하지 않는" in lines[1]["message"]


async def test_json_keeps_numbers_and_unknown_fields_exactly(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="usd", amount=Decimal("10.05"), currency="USD")
    server.add(
        merchant_uid="won", amount=1000, paid_at=1770000000, new_field={"rate": Decimal("0.10")}
    )
    server.add(merchant_uid="sl/ash", amount=Decimal("10.05"), paid_at=1770000000)
    ran = await run("usd", "won", "sl/ash", "--json")
    usd, won, slash = ran.out.splitlines()
    assert '"amount":10.05,' in usd
    assert '"amount":1000,' in won
    assert '"new_field":{"rate":0.10}' in won
    assert '"paid_at":1770000000' in won
    assert '"amount":10.05,' in slash
    assert '"paid_at":1770000000' in slash


@pytest.mark.parametrize("order", ["a", "sl/ash"])
async def test_personal_data_is_printed_only_on_request(
    server: FakePortOne, run: Run, order: str
) -> None:
    deposit = {"amount": 500, "depositor_name": "입금자씨", "pg_tid": "deposit-tid"}
    server.add(merchant_uid=order, deposit_history=[deposit], **PERSONAL)

    for ran in (await run(order), await run(order, "--json")):
        assert ran.code == 0
        assert not [value for value in (*PERSONAL.values(), "입금자씨") if value in ran.out]
    assert "deposit-tid" in ran.out

    payment = (await run(order, "--json", "--personal-data")).json_lines[0]["payment"]
    assert {name: payment[name] for name in PERSONAL} == PERSONAL
    assert payment["deposit_history"][0]["depositor_name"] == "입금자씨"


# Requests


async def test_status_and_sorting_are_sent(server: FakePortOne, run: Run) -> None:
    await run("a", "--status", "paid", "--sorting=-paid")
    assert server.requests[-1].target == "/payments/find/a/paid?sorting=-paid"


@pytest.mark.parametrize("word", ["canceled", "CANCELLED", " Canceled"])
async def test_status_is_accepted_in_every_spelling(
    server: FakePortOne, run: Run, word: str
) -> None:
    server.add(merchant_uid="a", status="cancelled")
    assert (await run("a", "--status", word)).code == 0
    assert server.requests[-1].target == "/payments/find/a/cancelled"


async def test_sorting_is_accepted_in_every_spelling(server: FakePortOne, run: Run) -> None:
    await run("a", "--sorting=-PAID")
    assert server.requests[-1].target == "/payments/find/a?sorting=-paid"


async def test_tier_of_the_environment_is_sent(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_TIER", "A01")
    await run("a")
    assert server.requests[-1].headers["tier"] == "A01"


async def test_orders_are_looked_up_concurrently(server: FakePortOne, run: Run) -> None:
    arrived = asyncio.Barrier(3)

    class Together:
        async def meet(self, exchange: Exchange) -> Any:
            await arrived.wait()  # for ever, if they came one after another
            return exchange.reply()

    server.fail(Together(), times=3, on="/payments")
    assert (await run("a", "b", "c", "--json")).code == 1


# stdin


Type = Callable[[bytes], None]


@pytest.fixture(name="type_in")
def _type_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    with ExitStack() as files:

        def type_in(typed: bytes) -> None:
            path = tmp_path / "stdin"
            path.write_bytes(typed)
            monkeypatch.setattr(sys, "stdin", files.enter_context(path.open()))

        yield type_in


async def test_dash_reads_one_order_number_per_line_of_stdin(run: Run, type_in: Type) -> None:
    type_in("\ufeff주문 1\r\n\n b \nlast".encode())
    lines = (await run("first", "-", "--json")).json_lines
    assert [line["merchant_uid"] for line in lines] == ["first", "주문 1", " b ", "last"]


async def test_line_that_is_not_utf8_fails_alone(
    server: FakePortOne, run: Run, type_in: Type
) -> None:
    server.add(merchant_uid="a")
    type_in(b"\xc1\xd6\na\n")
    ran = await run("-", "--json")
    assert ran.code == 3
    assert [line["found"] for line in ran.json_lines] == [None, True]


async def test_empty_stdin_exits_2(run: Run, type_in: Type) -> None:
    type_in(b"\n")
    ran = await run("-")
    assert (ran.code, ran.err) == (2, "portone-async: there are no order numbers on stdin\n")
