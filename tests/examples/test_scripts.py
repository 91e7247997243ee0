"""The scripts of the examples, run as processes."""

from __future__ import annotations

import pytest

from portone_async.testing import ExpiredToken, FakePortOne, HtmlPage, Json, TooManyRequests
from tests.support.example_apps import BUYER
from tests.support.examples import ran


async def test_look_up_needs_no_account(without_keys: None) -> None:
    status, output, errors = await ran("look_up.py", "ORD-PAID", "ORD-PARTIAL", "ORD-3")

    assert status == 0
    assert output.splitlines() == [
        "ORD-PAID: paid, 15000 KRW, balance 15000",
        "ORD-PARTIAL: cancelled, 20000 KRW, balance 15000",
        "ORD-3: no payment",
    ]
    assert "fake PortOne" in errors


async def test_look_up_uses_the_keys_of_the_environment(server: FakePortOne) -> None:
    server.add(merchant_uid="A/1", amount=700, **BUYER)

    status, output, errors = await ran("look_up.py", "A/1", "..", "ORD-1")

    assert (status, errors) == (0, "")
    assert output.splitlines() == [
        "A/1: paid, 700 KRW, balance 700",
        "..: not known: merchant_uid must not be '..'",
        "ORD-1: no payment",
    ]


async def test_look_up_reports_a_failure_not_a_missing_payment(server: FakePortOne) -> None:
    server.add(merchant_uid="A-1")
    # So long that the client does not wait for it.
    server.fail(TooManyRequests(retry_after="3600"), on="/payments/find/A-2")
    server.fail(HtmlPage(404), on="/payments/find/A-3")

    status, output, _ = await ran("look_up.py", "A-2", "A-3")

    assert status == 0
    limited, wrong = output.splitlines()
    assert limited == "A-2: not known, ask again later (RateLimitedError)"
    assert wrong.startswith("A-3: not known: GET /payments/find/{merchant_uid}")
    assert "no payment" not in output


async def test_look_up_explains_rejected_keys(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "another-planted-secret")

    status, output, errors = await ran("look_up.py", *(f"A-{number}" for number in range(50)))

    assert (status, output) == (1, "")
    assert errors.startswith("ended: POST /users/getToken: 401")
    assert "Traceback" not in errors
    assert "planted" not in errors


async def test_look_up_prints_its_usage() -> None:
    status, _, errors = await ran("look_up.py")

    assert (status, errors) == (1, "usage: look_up.py ORDER...\n")


async def test_custom_endpoint_needs_no_account(without_keys: None) -> None:
    status, output, errors = await ran("custom_endpoint.py", "004", "123-45")

    assert (status, output) == (0, "홍길동\n")
    assert "fake PortOne" in errors


async def test_custom_endpoint_uses_the_keys_of_the_environment(server: FakePortOne) -> None:
    server.fail(ExpiredToken())

    assert await ran("custom_endpoint.py", "004", "123-45") == (0, "홍길동\n", "")
    assert server.count("/vbanks/holder") == 2
    assert server.requests[-1].query == (("bank_code", "004"), ("bank_num", "123-45"))


async def test_custom_endpoint_prints_what_portone_reports(server: FakePortOne) -> None:
    refusal = {"code": -1, "message": "123-45 계좌를 찾을 수 없습니다.", "response": None}
    server.fail(Json(refusal))

    status, output, errors = await ran("custom_endpoint.py", "004", "123-45")

    assert (status, output) == (1, "")
    assert errors.startswith("GET /vbanks/holder (bank_code='004'): 200, code -1: *** 계좌를")
