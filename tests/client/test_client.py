"""Look-ups end to end, over real HTTP against the fake."""

from __future__ import annotations

import asyncio
import gc
import itertools
import pickle
import re
import warnings
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from portone_async import (
    ApiError,
    Attempt,
    Call,
    ClientClosedError,
    InvalidRequestError,
    Payment,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    RateLimit,
    RetryPolicy,
    Sorting,
    Timeouts,
    TokenBucket,
    UnexpectedResponseError,
    WrongLoopError,
)
from portone_async.testing import FakePortOne, Json, Status
from tests.conftest import AT_ONCE
from tests.support import strategies
from tests.support.samples import CARD_PAID
from tests.support.scripted import PAID, UID, reply, scripted_client
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways


async def test_payment_is_found_by_its_order_number(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.add(merchant_uid="order-1", amount=Decimal("10.05"), currency="USD")
    payment = await client.payments.find("order-1")

    assert payment == added
    assert payment.amount == Decimal("10.05")
    assert payment.raw["imp_uid"] == added.imp_uid


@pytest.mark.parametrize("status", ["paid", PaymentStatus.PAID])
@pytest.mark.parametrize("sorting", ["-paid", Sorting.PAID_DESC])
async def test_status_and_sorting_are_sent_in_the_words_of_the_api(
    server: FakePortOne, client: PortOneClient, status: Any, sorting: Any
) -> None:
    server.add(merchant_uid="order-1")
    await client.payments.find("order-1", status=status, sorting=sorting)

    assert server.requests[-1].target == "/payments/find/order-1/paid?sorting=-paid"


async def test_defaults_are_not_sent(server: FakePortOne, client: PortOneClient) -> None:
    payment = server.add(merchant_uid="order-1")
    await client.payments.find("order-1")
    await client.payments.get(payment.imp_uid)

    assert server.requests[-2].target == "/payments/find/order-1"
    assert server.requests[-1].target == f"/payments/{payment.imp_uid}"


@pytest.mark.parametrize("merchant_uid", ["order-1", "a/b"])
@pytest.mark.parametrize("sorting", [None, *Sorting])
@pytest.mark.parametrize("status", [None, "ready", "paid", "failed"])
async def test_find_returns_the_first_payment_by_sorting(
    server: FakePortOne,
    client: PortOneClient,
    merchant_uid: str,
    sorting: Sorting | None,
    status: str | None,
) -> None:
    states = ("paid", "ready", "failed", "paid", "ready", "failed")
    times = (30, 10, 60, 20, 50, 40)
    for number, (state, at) in enumerate(zip(states, times, strict=True)):
        started = server.now - 10_000 + 100 * at
        paid = started + 5000 - 2 * 100 * at if state == "paid" else 0
        server.add(
            merchant_uid=merchant_uid,
            status=state,
            imp_uid=f"imp_{number}",
            started_at=int(started),
            paid_at=int(paid),
            failed_at=int(started) if state == "failed" else 0,
        )
    payment = await client.payments.find(merchant_uid, status=status, sorting=sorting)

    order = sorting or Sorting.STARTED_DESC
    payments = [await client.payments.get(f"imp_{number}") for number in range(6)]

    def key(payment: Payment) -> float:
        chosen = {"started": [payment.started_at], "paid": [payment.paid_at]}.get(
            order.strip("-"), [payment.started_at, payment.paid_at, payment.failed_at]
        )
        return max((time.timestamp() for time in chosen if time), default=0)

    if order.strip("-") == "updated" and merchant_uid == "order-1":
        return  # The fake, as PortOne, knows when a payment was changed last; the fields do not.
    candidates = [payment for payment in payments if status in (None, payment.status)]
    best = (max if order.startswith("-") else min)(map(key, candidates))
    assert key(payment) == best
    assert status in (None, payment.status)


async def test_only_a_missing_payment_raises_payment_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    for uid in ("nope", "no/pe"):
        with pytest.raises(PaymentNotFoundError) as caught:
            await client.payments.find(uid)
        error = caught.value
        assert (error.status, error.code, error.message) == (
            404,
            -1,
            "존재하지 않는 결제정보입니다.",
        )
        assert uid in str(error)
        for cause in ("another shop's key pair", "V2 channel"):
            assert cause in str(error)
    with pytest.raises(PaymentNotFoundError):
        await client.payments.get("imp_0")


async def test_wrong_base_url_is_not_a_missing_payment(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with PortOneClient(
        server.imp_key, server.imp_secret, base_url=server.url + "/v2"
    ) as client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")
    assert not isinstance(caught.value, PaymentNotFoundError)


async def test_base_url_may_have_a_path(server: FakePortOne) -> None:
    async with PortOneClient("k", "s", base_url=server.url + "/proxy/", retry=AT_ONCE) as client:
        with pytest.raises(PortOneError):
            await client.payments.find("order-1")
    assert server.requests[0].target == "/proxy/users/getToken"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(merchant_uid=strategies.order_numbers)
def test_any_order_number_arrives_unchanged(merchant_uid: str) -> None:
    _runner.run(_round_trip(merchant_uid))


_runner: Any = None


@pytest.fixture(autouse=True, scope="module")
def _one_loop_for_all_examples() -> Any:
    global _runner  # noqa: PLW0603 (hypothesis calls a plain function, and loops are dear)
    with asyncio.Runner() as runner:
        _runner = runner
        yield
        _runner = None


async def _round_trip(merchant_uid: str) -> None:
    async with FakePortOne() as server, server.client(rate_limit=None) as client:
        server.add(merchant_uid=merchant_uid)
        server.add(merchant_uid="another")
        for status in (None, "paid"):
            assert (
                await client.payments.find(merchant_uid, status=status)
            ).merchant_uid == merchant_uid
        received = server.requests[-1]
        arrived = dict(received.query).get("merchant_uid[]") or received.path_segments[2]
        assert arrived == merchant_uid


@pytest.mark.parametrize(
    "merchant_uid",
    [
        "a b",
        " a",
        "주문 1",
        "a/b",
        "/",
        "a\\b",
        "100%",
        "%2F",
        "..%2f",
        "a#b",
        "a?b=c",
        "a+b",
        "a&b",
        "../imp_1",
        "a/../b",
        "...",
        "é",
        "e\u0301",
        "'",
        '"',
        "{merchant_uid}",
        "x" * 200,
        "🍚",
    ],
)
async def test_odd_order_numbers_arrive_unchanged(merchant_uid: str) -> None:
    await _round_trip(merchant_uid)


@one_way
@pytest.mark.parametrize("merchant_uid", ["", ".", "..", "a\nb", "\x00", "\x7f", "\ud800", None, 5])
async def test_impossible_order_number_is_rejected_before_sending(
    server: FakePortOne, client: PortOneClient, merchant_uid: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="merchant_uid"):
        await client.payments.find(merchant_uid)
    with pytest.raises(InvalidRequestError, match="imp_uid"):
        await client.payments.get(merchant_uid)
    assert not server.requests


@one_way
@pytest.mark.parametrize("sorting", ["newest", "", "-", "PAID", "paid ", 5])
async def test_unknown_sorting_is_rejected_before_sending(
    server: FakePortOne, client: PortOneClient, sorting: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="sorting"):
        await client.payments.find("order-1", sorting=sorting)
    assert not server.requests


@one_way
@pytest.mark.parametrize("status", ["", "paid/x", "..", "a b", "결제", "paid?x", 5])
async def test_invalid_status_is_rejected_before_sending(
    server: FakePortOne, client: PortOneClient, status: Any
) -> None:
    for uid in ("order-1", "a/b"):
        with pytest.raises(InvalidRequestError, match="status"):
            await client.payments.find(uid, status=status)
    assert not server.requests


async def test_unknown_status_is_sent(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1", status="on_hold")

    assert (await client.payments.find("order-1", status="on_hold")).status == "on_hold"
    assert server.requests[-1].target == "/payments/find/order-1/on_hold"


@pytest.mark.parametrize(
    "change", [{"merchant_uid": "order-2"}, {"merchant_uid": "ORDER-1"}, {"status": "ready"}]
)
async def test_another_payment_is_never_returned(
    server: FakePortOne, client: PortOneClient, change: dict[str, str]
) -> None:
    other = CARD_PAID | {"merchant_uid": "order-1"} | change
    server.fail(Json({"code": 0, "message": None, "response": other}))
    with pytest.raises(UnexpectedResponseError, match=next(iter(change))) as caught:
        await client.payments.find("order-1", status="paid")

    assert server.count("/payments") == 1
    assert "order-2" not in str(caught.value)


async def test_get_checks_the_identifier_of_the_payment(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": CARD_PAID}))
    with pytest.raises(UnexpectedResponseError, match="imp_uid"):
        await client.payments.get("imp_1")


@pytest.mark.parametrize(
    ("listed", "status", "message"),
    [
        ([], None, "empty list"),
        ([CARD_PAID | {"merchant_uid": "other"}], None, "another merchant_uid"),
        ([CARD_PAID | {"merchant_uid": "a/b", "status": "ready"}], "paid", "not be complete"),
    ],
)
async def test_empty_list_is_not_a_missing_payment(
    server: FakePortOne, client: PortOneClient, listed: list[Any], status: str | None, message: str
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": listed}))
    with pytest.raises(UnexpectedResponseError, match=message):
        await client.payments.find("a/b", status=status)


async def test_order_number_with_a_slash_is_sent_in_the_query(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="a/b")
    await client.payments.find("a/b")

    assert server.requests[-1].target == "/payments?merchant_uid%5B%5D=a%2Fb"


async def test_raw_of_a_listed_payment_is_its_own(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="a/b", amount=1, new_field="first")
    server.advance(5)
    server.add(merchant_uid="a/b", amount=2, new_field="second")
    payment = await client.payments.find("a/b", sorting="started")

    assert payment.raw["new_field"] == "first"
    assert pickle.loads(pickle.dumps(payment)).raw == payment.raw
    assert b"second" not in pickle.dumps(payment)


async def test_sandbox_payments_are_found_by_order_number_only(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = server.add(merchant_uid="order-1", sandbox=True)

    with pytest.raises(PaymentNotFoundError, match="include_sandbox"):
        await client.payments.get(payment.imp_uid)
    assert (await client.payments.get(payment.imp_uid, include_sandbox=True)).sandbox
    assert (await client.payments.find("order-1")).sandbox


async def test_extension_is_returned_on_request(server: FakePortOne, client: PortOneClient) -> None:
    payment = server.add(merchant_uid="order-1", extension={"REMITTER": "x"})

    assert (await client.payments.get(payment.imp_uid)).extension is None
    assert (await client.payments.get(payment.imp_uid, extension=True)).extension == {
        "REMITTER": "x"
    }


class Card(msgspec.Struct):
    code: str
    name: str


async def test_endpoint_without_a_method_can_be_called(
    server: FakePortOne, client: PortOneClient
) -> None:
    card = await client.call(
        Call("GET", "/cards/{card_standard_code}", Card, path={"card_standard_code": "361"})
    )
    assert card == Card("361", "BC카드")

    with pytest.raises(ApiError) as caught:
        await client.call(Call("GET", "/cards/{code}", Card, path={"code": "999"}))
    assert type(caught.value) is ApiError
    assert caught.value.status == 404


async def test_body_is_sent_as_json_and_a_code_in_a_200_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    call = Call(
        "POST", "/payments/prepare", dict[str, Any], body={"merchant_uid": "o", "amount": 5}
    )
    assert (await client.call(call))["amount"] == 5

    with pytest.raises(ApiError, match="이미 등록된") as caught:
        await client.call(call)
    assert (caught.value.status, caught.value.code) == (200, 1)
    assert server.count("/payments/prepare", "POST") == 2


@one_way
async def test_undecodable_response_type_is_rejected_before_sending(
    server: FakePortOne, client: PortOneClient
) -> None:
    two_objects: Any = Payment | Card
    with pytest.raises(InvalidRequestError, match="response"):
        await client.call(Call("GET", "/cards", two_objects))
    assert not server.requests


@one_way
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"imp_key": ""}, "imp_key"),
        ({"imp_secret": ""}, "imp_secret"),
        ({"imp_key": None}, "imp_key"),
        ({"base_url": "http://api.iamport.kr"}, "https"),
        ({"base_url": "http://127.0.0.1.evil.example"}, "https"),
        ({"base_url": "http://localhost.evil.example"}, "https"),
        ({"base_url": "http://10.0.0.1"}, "https"),
        ({"base_url": "ftp://api.iamport.kr"}, "must be like"),
        ({"base_url": "api.iamport.kr"}, "must be like"),
        ({"base_url": "https://"}, "must be like"),
        ({"base_url": "https://user:pw@api.iamport.kr"}, "credentials"),
        ({"base_url": "https://api.iamport.kr/?a=b"}, "query"),
        ({"base_url": "https://api.iamport.kr/#x"}, "fragment"),
        ({"base_url": "https://api.iamport.kr/a b"}, "ASCII"),
        ({"base_url": "https://[bad"}, "URL"),
        ({"base_url": "https://a..example"}, "URL"),
        ({"base_url": f"https://{'a' * 64}.example"}, "URL"),
        ({"base_url": "https://xn--a.example"}, "URL"),
        ({"base_url": None}, "base_url"),
        ({"tier": "a b"}, "tier"),
        ({"tier": "A\r\nX: 1"}, "tier"),
        ({"tier": ""}, "tier"),
        ({"retry": None}, "retry"),
        ({"timeouts": 5}, "timeouts"),
        ({"rate_limit": 5}, "rate_limit"),
        ({"session": "https"}, "session"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"max_in_flight": 1.5}, "max_in_flight"),
        ({"on_attempt": 5}, "on_attempt"),
    ],
    ids=str,
)
def test_invalid_argument_of_the_constructor_is_rejected(
    options: dict[str, Any], message: str
) -> None:
    arguments: dict[str, Any] = {"imp_key": "k", "imp_secret": "s"} | options

    with pytest.raises(InvalidRequestError, match=message) as caught:
        PortOneClient(**arguments)
    assert "pw" not in str(caught.value)


@one_way
@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "127.9.9.9", "[::1]:1"])
def test_plain_http_is_accepted_for_loopback_only(host: str) -> None:
    PortOneClient("k", "s", base_url=f"http://{host}")


