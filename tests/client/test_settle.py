"""Test that an open outcome is looked up, and never guessed."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator, Sequence

import pytest

from portone_async import (
    ApiError,
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    OutcomeUnknownError,
    Payment,
    PortOneError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from portone_async.call import Call, Repeat
from portone_async.resources._settle import is_open, send_once, settle, validate_settle
from tests.support.scripted import PAID, Outcome, reply, scripted_client, series, token_reply
from tests.support.virtual_time import virtual_time

LOST = RequestTimeoutError("no answer in time")
REFUSED = ApiError("200, code 1: refused", status=200, code=1)


def unsent(error: ConnectionFailedError | DeadlineExceededError) -> PortOneError:
    error.was_sent = False
    return error


@pytest.mark.parametrize(
    ("error", "is_expected"),
    [
        (RequestTimeoutError("slow"), True),
        (ConnectionFailedError("reset"), True),
        (DeadlineExceededError("slow"), True),
        (ServerError("503", status=503), True),
        (ServerError("500, code -1", status=500, code=-1), True),
        (MalformedResponseError("html"), True),
        (UnexpectedResponseError("another schema"), True),
        (ApiError("403 without an envelope", status=403), True),
        (unsent(ConnectionFailedError("refused")), False),
        (unsent(DeadlineExceededError("no permit")), False),
        (RateLimitedError("429", status=429), False),
        (UnauthorizedError("401", status=401, code=-1), False),
        (REFUSED, False),
        (CertificateError("expired"), False),
        (ClientClosedError("closed before it was sent"), False),
        (InvalidRequestError("amount"), False),
    ],
    ids=str,
)
def test_outcome_is_open_only_if_the_request_may_be_processed(
    error: PortOneError, is_expected: bool
) -> None:
    assert is_open(error) is is_expected


@pytest.mark.parametrize(
    "failure",
    [
        reply(200, b"<html>"),
        reply(200, b'{"result": 1}'),
        reply(403),
        reply(503),
        ConnectionFailedError("reset"),
        (60.0, ConnectionFailedError("too late")),
    ],
    ids=repr,
)
@pytest.mark.parametrize("is_renewal", [True, False])
@virtual_time
async def test_outcome_is_not_open_without_a_token(failure: Outcome, is_renewal: bool) -> None:
    tokens = [token_reply(), failure] if is_renewal else [failure]
    client, transport = scripted_client(lambda _: reply(401), series(*tokens))
    with pytest.raises(PortOneError) as caught:
        await client.call(Call("POST", "/payments/cancel", Payment, repeat=Repeat.UNSAFE))

    assert len(transport.times()) == int(is_renewal)
    assert not is_open(caught.value)


@virtual_time
async def test_outcome_is_open_only_if_the_client_was_closed_in_flight() -> None:
    call = Call("POST", "/payments/cancel", Payment, repeat=Repeat.UNSAFE)
    in_flight, _ = scripted_client(lambda _: ClientClosedError("closed in flight"))
    with pytest.raises(ClientClosedError) as caught:
        await in_flight.call(call)
    assert is_open(caught.value)

    unsent, _ = scripted_client(lambda _: (1.0, reply(401)), series(token_reply(), (9.0, PAID)))
    task = asyncio.create_task(unsent.call(call))
    await asyncio.sleep(5)
    await unsent.close()
    with pytest.raises(ClientClosedError) as caught:
        await task
    assert caught.value.attempts
    assert not is_open(caught.value)


class Server:
    """Answers sends and look-ups from two scripts, and records when each happened."""

    def __init__(
        self,
        sends: Sequence[str | Exception],
        looks: list[str | PortOneError | Exception | None] | None = None,
    ) -> None:
        self._sends: Iterator[str | Exception] = iter(sends)
        self._looks = looks
        self._started_at = asyncio.get_running_loop().time()
        self.sent: list[float] = []
        self.looked: list[float] = []

    async def send(self) -> str:
        self.sent.append(self._now())
        answer = next(self._sends)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def look(self) -> str | PortOneError | None:
        self.looked.append(self._now())
        answer = self._looks.pop(0) if self._looks else None
        if isinstance(answer, Exception) and not isinstance(answer, PortOneError):
            raise answer.args[0]
        return answer

    def _now(self) -> float:
        return round(asyncio.get_running_loop().time() - self._started_at)


def look_up_fails() -> Exception:
    return Exception(ServerError("503 without an envelope", status=503))


@virtual_time
async def test_answer_needs_no_look_up() -> None:
    server = Server(["done"])

    assert await settle(server.send, server.look, seconds=90) == "done"
    assert server.looked == []


@virtual_time
async def test_refusal_needs_no_look_up() -> None:
    server = Server([REFUSED])

    with pytest.raises(ApiError, match="refused"):
        await settle(server.send, server.look, seconds=90)
    assert (server.sent, server.looked) == ([0], [])


@virtual_time
async def test_lost_answer_is_looked_up_until_it_is_known() -> None:
    server = Server([LOST], [None, look_up_fails(), None, "done"])

    assert await settle(server.send, server.look, seconds=90) == "done"
    assert (server.sent, server.looked) == ([0], [0, 1, 3, 7])


@virtual_time
async def test_failure_that_a_look_up_finds_is_raised() -> None:
    server = Server([LOST], [None, ApiError("failed", code=1)])

    with pytest.raises(ApiError, match="failed"):
        await settle(server.send, server.look, seconds=90)


@virtual_time
async def test_outcome_without_a_trace_is_unknown_and_never_sent_again() -> None:
    server = Server([LOST])

    with pytest.raises(OutcomeUnknownError) as caught:
        await settle(server.send, server.look, seconds=90)

    assert server.sent == [0]
    assert server.looked == [0, 1, 3, 7, 15, 30, 45, 60, 75, 90]
    assert not caught.value.is_transient
    assert caught.value.evidence[0] == "after 0.0 s sent: RequestTimeoutError: no answer in time"
    assert caught.value.evidence[-1] == "after 90.0 s looked up: no definite trace of it"
    assert "after 15.0 s looked up" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value


@virtual_time
async def test_evidence_has_no_secret_of_the_request() -> None:
    echo = ApiError("500: 4111222233334444", status=500, code=-1)
    server = Server([LOST], [Exception(echo)])

    with pytest.raises(OutcomeUnknownError) as caught:
        await settle(server.send, server.look, seconds=0, secrets={"4111-2222-3333-4444"})
    assert caught.value.evidence[1] == "after 0.0 s look-up failed: ApiError: 500: ***"


@pytest.mark.parametrize(("seconds", "looked"), [(0, [0]), (2, [0, 1, 2])])
@virtual_time
async def test_last_look_up_is_at_the_end_of_the_time(seconds: float, looked: list[float]) -> None:
    server = Server([LOST])

    with pytest.raises(OutcomeUnknownError):
        await settle(server.send, server.look, seconds=seconds)
    assert server.looked == looked


@virtual_time
async def test_operation_is_sent_again_only_after_a_look_up_without_a_trace() -> None:
    server = Server([LOST, LOST, "done"], [look_up_fails(), None, None, look_up_fails(), None])

    assert await settle(server.send, server.look, seconds=90, resend=True) == "done"
    assert server.sent == [0, 1, 7]


@virtual_time
async def test_operation_is_sent_four_times_at_most() -> None:
    server = Server([LOST] * 9)

    with pytest.raises(OutcomeUnknownError):
        await settle(server.send, server.look, seconds=90, resend=True)
    assert server.sent == [0, 0, 1, 3]


@virtual_time
async def test_refused_repetition_is_a_success_if_the_first_one_is_found() -> None:
    server = Server([LOST, REFUSED], [None, "done"])

    assert await settle(server.send, server.look, seconds=90, resend=True) == "done"


@virtual_time
async def test_refused_repetition_without_a_trace_is_raised() -> None:
    server = Server([LOST, REFUSED], [None, None])

    with pytest.raises(ApiError, match="refused"):
        await settle(server.send, server.look, seconds=90, resend=True)


@virtual_time
async def test_refused_repetition_is_not_an_answer_if_the_look_up_fails() -> None:
    server = Server([LOST, REFUSED], [None, look_up_fails(), "done"])

    assert await settle(server.send, server.look, seconds=90, resend=True) == "done"


@pytest.mark.parametrize(
    "error",
    [
        unsent(ConnectionFailedError("refused")),
        RateLimitedError("429", status=429),
        UnauthorizedError("401", status=401, code=-1),
        KeyError("a throttle without a permit"),
    ],
    ids=repr,
)
@virtual_time
async def test_repetition_that_was_not_processed_leaves_the_first_one_open(
    error: Exception,
) -> None:
    server = Server([LOST, error], [None, None, "done"])

    assert await settle(server.send, server.look, seconds=90, resend=True) == "done"


@virtual_time
async def test_exception_of_a_throttle_is_a_failed_look_up() -> None:
    server = Server([LOST], [Exception(KeyError("secret")), None])

    with pytest.raises(OutcomeUnknownError) as caught:
        await settle(server.send, server.look, seconds=1)
    assert caught.value.evidence[1] == "after 0.0 s look-up failed: KeyError"


@virtual_time
async def test_closed_client_ends_the_look_ups() -> None:
    server = Server([LOST], [None, Exception(ClientClosedError("closed"))])

    with pytest.raises(OutcomeUnknownError):
        await settle(server.send, server.look, seconds=90)
    assert server.looked == [0, 1]


@pytest.mark.parametrize("seconds", [-1, True, "90", None, float("nan"), float("inf")])
def test_settle_must_be_seconds(seconds: object) -> None:
    with pytest.raises(InvalidRequestError, match="settle must be seconds"):
        validate_settle(seconds)


def test_settle_is_returned_in_seconds() -> None:
    assert validate_settle(90) == 90.0


async def test_operation_without_a_look_up_is_sent_once() -> None:
    server = Server([LOST, "result"])

    with pytest.raises(OutcomeUnknownError, match="PortOne has no look-up") as caught:
        await send_once(server.send)

    assert len(server.sent) == 1
    assert "RequestTimeoutError" in caught.value.evidence[0]
    assert not caught.value.is_transient


async def test_operation_without_a_look_up_returns_its_answer() -> None:
    assert await send_once(Server(["result"]).send) == "result"
    with pytest.raises(ApiError) as caught:
        await send_once(Server([REFUSED]).send)
    assert caught.value is REFUSED
