"""The blocking client: calls, threads, contexts, interruptions, errors."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from decimal import Decimal
from functools import partial
from itertools import count
from types import FrameType, ModuleType
from typing import Any, Self

import pytest

from portone_async import (
    ClientClosedError,
    InvalidRequestError,
    OutcomeUnknownError,
    Payment,
    PaymentNotFoundError,
    RateLimit,
    TokenBucket,
    WrongLoopError,
)
from portone_async import PortOneClient as AsyncClient
from portone_async.blocking import PortOneClient
from portone_async.blocking.reconcile import reconcile
from portone_async.blocking.webhook import verify_webhook
from portone_async.instrumentation import CallInfo
from portone_async.reconcile import ConfirmationPlan, Finding, Order, Verdict
from portone_async.testing import FakePortOne
from portone_async.webhook import parse_webhook
from tests.blocking.conftest import OnRequest, loops
from tests.support.canaries import assert_clean, canary_server
from tests.support.environment import set_environment
from tests.support.scripted import UID

THREADS = 8


def new_client(server: FakePortOne, **options: Any) -> PortOneClient:
    options.setdefault("base_url", server.url)
    return PortOneClient(server.imp_key, server.imp_secret, **options)


# Calls


def test_client_of_the_environment_finds_a_payment(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, server)
    with PortOneClient.from_env(max_in_flight=1) as client:
        assert type(client) is PortOneClient
        assert client.payments.find(UID, status="paid").merchant_uid == UID


def test_view_shares_the_token_and_closes_nothing(
    client: PortOneClient, server: FakePortOne
) -> None:
    client.payments.find(UID)
    with client.with_options(rate_limit=RateLimit(1000, 9)) as view:
        assert view.rate_limit == RateLimit(1000, 9)
        view.payments.find(UID)
    client.payments.find(UID)

    assert client.rate_limit is None
    assert server.count("/users/getToken") == 1


def test_client_can_be_dropped_while_a_view_is_used(server: FakePortOne) -> None:
    view = new_client(server).with_options(tier=None)
    gc.collect()

    assert view.payments.find(UID).is_paid
    view.run(lambda client: asyncio.sleep(0, client))


def test_webhook_is_verified(client: PortOneClient, server: FakePortOne) -> None:
    paid = server.add(merchant_uid="order-2", amount=1000)
    event = parse_webhook(
        f'{{"imp_uid":"{paid.imp_uid}","merchant_uid":"order-2","status":"paid"}}'
    )

    assert verify_webhook(client, event, merchant_uid="order-2", amount=1000).is_paid


def test_function_runs_with_the_asynchronous_client(client: PortOneClient) -> None:
    async def find(asynchronous: AsyncClient) -> Payment:
        return await asynchronous.payments.find(UID)

    assert client.run(find).merchant_uid == UID


def test_constructor_rejects_what_the_asynchronous_one_rejects() -> None:
    with pytest.raises(InvalidRequestError, match="base_url"):
        PortOneClient("key", "secret", base_url="http://api.example")
    with pytest.raises(TypeError, match="session"):
        PortOneClient("key", "secret", session=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_closed_client_makes_no_call(client: PortOneClient, server: FakePortOne) -> None:
    client.payments.find(UID)
    client.close()
    client.close()

    with pytest.raises(ClientClosedError):
        client.payments.find(UID)
    with pytest.raises(ClientClosedError), client:
        pass
    assert repr(client) == f"<blocking.PortOneClient {server.url} closed>"
    assert server.count("/payments") == 1


def test_unused_client_starts_no_thread() -> None:
    PortOneClient("key", "secret").close()
    client = PortOneClient("key", "secret")

    assert client.rate_limit is not None
    assert loops() == []


def test_last_client_ends_the_thread(server: FakePortOne) -> None:
    first, second = new_client(server), new_client(server)
    for client in (first, second):
        client.payments.find(UID)
    assert len(loops()) == 1
    first.close()
    assert second.payments.find(UID).is_paid
    second.close()

    assert loops() == []


def test_dropped_client_is_closed(server: FakePortOne) -> None:
    client = new_client(server)
    client.payments.find(UID)
    (thread,) = loops()
    del client
    gc.collect()

    # It ends without being waited for.
    thread.join(timeout=60)
    assert not thread.is_alive()


# Threads


def test_threads_share_one_token_and_one_limit_of_connections(server: FakePortOne) -> None:
    barrier = threading.Barrier(THREADS, timeout=60)
    with new_client(server, rate_limit=None, max_in_flight=2) as client:

        def find(_: int) -> str:
            barrier.wait()
            return client.payments.find(UID).status

        with ThreadPoolExecutor(THREADS) as threads:
            statuses = [*threads.map(find, range(5 * THREADS))]
        sessions = client._async._state.transport._session
        assert sessions is not None
        assert sessions.connector is not None
        assert sum(map(len, sessions.connector._conns.values())) <= 2

    assert statuses == ["paid"] * 5 * THREADS
    assert server.count("/users/getToken") == 1


def test_clients_share_one_throttle(server: FakePortOne) -> None:
    bucket = TokenBucket(RateLimit(1000, 50))
    with new_client(server, rate_limit=bucket) as one, new_client(server, rate_limit=bucket) as two:
        assert one.payments.find(UID) == two.payments.find(UID)


def test_exclusive_block_is_entered_by_one_thread_at_a_time(client: PortOneClient) -> None:
    inside: list[int] = []
    together: list[int] = []

    def enter(number: int) -> None:
        with client.exclusive("order-1"):
            inside.append(number)
            client.payments.find(UID)
            together.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(enter, range(THREADS)))
    assert together == [1] * THREADS


def test_close_ends_the_calls_of_other_threads(client: PortOneClient, server: FakePortOne) -> None:
    client.payments.find(UID)
    server.fail(OnRequest(client.close))

    with pytest.raises(ClientClosedError):
        client.payments.find(UID)


NAME: ContextVar[str] = ContextVar("NAME", default="nothing")


class Names:
    """An observer that records a context variable."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def call_started(self, call: CallInfo) -> None:
        self.names.append(NAME.get())