@one_way
@pytest.mark.parametrize(
    "host", ["xn--9n2bp8q.com", "API.iamport.kr", "gw.example:8443/a%20b", "1.2.3.4"]
)
def test_host_on_which_two_parsers_agree_is_accepted(host: str) -> None:
    assert (
        repr(PortOneClient("k", "s", base_url=f"https://{host}/"))
        == f"<PortOneClient https://{host}>"
    )


@one_way
def test_from_env_reads_all_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTONE_IMP_KEY", "k-1")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "s-1")
    monkeypatch.setenv("PORTONE_BASE_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("PORTONE_TIER", "A01")
    client = PortOneClient.from_env()

    assert client._state.keys == ("k-1", "s-1")
    assert client._state.base_url == "http://127.0.0.1:1"
    assert client._options.tier == "A01"
    other = PortOneClient.from_env(base_url="https://x.example", tier=None, max_in_flight=2)
    assert other._state.base_url == "https://x.example"
    assert other._options.tier is None


@one_way
def test_from_env_requires_only_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "TIER"):
        monkeypatch.delenv(f"PORTONE_{name}", raising=False)
    monkeypatch.setenv("PORTONE_IMP_KEY", "k-1")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "s-1")

    assert PortOneClient.from_env()._state.base_url == "https://api.iamport.kr"


