"""Requests go through aiohttp's session where it does more than the direct way can."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from types import FunctionType
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector, TraceConfig
from aioresponses import aioresponses

from portone_async import PortOneClient
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.security.test_tls import trust
from tests.support.forced_way import Way, counted
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import UID, token_reply
from tests.support.tunnel import KeptAlive, kept_alive, tunnel_proxy


@pytest.fixture(name="exchanges")
def _exchanges() -> Generator[Counter[Way]]:
    with counted() as exchanges:
        yield exchanges


@pytest.fixture(name="server")
async def _server() -> AsyncGenerator[FakePortOne]:
    async with FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


async def test_client_without_more_exchanges_directly(
    server: FakePortOne, exchanges: Counter[Way]
) -> None:
    async with server.client() as client:
        await client.payments.find(UID)
    assert exchanges == Counter(direct=2)


async def test_passed_session_exchanges_directly(
    server: FakePortOne, exchanges: Counter[Way]
) -> None:
    # Its middlewares and traces are not used on either way.
    async with (
        ClientSession(trace_configs=[TraceConfig()], middlewares=(_refuse,)) as session,
        server.client(session=session) as client,
    ):
        await client.payments.find(UID)
    assert exchanges == Counter(direct=2)


async def _refuse(*_: Any) -> Any:
    raise AssertionError("a middleware of the passed session ran")


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="tls")
async def _tls(authority: trustme.CA) -> AsyncGenerator[KeptAlive]:
    async with kept_alive(authority) as tls:
        yield tls


async def test_request_over_a_proxy_goes_through_the_session(
    tls: KeptAlive, authority: trustme.CA, exchanges: Counter[Way]
) -> None:
    async with (
        tunnel_proxy() as proxy,
        ClientSession(connector=TCPConnector(ssl=trust(authority))) as session,
        PortOneClient("k", "s", base_url=tls.url, session=session, proxy=proxy.url) as client,
    ):
        assert (await client.payments.find(UID)).is_paid
        assert proxy.heads
    assert exchanges == Counter(session=2)


async def test_proxy_of_a_passed_session_goes_through_the_session(
    tls: KeptAlive, authority: trustme.CA, exchanges: Counter[Way]
) -> None:
    connector = TCPConnector(ssl=trust(authority))
    async with (
        tunnel_proxy() as proxy,
        ClientSession(connector=connector, proxy=proxy.url) as session,
        PortOneClient("k", "s", base_url=tls.url, session=session) as client,
    ):
        assert (await client.payments.find(UID)).is_paid
        assert proxy.heads
    assert exchanges == Counter(session=2)


def _trace(urls: list[str]) -> Any:
    async def started(_: object, __: object, parameters: Any) -> None:
        urls.append(parameters.url.path)

    trace = TraceConfig()
    trace.on_request_start.append(started)
    return [trace]


def _middleware(urls: list[str]) -> Any:
    async def record(request: Any, handler: Any) -> Any:
        urls.append(request.url.path)
        return await handler(request)

    return (record,)


@pytest.mark.parametrize(
    ("option", "make"), [("trace_configs", _trace), ("middlewares", _middleware)]
)
async def test_monitoring_of_every_new_session_sees_the_requests(
    server: FakePortOne,
    exchanges: Counter[Way],
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    make: Callable[[list[str]], Any],
) -> None:
    urls: list[str] = []
    init: Any = ClientSession.__init__

    def patched(self: ClientSession, *args: Any, **options: Any) -> None:
        init(self, *args, **options, **{option: make(urls)})

    monkeypatch.setattr(ClientSession, "__init__", patched)
    async with server.client() as client:
        await client.payments.find(UID)
    assert urls == ["/users/getToken", f"/payments/find/{UID}"]
    assert exchanges == Counter(session=2)


class ObjectProxy:
    """Wraps a function as wrapt does: its class, attributes and equality are the function's."""

    def __init__(self, wrapped: Any, seen: list[str]) -> None:
        self.__wrapped__ = wrapped
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    @property  # type: ignore[misc]  # as wrapt has it
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # the same
        return FunctionType

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        return functools.partial(self, instance)

    def __call__(self, *args: Any, **options: Any) -> Any:
        self._seen.append(f"{args[1]} {args[2]}".split("://")[0])
        return self.__wrapped__(*args, **options)


def _plain_wrapper(wrapped: Any, seen: list[str]) -> Any:
    @functools.wraps(wrapped)
    async def wrapper(self: ClientSession, method: str, url: Any, **options: Any) -> Any:
        seen.append(f"{method} {url}".split("://")[0])
        return await wrapped(self, method, url, **options)

    return wrapper


Wrapper = Callable[[Any, list[str]], Any]
WRAPPERS: list[Wrapper] = [_plain_wrapper, ObjectProxy]


@pytest.mark.parametrize("wrap", WRAPPERS)
async def test_wrapped_method_sees_requests_of_a_new_client(
    server: FakePortOne,
    exchanges: Counter[Way],
    monkeypatch: pytest.MonkeyPatch,
    wrap: Wrapper,
) -> None:
    seen: list[str] = []
    original: Any = ClientSession._request
    monkeypatch.setattr(ClientSession, "_request", wrap(original, seen))
    async with server.client() as client:
        await client.payments.find(UID)
    assert seen == ["POST http", "GET http"]
    assert exchanges == Counter(session=2)


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("name", ["request", "_request"])
async def test_method_wrapped_later_sees_the_next_requests(
    server: FakePortOne,
    exchanges: Counter[Way],
    monkeypatch: pytest.MonkeyPatch,
    wrap: Wrapper,
    name: str,
) -> None:
    seen: list[str] = []
    original: Any = getattr(ClientSession, name)
    async with server.client() as client:
        await client.payments.find(UID)
        assert exchanges == Counter(direct=2)
        monkeypatch.setattr(ClientSession, name, wrap(original, seen))
        await client.payments.find(UID)
        assert seen == ["GET http"]
        assert exchanges == Counter(direct=2, session=1)
        monkeypatch.undo()
        await client.payments.find(UID)
    assert seen == ["GET http"]
    assert exchanges == Counter(direct=3, session=1)


async def test_mocks_begun_after_the_client_connected_are_used(server: FakePortOne) -> None:
    async with server.client(retry=AT_ONCE) as client:
        assert (await client.payments.find(UID)).amount != 15000
        with aioresponses() as mocks:
            mocks.get(f"{server.url}/payments/find/{UID}", exception=OSError("mocked"), repeat=True)  # pyright: ignore[reportUnknownMemberType]  # its type has holes
            with pytest.raises(Exception, match="broke"):
                await client.payments.find(UID)
        assert (await client.payments.find(UID)).is_paid
    assert server.count("/payments") == 2


async def test_client_made_inside_mocks_is_mocked(mocks: Any, exchanges: Counter[Way]) -> None:
    url = "https://api.iamport.kr"
    mocks.post(f"{url}/users/getToken", body=token_reply().body)
    mocks.get(f"{url}/payments/find/{UID}", body=ok(CARD_PAID))
    async with PortOneClient("k", "s") as client:
        assert (await client.payments.find(UID)).amount == 15000
    assert exchanges == Counter(session=2)