def test_call_sees_the_context_of_its_thread(client: PortOneClient) -> None:
    observer = Names()
    view = client.with_options(observers=(observer,))

    def find(name: str) -> None:
        NAME.set(name)
        view.payments.find(UID)

    client.payments.find(UID)  # The token is fetched in no context of these.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(find, "span of a request").result()
    view.payments.find(UID)
    assert observer.names == ["span of a request", "nothing"]


def test_run_rejects_a_function_without_a_coroutine(client: PortOneClient) -> None:
    function: Any = repr
    with pytest.raises(InvalidRequestError, match="async function"):
        client.run(function)


class Exits:
    """An observer that ends the program."""

    def call_started(self, call: CallInfo) -> None:
        sys.exit("the observer has ended")


def test_exit_in_the_background_is_raised_and_ends_no_other_call(
    client: PortOneClient, server: FakePortOne
) -> None:
    def exit_meanwhile() -> None:
        with pytest.raises(SystemExit):
            client.with_options(observers=(Exits(),)).payments.find(UID)

    client.payments.find(UID)
    server.fail(OnRequest(exit_meanwhile, answers=True))
    assert client.payments.find(UID).is_paid


def test_call_that_is_cut_off_is_not_reported_as_unsent(client: PortOneClient) -> None:
    async def cut(_: AsyncClient) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(OutcomeUnknownError, match="may have been carried out"):
        client.run(cut)


# In a thread with an event loop


async def test_call_in_a_coroutine_warns_and_works(client: PortOneClient) -> None:
    with pytest.warns(RuntimeWarning, match=r"await portone_async\.PortOneClient") as caught:
        assert client.payments.find(UID).is_paid
    assert caught[0].filename == __file__


