"""The requests of the doctor: only reads, bounded, and what happens without answers."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import AsyncGenerator
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession

from portone_async.call import Call
from portone_async.doctor import CHECKS, Check, Examination, Result, Verdict, opened, probes_of
from portone_async.doctor.check import agrees
from portone_async.doctor.probes import WAITED
from portone_async.doctor.read_only import MOST_REQUESTS, ReadOnlyClient, RecordingConnector
from portone_async.errors import InvalidRequestError
from portone_async.policy import RetryPolicy
from portone_async.testing import FakePortOne, Hang, Reset, Status
from tests.conftest import AT_ONCE
from tests.security.test_tls import trust
from tests.support import canaries
from tests.support.leaks import leaked
from tests.support.tunnel import KeptAlive, kept_alive, tunnel_proxy

from .account import Edited, check_named, examine, fill, reading


async def test_only_gets_and_token_fetches_are_sent(server: FakePortOne) -> None:
    await fill(server)

    await examine(server)

    sent = {request.method for request in server.requests if request.path != "/users/getToken"}
    assert sent == {"GET"}
    assert server.count("/users/getToken", "POST") == 2


async def test_no_endpoint_is_requested_more_often_than_planned(server: FakePortOne) -> None:
    await fill(server)

    await examine(server)

    planned = Counter[str]()
    for probe in probes_of(CHECKS):
        planned[probe.endpoint] += probe.most + (probe.authorization is not None)
    gets = sum(request.method == "GET" for request in server.requests)
    assert gets <= planned.total()
    assert server.count("/naver/reviews") == planned["GET /naver/reviews"]
    assert server.count("/payments/status/") <= planned["GET /payments/status/{payment_status}"]


async def test_newest_thousand_payments_are_read(server: FakePortOne) -> None:
    await examine(server, check_named("readable"))

    (query,) = [dict(r.query) for r in server.requests if r.path == "/payments/status/all"]
    assert (query["limit"], query["sorting"]) == ("1000", "-started")
    assert int(query["to"]) - int(query["from"]) == 89 * 86400


async def test_full_batches_have_long_request_lines(server: FakePortOne) -> None:
    await examine(server, check_named("batch-size"), check_named("billing-key-batch-size"))

    lines = [len(r.target) for r in server.requests if len(r.query) == 100]
    assert len(lines) == 2
    assert all(7000 < length < 7800 for length in lines)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_client_refuses_to_change_anything(server: FakePortOne, method: str) -> None:
    async with reading(server) as client:
        with pytest.raises(InvalidRequestError, match="only reads"):
            await client.call(Call(method, "/payments/cancel", dict[str, Any], body={}))
        with pytest.raises(InvalidRequestError, match="only reads"):
            await client.with_options(tier="A01").prepared.ensure("a", amount=1)

    assert {request.method for request in server.requests} <= {"GET", "POST"}
    assert server.count("/payments", "POST") == 0


async def test_number_of_requests_is_bounded(server: FakePortOne) -> None:
    async with reading(server) as client:
        for _ in range(MOST_REQUESTS - 1):
            await client.codes.banks()
        with pytest.raises(InvalidRequestError, match="at most"):
            await client.codes.banks()

    assert len(server.requests) == MOST_REQUESTS


async def test_check_that_raises_does_not_stop_the_others(server: FakePortOne) -> None:
    def broken(_: object) -> Result:
        raise ZeroDivisionError("canary")

    checks = (
        Check("broken", "", "", (), broken, judges_failures=True),
        Check("whole", "", "", (), lambda _: agrees(), judges_failures=True),
    )

    results = await examine(server, *checks)

    assert results["broken"].verdict is Verdict.FAILED
    assert results["broken"].facts == {"error": "ZeroDivisionError"}
    assert results["whole"].verdict is Verdict.AGREES


async def test_refused_keys_end_the_requests(server: FakePortOne) -> None:
    async with reading(server) as client:
        server.fail(
            Status(401, '{"code":-1,"message":"인증에 실패하였습니다.","response":null}'),
            times=None,
            on="/users/getToken",
        )
        examination = Examination(client)
        results = {check.id: result async for check, result in examination.results()}

    assert not examination.has_token
    assert len(server.requests) == 1
    assert results["keys"].facts == {"status": 401, "code": -1, "names_the_keys": True}
    assert {results[name].verdict for name in ("keys", "readable", "empty-period")} == {
        Verdict.FAILED
    }
    assert results["ip-allow-list"].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("status", "verdict"), [(403, Verdict.AGREES), (400, Verdict.DIFFERS)])
async def test_refusal_of_an_address_differs_from_that_of_keys(
    server: FakePortOne, status: int, verdict: Verdict
) -> None:
    refusal = Status(status, '{"code":-1,"message":"허용되지 않은 IP입니다.","response":null}')
    server.fail(refusal, times=None, on="/users/getToken")

    results = await examine(server)

    assert results["ip-allow-list"].verdict is verdict
    assert results["keys"].facts["names_the_keys"] is False


async def test_token_whose_calls_are_refused_shows_another_refusal(server: FakePortOne) -> None:
    server.fail(Status(403), times=None, on="/payments")

    results = await examine(server)

    assert results["keys"].verdict is Verdict.AGREES
    assert results["ip-allow-list"].verdict is Verdict.DIFFERS
    assert results["not-found"].verdict is Verdict.FAILED
    assert results["token-header"].verdict is Verdict.FAILED


@pytest.mark.parametrize("status", [401, 403])
async def test_refusal_of_both_tokens_is_not_about_the_token(
    server: FakePortOne, status: int
) -> None:
    server.fail(Status(status), times=None, on="/payments")

    results = await examine(server, check_named("token-refused"))

    assert results["token-refused"].verdict is Verdict.FAILED
    assert results["token-refused"].facts == {"status": status}
    assert "IP allow-list" in results["token-refused"].reason


async def test_latency_differs_when_a_reply_takes_over_ten_seconds(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(monotonic=count(0.0, 10.5).__next__, time=time.time)
    monkeypatch.setattr("portone_async.doctor.read_only.time", clock)

    results = await examine(server, check_named("not-found"), check_named("latency"))

    result = results["latency"]
    assert result.verdict is Verdict.DIFFERS
    assert result.facts["max_ms"] == 10500


async def test_no_connection_is_tried_once(server: FakePortOne) -> None:
    server.fail(Reset(), times=None, on="/users/getToken")

    results = await examine(server, retry=RetryPolicy(attempts=1))

    assert len(server.requests) == 1
    assert {results[name].verdict for name in ("keys", "latency", "readable")} == {Verdict.FAILED}


async def test_calls_end_after_three_without_an_answer(server: FakePortOne) -> None:
    await fill(server)
    server.fail(Reset(), times=None, on="/payments/f")
    server.fail(Reset(), times=None, on="/payments/imp_doctor")

    results = await examine(server, retry=RetryPolicy(attempts=1))

    assert server.count("/") == 1 + 3
    assert results["empty-period"].verdict is Verdict.FAILED
    assert results["keys"].verdict is Verdict.AGREES


# The last minute of a token


async def test_extension_is_checked_in_the_last_minute(server: FakePortOne) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        server.advance(seconds)

    async with reading(server) as client:
        examination = Examination(client, wait_for_extension=True, sleep=sleep)
        results = {check.id: result async for check, result in examination.results()}

    assert len(waits) == 1
    assert 1760 < waits[0] <= 1770
    assert results["token-extension"].verdict is Verdict.AGREES
    assert results["token-reuse"].verdict is Verdict.AGREES


async def test_wait_for_a_token_of_years_ends_after_half_an_hour() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with FakePortOne(token_lifetime=10**9) as server, reading(server) as client:
        checks = check_named("token-extension")
        examination = Examination(client, [checks], wait_for_extension=True, sleep=sleep)
        [_ async for _ in examination.results()]

    assert waits == [1800]


async def test_extension_differs_when_another_token_is_issued() -> None:
    async with FakePortOne(token_lifetime=50) as server:
        edited = Edited(lambda body: body["response"].update(access_token="other"))
        server.fail(edited, times=1, on="/users/getToken")

        results = await examine(server, check_named("token-extension"))

    assert results["token-extension"].verdict is Verdict.DIFFERS
    assert WAITED.name not in results


# TLS and proxies


@pytest.fixture(name="tls")
async def _tls(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[tuple[KeptAlive, ssl.SSLContext]]:
    authority = trustme.CA()
    async with kept_alive(authority) as server:
        for name, value in (
            ("PORTONE_BASE_URL", server.url),
            ("PORTONE_IMP_KEY", canaries.KEY),
            ("PORTONE_IMP_SECRET", canaries.SECRET),
        ):
            monkeypatch.setenv(name, value)
        yield server, trust(authority)


async def connection_results(**options: Any) -> dict[str, Result]:
    checks = [check_named(name) for name in ("keys", "tls", "proxy", "latency")]
    async with opened(rate_limit=None, retry=AT_ONCE, **options) as client:
        return {check.id: result async for check, result in Examination(client, checks).results()}


async def test_tls_version_and_days_of_the_certificate_are_reported(
    tls: tuple[KeptAlive, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_here(monkeypatch, tls[1])

    results = await connection_results()

    assert results["tls"].verdict is Verdict.AGREES
    assert results["tls"].facts["versions"] == ["TLSv1.3"]
    assert results["tls"].facts["certificate_days"] not in (0, None)
    assert results["latency"].facts["connections"] == 1


async def test_untrusted_certificate_fails_the_check(
    tls: tuple[KeptAlive, ssl.SSLContext],
) -> None:
    results = await connection_results()

    assert {results[name].verdict for name in ("keys", "tls")} == {Verdict.FAILED}
    assert "certificate" in results["keys"].reason


async def test_proxy_that_makes_a_tunnel_agrees(
    tls: tuple[KeptAlive, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_here(monkeypatch, tls[1])
    async with tunnel_proxy() as proxy:
        results = await connection_results(proxy=proxy.with_credentials("user:canary-password"))

    assert results["proxy"].verdict is Verdict.AGREES
    assert results["tls"].facts["versions"] == ["TLSv1.3"]


async def test_proxy_that_refuses_fails_the_check(
    tls: tuple[KeptAlive, ssl.SSLContext],
) -> None:
    async with tunnel_proxy() as proxy:
        proxy.wanted = b"user:another"
        results = await connection_results(proxy=proxy.with_credentials("user:canary-password"))

    assert {results[name].verdict for name in ("keys", "proxy")} == {Verdict.FAILED}
    assert "canary" not in str(results)


def trust_here(monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext) -> None:
    """Let the connections of the doctor trust the authority of a test."""
    connector = partial(RecordingConnector, ssl=context)
    monkeypatch.setattr("portone_async.doctor.read_only.RecordingConnector", connector)


async def test_client_that_cannot_be_made_shows_no_password_of_a_proxy() -> None:
    password = "canary-password-of-a-proxy"
    with pytest.raises(InvalidRequestError, match="tier") as caught:
        async with opened(
            partial(ReadOnlyClient, "key", "secret"),
            proxy=f"http://user:{password}@p.example:1",
            tier="",
        ):
            pass

    assert leaked({password}, caught.value) == set()


async def test_proxy_of_the_environment_that_is_not_used_is_mentioned(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://canary.example:3128")

    results = await examine(server, check_named("keys"), check_named("proxy"))

    assert results["proxy"].verdict is Verdict.UNKNOWN
    assert "HTTPS_PROXY is set" in results["proxy"].reason


async def test_session_that_is_passed_is_used(
    tls: tuple[KeptAlive, ssl.SSLContext],
) -> None:
    async with ClientSession() as session:
        results = await connection_results(session=session)

    assert results["keys"].verdict is Verdict.FAILED


async def test_cancelled_examination_sends_nothing_more(server: FakePortOne) -> None:
    server.fail(Hang(), times=None, on="/payments/findAll")
    async with reading(server) as client:
        results = Examination(client).results()
        seen = [await anext(results) for _ in range(3)]
        await results.aclose()

    assert len(seen) == 3
    assert server.count("/payments") == 1
