"""Between the clients and the server: latency, faults, and a record of each exchange."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Protocol

from msgspec import Struct

from portone_async import (
    ClientClosedError,
    PortOneClient,
    PortOneError,
    RateLimit,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
)
from portone_async._http.reply import Reply as ClientReply
from portone_async._http.transport import Transport
from portone_async.testing import Reply
from portone_async.testing.request import RecordedRequest

from .far_end import KEYS, FarEnd
from .faults import KINDS, Fault, TransportOutcome
from .plan import ClientOptions, Delivery
from .process import Process

__all__ = ("CALL", "CallRecord", "Exchange", "Network")


class Exchange(Struct):
    """One request, as the network saw it."""

    method: str
    path: str
    fault: str
    sent_at: float
    is_sent: bool = True
    """``False`` if it never left the client."""
    is_open: bool = False
    """Whether its answer leaves open if it was processed; so does one that came too late."""
    ended_at: float | None = None
    """When the client got its outcome; ``None`` if it never did."""
    status: int | None = None
    """The HTTP status of the answer that the client got."""
    effects: int = 0
    """How many refunds and charges of the job it made, late ones included."""
    traces: int = 0
    """How many records that decide the job the server had when it processed this."""

    @property
    def is_lookup(self) -> bool:
        return self.method == "GET"

    @property
    def is_act(self) -> bool:
        """Whether it may change something."""
        return not self.is_lookup and self.path != "/users/getToken"

    @property
    def is_answered(self) -> bool:
        """Whether the server's own answer reached the client: a result, or that there is none."""
        return not self.is_open and self.fault in ("none", "twice")

    def __str__(self) -> str:
        end = "nothing" if self.ended_at is None else f"{self.status or 'no answer'}"
        effects = f", {self.effects} effects" if self.effects else ""
        return f"{self.sent_at:9.2f} {self.method} {self.path} [{self.fault}] -> {end}{effects}"


class JobState(Protocol):
    """The server's state, as far as it is about a job."""

    def prepare(self) -> None: ...

    def effects(self) -> int: ...

    def traces(self) -> int: ...


class CallRecord:
    """One call of an operation: the faults that it meets, and its exchanges."""

    def __init__(self, delivery: Delivery, process: Process, job: JobState) -> None:
        self.process = process
        self.job = job
        self.latency = delivery.latency
        self.exchanges: list[Exchange] = []
        self._faults = iter(delivery.faults)
        self._outage_ends_at = 0.0

    def next_fault(self, method: str, now: float) -> Fault:
        if method == "GET" and now < self._outage_ends_at:
            return Fault("503 before")
        fault = next(self._faults, Fault())
        if fault.outage:
            self._outage_ends_at = now + fault.outage
        return fault


CALL: ContextVar[CallRecord] = ContextVar("call")
"""The call that the running task belongs to."""


