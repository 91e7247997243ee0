"""``portone-async call`` against a fake PortOne, run as ``main([...])`` in a thread."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from portone_async.testing import (
    Disconnect,
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Status,
    TooManyRequests,
)
from tests.support.command import Ran, Terminal, run_command

pytestmark = pytest.mark.usefixtures("environment")

CARD = "1234-5678-9012-3456"
PREPARE = ("POST", "/payments/prepare")
NEW_ORDER = '{"merchant_uid": "A-1", "amount": 12900}'


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="run")
def _run(server: FakePortOne, capsys: pytest.CaptureFixture[str]) -> Run:
    async def run(*arguments: str) -> Ran:
        secrets = (server.imp_key, server.imp_secret, server.token, CARD)
        return await run_command(capsys, "call", *arguments, secrets=secrets)

    return run


def sent(server: FakePortOne) -> list[tuple[str, str]]:
    """Return method and target of each request but those for a token."""
    return [
        (request.method, request.target)
        for request in server.requests
        if request.path != "/users/getToken"
    ]


# Requests


async def test_get_prints_the_response_on_one_line(server: FakePortOne, run: Run) -> None:
    ran = await run("get", "banks")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    assert {"code": "004", "name": "국민은행"} in ran.json
    assert "국민은행" in ran.out
    assert sent(server) == [("GET", "/banks")]


async def test_path_and_query_are_quoted(server: FakePortOne, run: Run) -> None:
    payments = [server.add(merchant_uid=order, amount=1) for order in ("주문 1?", "B")]
    assert (await run("GET", "/payments/find/주문 1%3F")).code == 0

    uids = [payment.imp_uid for payment in payments]
    query = [part for uid in uids for part in ("--query", f"imp_uid[]={uid}")]
    ran = await run("GET", "/payments?x=a b", *query)

    assert {payment["imp_uid"] for payment in ran.json} == {*uids}
    assert sent(server)[0][1] == "/payments/find/%EC%A3%BC%EB%AC%B8%201%3F"
    assert sent(server)[1][1].startswith("/payments?x=a%20b&imp_uid%5B%5D=imp_")


@pytest.mark.parametrize("source", ["argument", "file", "stdin"])
async def test_body_is_sent_with_every_digit(
    *,
    server: FakePortOne,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: str,
) -> None:
    body = '{"merchant_uid": "A 1", "amount": 0.10000000000000000555, "extra": 1e2}'
    content = b"\xef\xbb\xbf" + body.encode()
    (tmp_path / "body.json").write_bytes(content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    argument = {"argument": body, "file": f"@{tmp_path / 'body.json'}", "stdin": "-"}[source]

    assert (await run(*PREPARE, "--body", argument)).code == 0

    assert server.requests[-1].body == body.encode()


async def test_response_keeps_every_digit(server: FakePortOne, run: Run) -> None:
    digits = '{"amount":1.10,"id":123456789012345678901234567890,"huge":1e400}'
    server.fail(Json({"code": 0, "response": None}), on="/none")
    server.fail(Status(200, f'{{"code": 0, "response": {digits}}}'), on="/banks")
    assert (await run("GET", "/banks")).out == f"{digits}\n"
    assert (await run("GET", "/none")).out == "null\n"


async def test_terminal_gets_indented_json(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = await run("GET", "/banks/004")
    assert ran.out == '{\n  "code": "004",\n  "name": "국민은행"\n}\n'


async def test_control_characters_stay_escaped(server: FakePortOne, run: Run) -> None:
    name = "a\x1b[31m\u202e\x9b한"
    server.fail(Json({"code": 0, "response": {"name": name}}))
    ran = await run("GET", "/banks/004")
    assert ran.out == '{"name":"a\\u001b[31m\\u202e\\u009b한"}\n'


# Repetition


async def test_get_is_repeated(server: FakePortOne, run: Run) -> None:
    server.fail(Status(503), Disconnect())
    assert (await run("GET", "/banks")).code == 0
    assert server.count("/banks") == 3


@pytest.mark.parametrize("fault", [LostAnswer(), Disconnect(), Status(502), HtmlPage(404)])
async def test_post_is_not_repeated_once_it_may_have_been_processed(
    server: FakePortOne, run: Run, fault: Any
) -> None:
    server.fail(fault, on="/payments/prepare")
    ran = await run(*PREPARE, "--body", NEW_ORDER)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("POST /payments/prepare: may have been carried out: ")
    assert server.count("/payments/prepare") == 1


async def test_post_is_repeated_after_an_expired_token(server: FakePortOne, run: Run) -> None:
    server.fail(ExpiredToken(), on="/payments/prepare")
    assert (await run(*PREPARE, "--body", NEW_ORDER)).code == 0
    assert server.count("/payments/prepare") == 2


# Failures


async def test_refused_call_exits_1(run: Run) -> None:
    assert (await run(*PREPARE, "--body", NEW_ORDER)).code == 0
    ran = await run(*PREPARE, "--body", NEW_ORDER)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("POST /payments/prepare: refused (200, code 1: ")


async def test_get_without_an_answer_exits_3(server: FakePortOne, run: Run) -> None:
    server.fail(HtmlPage(404))
    ran = await run("GET", "/banks")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("GET /banks: no reliable answer: UnexpectedResponseError: HTTP 404 ")
    assert "\nhint: Check the spelling of PATH" in ran.err


@pytest.mark.parametrize(("method", "code"), [("GET", 3), ("POST", 2)])
async def test_unreachable_server_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, method: str, code: int
) -> None:
    monkeypatch.setenv("PORTONE_BASE_URL", "http://127.0.0.1:1")
    ran = await run(method, "/banks", "--yes")
    assert (ran.code, ran.out) == (code, "")
    assert "ConnectionFailedError" in ran.err
    assert "(tried 4 times)" in ran.err


@pytest.mark.parametrize("code", [0, 1])
async def test_partial_success_is_printed_and_exits_3(
    server: FakePortOne, run: Run, code: int
) -> None:
    server.fail(Json({"code": code, "response": ["a"]}, status=207))
    ran = await run("POST", "/payments/imp_1/naver/place", "--body", "{}")
    assert (ran.code, ran.json) == (3, ["a"])
    assert ran.err == "HTTP 207: PortOne reports that a part failed; the response says which\n"


@pytest.mark.parametrize(("method", "code"), [("GET", 3), ("POST", 1)])
async def test_too_many_requests_are_no_change(
    server: FakePortOne, run: Run, method: str, code: int
) -> None:
    server.fail(TooManyRequests(retry_after="3600"))
    assert (await run(method, "/banks")).code == code


async def test_message_that_echoes_the_body_is_redacted(server: FakePortOne, run: Run) -> None:
    server.fail(Json({"code": -1, "message": f"bad card {CARD}", "response": None}))
    body = json.dumps({"card_number": CARD, "expiry": "2030-01"})
    ran = await run("POST", "/subscribe/customers/c-1", "--body", body)
    assert ran.code == 1
    assert "bad card" in ran.err


async def test_refused_keys_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "a-wrong-secret")
    ran = await run("GET", "/banks")
    assert (ran.code, ran.out) == (2, "")
    assert "a-wrong-secret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "required: METHOD, PATH"),
        (["FETCH", "/banks"], "invalid choice: 'FETCH'"),
        (["GET", "/banks/../users"], "must not be '..'"),
        (["GET", "https://api.iamport.kr/banks"], "not a whole URL"),
        (["POST", "/users/getToken", "--body", "{}"], "returns a token"),
        (["GET", "/banks", "--query", CARD], "argument --query: must be NAME=VALUE"),
        (["POST", "/a", "--body", f'{{"card_number": "{CARD}"'], "the body is not JSON: "),
        (["POST", "/a", "--body", '{"a": NaN}'], "the body is not JSON: "),
        (["POST", "/a", "--body", ""], "the body is not JSON: "),
        (["POST", "/a", "--body", "[" * 50_000 + "]" * 50_000], "the body is not JSON: "),
        (["POST", "/a", "--body", "@nowhere.json"], "nowhere.json could not be read"),
        (["POST", "/a", "--card", CARD], "unrecognized arguments: --card ***"),
        (["POST", "/a", f"--card={CARD}"], "unrecognized arguments: --card=***"),
        (["POST", "/a", "b", f'{{"n": "{CARD}"}}'], "unrecognized arguments: b ***"),
    ],
)
async def test_wrong_usage_exits_2_without_a_request(
    server: FakePortOne, run: Run, arguments: list[str], expected: str
) -> None:
    ran = await run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err
    assert not server.requests


async def test_unknown_argument_prints_the_usage_of_the_command(run: Run) -> None:
    ran = await run("POST", "/a", "{}")
    assert ran.err.startswith("usage: portone-async call ")
    assert "--body JSON" in ran.err


async def test_closed_stdin_has_no_body(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ran = await run("POST", "/a", "--body", "-")
    assert (ran.code, "stdin is closed" in ran.err) == (2, True)


# The question


@pytest.mark.parametrize("answer", ["y\n", "YES\n", "예\n", " 네 \n"])
async def test_change_on_a_terminal_needs_a_confirmation(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = await run(*PREPARE, "--body", NEW_ORDER)
    assert (ran.code, ran.err) == (0, "Send POST /payments/prepare? [y/N] ")
    assert ran.json["merchant_uid"] == "A-1"
    assert server.count("/payments/prepare") == 1


@pytest.mark.parametrize("answer", ["\n", "n\n", "yesterday\n", ""])
async def test_any_other_answer_sends_nothing(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = await run(*PREPARE, "--body", NEW_ORDER)
    assert (ran.code, ran.out) == (2, "")
    assert not server.requests


@pytest.mark.parametrize("arguments", [("GET", "/banks"), (*PREPARE, "--body", NEW_ORDER, "--yes")])
async def test_get_and_yes_need_no_confirmation(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    ran = await run(*arguments)
    assert (ran.code, ran.err) == (0, "")