async def test_call_in_a_notebook_does_not_warn(
    client: PortOneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert client.payments.find(UID).is_paid


def test_observer_that_calls_its_client_is_refused(
    client: PortOneClient, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[BaseException] = []

    class Recursive:
        def call_started(self, call: CallInfo) -> None:
            try:
                client.payments.find(UID)
            except WrongLoopError as error:
                errors.append(error)

    with caplog.at_level(logging.ERROR):
        client.with_options(observers=(Recursive(),)).payments.find(UID)
    assert "in its own event loop" in str(errors[0])


# Interruptions and errors


def test_interrupt_cancels_the_call(client: PortOneClient, server: FakePortOne) -> None:
    cancelled: list[object] = []

    async def find(asynchronous: AsyncClient) -> None:
        try:
            await asynchronous.payments.find(UID)
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # It is cancelled once, so that it can clean up.
            cancelled.append(1)
            raise

    client.payments.find(UID)
    server.fail(OnRequest(lambda: os.kill(os.getpid(), signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        client.run(find)

    assert cancelled == [1]
    assert client.payments.find(UID).is_paid


def test_error_has_the_frames_of_the_caller_and_of_the_call(client: PortOneClient) -> None:
    with pytest.raises(PaymentNotFoundError) as caught:
        client.payments.find("order-2")
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]

    assert names[0] == "test_error_has_the_frames_of_the_caller_and_of_the_call"
    assert names[1:] == ["find", "run", "run", "find", "call"]


def test_no_error_or_frame_has_a_key() -> None:
    with canary_server() as server:
        client = new_client(server, rate_limit=None)
        with client, pytest.raises(PaymentNotFoundError) as caught:
            client.payments.find("order-2")
        assert_clean(repr(client), error=caught.value)
        with pytest.raises(InvalidRequestError) as invalid:
            new_client(server, base_url="http://api.example")
        assert_clean(error=invalid.value)


# Reconciliation


def test_orders_and_callbacks_are_used_in_the_calling_thread(
    client: PortOneClient, server: FakePortOne
) -> None:
    here, threads = threading.get_ident(), set[int]()
    verdicts: list[Verdict] = []

    def orders() -> Any:
        for number in range(3):
            threads.add(threading.get_ident())
            yield Order(f"order-{number}", server.add(merchant_uid=f"order-{number}").amount)
        yield Order("order-missing", Decimal(1000))

    def report(finding: Finding) -> None:
        threads.add(threading.get_ident())
        client.payments.find(UID)
        verdicts.append(finding.verdict)

    summary = reconcile(client, orders(), on_finding=report)
    assert threads == {here}
    assert sorted(verdicts) == ["matched"] * 3 + ["missing"]
    assert summary.counts[Verdict.MATCHED] == 3


def test_error_of_a_callback_ends_the_reconciliation(client: PortOneClient) -> None:
    def fail(_: Finding) -> None:
        raise KeyError("report")

    with pytest.raises(KeyError, match="report"):
        reconcile(client, [Order(UID, Decimal(1))], on_finding=fail)
    assert client.payments.find(UID).is_paid


def test_confirmation_is_decided_in_the_calling_thread_while_others_call(
    client: PortOneClient,
) -> None:
    threads: list[int] = []

    def decide(plan: ConfirmationPlan) -> None:
        assert plan.orders == 1
        threads.append(threading.get_ident())
        with ThreadPoolExecutor(1) as others:  # Blocks this thread, as input() does.
            assert others.submit(client.payments.find, UID).result().is_paid
        raise StopIteration

    with pytest.raises(RuntimeError) as caught:
        reconcile(client, [Order("order-missing", Decimal(1))], on_confirm=decide)

    assert isinstance(caught.value.__cause__, StopIteration)
    assert threads == [threading.get_ident()]


# Handlers of signals


_INTERRUPTED = ("blocking/_background.py", "blocking/_engine.py", "blocking/_loop.py")


class AtLine:
    """Calls a function at one line of the engine and the loop, as a handler of a signal is called."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._lines = 0
        self._function: Callable[[], object] = list

    @classmethod
    def each(cls) -> Iterator[Self]:
        """Yield one for each line that a call executes."""
        for line in count(1):
            handler = cls(line)
            yield handler
            if handler._lines < line:
                assert line > 20
                return

    def interrupt(self, call: Callable[[], object], function: Callable[[], object]) -> None:
        """Make a call, and call a function at the line."""
        self._function = function
        trace = sys.gettrace()
        sys.settrace(self._trace)
        try:
            call()
        finally:
            sys.settrace(trace)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.endswith(_INTERRUPTED):
            return None
        if event == "line":
            self._lines += 1
            if self._lines == self._line:
                sys.settrace(None)
                self._function()
        return self._trace


def test_signal_handler_can_call_the_client_at_any_line_of_a_call(server: FakePortOne) -> None:
    for handler in AtLine.each():
        client = new_client(server)
        find = partial(client.payments.find, UID)
        handler.interrupt(find, find)
        client.close()
        for thread in loops():
            thread.join(60)


def test_signal_handler_can_use_a_client_of_its_own_at_any_line(server: FakePortOne) -> None:
    def find_and_close() -> None:
        with new_client(server) as own:
            own.payments.find(UID)

    for handler in AtLine.each():
        with new_client(server) as client:
            handler.interrupt(partial(client.payments.find, UID), find_and_close)
        for thread in loops():
            thread.join(60)


@pytest.mark.parametrize("calls_before", [0, 1])
def test_signal_handler_can_close_the_client_at_any_line_of_a_call(
    server: FakePortOne, calls_before: int
) -> None:
    for handler in AtLine.each():
        client = new_client(server)
        find = partial(client.payments.find, UID)
        for _ in range(calls_before):
            find()
        with suppress(ClientClosedError):
            handler.interrupt(find, client.close)
        client.close()
        for thread in loops():
            thread.join(60)
        assert not loops()


# Of an interruption before the coroutine is passed to the loop.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_interrupt_at_any_line_of_a_refund_leaves_the_client_usable(
    client: PortOneClient, server: FakePortOne
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    for handler in AtLine.each():
        cancel = partial(client.payments.cancel_all, server.add().imp_uid, reason="sold out")
        # In a thread of its own: an exception that a trace raises in an "except" block stays
        # current in its thread, and would be the context of the errors of all later tests.
        with ThreadPoolExecutor(1) as thread, suppress(KeyboardInterrupt):
            thread.submit(handler.interrupt, cancel, interrupt).result()
        assert client.payments.find(UID).is_paid
    assert not client._engine._root.loop._works