class Network:
    """Carries requests to the server, and answers back, each with its fault."""

    def __init__(self, far_end: FarEnd) -> None:
        self.far_end = far_end
        self.faults: Counter[str] = Counter()
        """By kind, as far as a request met them."""
        self.requests = 0
        self.overlaps: list[str] = []
        """Requests of one client that moved money of one payment at the same time."""
        self._acting: set[tuple[Process, str]] = set()
        self._in_flight: dict[asyncio.Future[TransportOutcome], Process] = {}
        self._loop = asyncio.get_running_loop()

    def client(self, process: Process, options: ClientOptions) -> PortOneClient:
        """Make the client of a process."""
        transport = _Transport(self, process)

        class ModelClient(PortOneClient):
            def _make_transport(self, *_: object, **__: object) -> Transport:
                return transport

        return ModelClient(
            *KEYS,
            base_url="http://127.0.0.1",
            retry=RetryPolicy(attempts=options.attempts),
            rate_limit=RateLimit(5, 2) if options.is_limited else None,
            timeouts=Timeouts(total=options.total),
            max_in_flight=options.max_in_flight,
        )

    def close(self, process: Process) -> None:
        """End the requests of a process whose client is being closed."""
        for outcome, owner in self._in_flight.items():
            if owner is process:
                _settle(outcome, ClientClosedError("closed while the call was in flight"))

    async def exchange(
        self, call: CallRecord, request: RecordedRequest, deadline: float | None
    ) -> TransportOutcome:
        """Send a request, and return what the client gets."""
        fault = call.next_fault(request.method, self._loop.time())
        if fault.kind == "JSON 500 after" and request.path.endswith("/retry"):
            fault = Fault("reset after", outage=fault.outage)  # There it is a refusal.
        kind = KINDS[fault.kind]
        self.requests += 1
        if fault.kind != "none":
            self.faults[fault.kind] += 1
        exchange = Exchange(request.method, request.path, fault.kind, self._loop.time())
        exchange.is_open = True  # Until it has an answer.
        call.exchanges.append(exchange)
        outcome: asyncio.Future[TransportOutcome] = self._loop.create_future()

        def arrive() -> None:
            process_late = self._late(call, exchange, request) if kind.is_late else None
            replies = [self._process(call, exchange, request) for _ in range(kind.processed)]
            if fault.kind == "401":
                self.far_end.account.tokens.revoke()
            answer = kind.answer(replies[0] if replies else Reply(500))
            if process_late is not None:
                self._later(fault.seconds, process_late)
            if answer is not None:
                self._later(call.latency, lambda: _settle(outcome, answer))

        self._later(call.latency, arrive)
        try:
            with self._acts(call.process, request):
                async with asyncio.timeout_at(deadline):
                    answer = await self._outcome(call.process, outcome)
        except TimeoutError:
            answer = RequestTimeoutError("no answer in time")
        else:
            exchange.is_open = kind.is_open or isinstance(answer, ClientClosedError)
            exchange.is_sent = getattr(answer, "was_sent", True)
            exchange.status = getattr(answer, "status", None)
        exchange.ended_at = self._loop.time()
        if not exchange.is_act and not exchange.is_lookup and not exchange.is_answered:
            call.process.had_no_token_at = exchange.ended_at
        return answer

    async def _outcome(
        self, process: Process, outcome: asyncio.Future[TransportOutcome]
    ) -> TransportOutcome:
        self._in_flight[outcome] = process
        try:
            return await outcome
        finally:
            del self._in_flight[outcome]

    @contextmanager
    def _acts(self, process: Process, request: RecordedRequest) -> Generator[None]:
        """Record if a client sends a second request about a payment before the first one ended."""
        fields = request.fields if request.method == "POST" else {}
        what = fields.get("imp_uid") or fields.get("merchant_uid")
        act = (process, f"{request.path} {what}")
        if what is None or isinstance(what, list):
            yield
            return
        if act in self._acting:
            self.overlaps.append(f"two requests at once: {act[1]}")
        self._acting.add(act)
        try:
            yield
        finally:
            self._acting.discard(act)

    def _process(self, call: CallRecord, exchange: Exchange, request: RecordedRequest) -> Reply:
        self.far_end.account.agenda.run_due()
        before = call.job.effects()
        if exchange.is_act:
            call.job.prepare()
        reply = self.far_end.respond(request)
        exchange.effects += call.job.effects() - before
        exchange.traces = call.job.traces()
        return reply

    def _late(
        self, call: CallRecord, exchange: Exchange, request: RecordedRequest
    ) -> Callable[[], object] | None:
        """Return what processes the request later; ``None`` if it is refused for its token."""
        if not self.far_end.accepts(request):
            return None
        return lambda: self._process(call, exchange, self.far_end.renewed(request))

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        # In no context of a process: the server uses the package's models, too.
        self._loop.call_later(seconds, work, context=Context())


def _settle(outcome: asyncio.Future[TransportOutcome], answer: TransportOutcome) -> None:
    if not outcome.done():  # The client may have given up.
        outcome.set_result(answer)


class _Transport(Transport):
    """The transport of one process."""

    def __init__(self, network: Network, process: Process) -> None:
        self._network = network
        self._process = process
        self.is_closed = False

    @property
    def is_here(self) -> bool:
        return True

    def __del__(self) -> None:
        """Do nothing: it has no session, and may be collected while lines of a process count."""

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.is_closed:
            raise ClientClosedError("this client is closed")

    async def close(self) -> None:
        self.is_closed = True
        self._network.close(self._process)

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float | None,
        **_: Any,
    ) -> ClientReply | PortOneError:
        if self.is_closed:
            return ClientClosedError("this client is closed")
        if self._process.is_dead:  # It sends nothing any more.
            await asyncio.get_running_loop().create_future()
        request = RecordedRequest.of(
            method,
            target,
            headers=dict(headers),
            body=bytes(body or b""),
            at=asyncio.get_running_loop().time(),
        )
        answer = await self._network.exchange(CALL.get(), request, deadline)
        if isinstance(answer, Reply):
            return ClientReply(answer.status, answer.headers, answer.body)
        assert answer is not None
        return answer