@one_way
@pytest.mark.parametrize("name", ["PORTONE_IMP_KEY", "PORTONE_IMP_SECRET"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    monkeypatch.setenv("PORTONE_IMP_KEY", "k-1")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "s-1")
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    with pytest.raises(InvalidRequestError, match=name):
        PortOneClient.from_env()


def test_client_can_be_created_outside_of_a_loop() -> None:
    with asyncio.Runner() as runner:
        server = runner.run(FakePortOne().__aenter__())
        server.add(merchant_uid="order-1")
        client = server.client()

        async def use() -> None:
            async with client:
                assert (await client.payments.find("order-1")).is_paid
            await server.__aexit__(None, None, None)

        runner.run(use())


def test_use_in_a_second_loop_raises_wrong_loop_error(caplog: pytest.LogCaptureFixture) -> None:
    client = PortOneClient("k", "s", base_url="http://127.0.0.1:1", retry=RetryPolicy(attempts=1))

    async def use() -> None:
        with pytest.raises(PortOneError, match="no connection"):
            await client.payments.find("order-1")

    asyncio.run(use())

    async def use_again() -> None:
        with pytest.raises(WrongLoopError, match="another event loop"):
            await client.payments.find("order-1")
        with pytest.raises(WrongLoopError, match="another event loop"):
            async with client:
                pass
        await client.close()

    asyncio.run(use_again())


def test_client_of_a_closed_loop_closes_without_a_warning() -> None:
    with asyncio.Runner() as first:
        server = first.run(FakePortOne().__aenter__())
        server.add(merchant_uid="order-1")
        client = server.client()
        first.run(client.payments.find("order-1"))

        async def close_elsewhere() -> None:
            with pytest.raises(WrongLoopError, match="event loop"):
                await client.close()

        with asyncio.Runner() as second:
            second.run(close_elsewhere())
        first.run(client.payments.find("order-1"))
        first.run(server.__aexit__(None, None, None))
    asyncio.run(client.close())
    asyncio.run(client.close())
    assert "closed" in repr(client)


@one_way
async def test_use_after_close_raises_client_closed_error(server: FakePortOne) -> None:
    client = server.client()
    view = client.with_options(timeouts=Timeouts(1))
    async with client:
        pass
    await client.close()
    for closed in (client, view):
        with pytest.raises(ClientClosedError):
            await closed.payments.find("order-1")
        with pytest.raises(ClientClosedError):
            async with closed:
                pass
    assert not server.requests
    assert "closed" in repr(client)


@one_way
async def test_unused_client_can_be_closed() -> None:
    await PortOneClient("k", "s").close()


async def test_client_that_is_dropped_unclosed_warns(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    client = server.client()
    await client.payments.find("order-1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
        await asyncio.sleep(0)

    dropped = [
        warning
        for warning in caught
        if "PortOneClient was dropped unclosed" in str(warning.message)
    ]
    assert len(dropped) == 1
    assert issubclass(dropped[0].category, ResourceWarning)


async def test_unused_or_closed_client_is_dropped_without_a_warning(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unused = server.client()
        async with server.client() as used:
            await used.payments.find("order-1")
        view = used.with_options(tier="A01")
        del unused, used, view
        gc.collect()


async def test_view_shares_token_connections_and_throttle(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    server.add(merchant_uid="order-1", tier="A01")
    async with server.client() as client:
        await client.payments.find("order-1")
        view = client.with_options(retry=AT_ONCE, timeouts=Timeouts(1), tier="A01")
        await view.payments.find("order-1")
        assert view._state is client._state
        assert view._options.throttle is client._options.throttle
        async with view:
            pass
        await client.payments.find("order-1")  # Closing a view closes nothing.

    assert server.count("/users/getToken") == 1
    assert [request.headers.get("tier") for request in server.requests] == [None, None, "A01", None]


@one_way
def test_view_changes_only_the_given_options() -> None:
    client = PortOneClient("k", "s", tier="A01", retry=AT_ONCE, timeouts=Timeouts(7))
    view = client.with_options(tier=None, rate_limit=RateLimit(1, 1))

    assert view._options.tier is None
    assert view._options.retry == AT_ONCE
    assert view._options.timeouts == Timeouts(7)
    assert view._options.throttle is not client._options.throttle
    unlimited = client.with_options(rate_limit=None)
    assert unlimited._options.throttle_queue is client._state.unthrottled
    assert client._options.tier == "A01"
    with pytest.raises(InvalidRequestError):
        client.with_options(tier="a b")


@one_way
@pytest.mark.parametrize(
    "options",
    [{"retry": 3}, {"timeouts": 5.0}, {"on_attempt": "log"}, {"rate_limit": 10}, {"retry": None}],
    ids=str,
)
def test_view_rejects_what_the_client_rejects(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(InvalidRequestError, match=name):
        PortOneClient("k", "s", **options)
    with pytest.raises(InvalidRequestError, match=name):
        PortOneClient("k", "s").with_options(**options)


@one_way
async def test_view_replaces_on_attempt() -> None:
    clients: list[Attempt] = []
    views: list[Attempt] = []
    client, _ = scripted_client(on_attempt=clients.append, rate_limit=None)
    await client.with_options(on_attempt=views.append).payments.find(UID)
    await client.with_options(on_attempt=None).payments.find(UID)
    await client.with_options(tier="A01").payments.find(UID)

    assert [attempt.method for attempt in clients] == ["POST", "GET"]  # The token is the client's.
    assert [attempt.method for attempt in views] == ["GET"]


@one_way
async def test_invalid_call_is_named_in_its_error() -> None:
    client, transport = scripted_client()
    with pytest.raises(InvalidRequestError) as caught:
        await client.call(Call("GET", "/x/{y}", dict[str, Any], path={"y": ".."}))

    assert caught.value.endpoint == "GET /x/{y}"
    assert not transport.sent


async def test_one_bucket_is_one_limit_for_several_clients(server: FakePortOne) -> None:
    bucket = TokenBucket(RateLimit(20, 1))
    server.add(merchant_uid="order-1")
    async with (
        server.client(rate_limit=bucket) as first,
        server.client(rate_limit=bucket) as second,
    ):
        await asyncio.gather(*[client.payments.find("order-1") for client in (first, second) * 5])
    times = [request.at for request in server.requests]

    assert len(times) == 12
    assert times[-1] - times[0] >= 10 / 20


async def test_custom_throttle_counts_every_request(server: FakePortOne) -> None:
    class Counting:
        def __init__(self) -> None:
            self.acquired = 0
            self.paused: list[float] = []

        async def acquire(self, *, priority: bool = False) -> None:
            self.acquired += 1

        async def pause(self, seconds: float) -> None:
            self.paused.append(seconds)

        async def close(self) -> None: ...

    throttle = Counting()
    server.add(merchant_uid="order-1")
    server.fail(
        Status(503, headers={"Retry-After": "0"}), Status(429, headers={"Retry-After": "1"})
    )
    async with server.client(rate_limit=throttle, retry=RetryPolicy(attempts=2)) as client:
        with pytest.raises(PortOneError):
            await client.payments.find("order-1")

    assert throttle.acquired == len(server.requests) == 3
    assert throttle.paused == [1.0]


@one_way
async def test_token_fetch_has_priority_in_a_throttle() -> None:
    class Recording:
        def __init__(self) -> None:
            self.priorities: list[bool] = []

        async def acquire(self, *, priority: bool = False) -> None:
            self.priorities.append(priority)

        async def pause(self, seconds: float) -> None: ...

        async def close(self) -> None: ...

    throttle = Recording()
    client, _ = scripted_client(rate_limit=throttle)
    await client.payments.find(UID)

    assert throttle.priorities == [True, False]


@one_way
async def test_subclass_of_token_bucket_counts_every_request() -> None:
    class Counting(TokenBucket):
        acquired = 0

        async def acquire(self, *, priority: bool = False) -> None:
            await super().acquire(priority=priority)
            self.acquired += 1

    throttle = Counting(RateLimit())
    client, transport = scripted_client(rate_limit=throttle)
    for _ in range(3):
        await client.payments.find(UID)

    assert throttle.acquired == len(transport.sent) == 4


@one_way
@pytest.mark.parametrize("rate_limit", [RateLimit(), None])
async def test_call_without_a_wait_sets_no_timeout(
    monkeypatch: pytest.MonkeyPatch, rate_limit: RateLimit | None
) -> None:
    client, transport = scripted_client(rate_limit=rate_limit)
    await client.payments.find(UID)
    with monkeypatch.context() as patch:
        patch.delattr(asyncio, "timeout")
        await client.payments.find(UID)

    assert len(transport.times()) == 2


@one_way
@virtual_time
async def test_requests_with_retries_keep_the_rate() -> None:
    client, transport = scripted_client(
        lambda number: reply(503) if number <= 30 else PAID,
        rate_limit=RateLimit(100, 3),
        retry=RetryPolicy(attempts=40, backoff_initial=0),
    )
    await asyncio.gather(*[client.payments.find(UID) for _ in range(60)])
    times = [time for time, _, _ in transport.sent]

    assert len(times) == 91
    for first, last in itertools.combinations(range(len(times)), 2):
        assert last - first + 1 <= 100 * (times[last] - times[first]) + 3 + 1e-6


@one_way
async def test_client_closes_only_the_throttle_that_it_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[TokenBucket] = []

    async def close(self: TokenBucket) -> None:
        closed.append(self)

    monkeypatch.setattr(TokenBucket, "close", close)
    shared = TokenBucket(RateLimit(20, 1))
    for rate_limit in (RateLimit(10, 1), shared):
        async with scripted_client(rate_limit=rate_limit)[0] as client:
            await client.with_options(rate_limit=RateLimit(5, 1)).close()

    assert [bucket.rate_limit for bucket in closed] == [RateLimit(10, 1)]


@one_way
async def test_at_most_32_requests_are_in_flight_by_default() -> None:
    client, transport = scripted_client(lambda _: (0.01, PAID), rate_limit=None)
    await asyncio.gather(*[client.payments.find(UID) for _ in range(100)])

    assert transport.most_in_flight == 32


@one_way
@pytest.mark.parametrize("max_in_flight", [1, 3])
async def test_max_in_flight_bounds_the_requests_in_flight(max_in_flight: int) -> None:
    client, transport = scripted_client(
        lambda _: (0.01, PAID), max_in_flight=max_in_flight, rate_limit=None
    )
    await asyncio.gather(*[client.payments.find(UID) for _ in range(20)])

    assert transport.most_in_flight == max_in_flight


async def test_user_agent_names_the_package(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1")
    await client.payments.find("order-1")

    assert re.match(r"portone-async/\d", server.requests[-1].headers["user-agent"])
    assert server.requests[-1].headers["accept"] == "application/json"
