"""PortOne, on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from aiohttp import web
from msgspec.structs import force_setattr

from portone_async.models import Payment

from .answer import Answer, html_page
from .broken import checked, report, surface
from .bucket import Bucket
from .clock import Clock
from .exchange import Exchange, Fault
from .faults import Delay, TooManyRequests
from .listener import Listener
from .received import RecordedRequest
from .script import Script
from .shop import Shop
from .tokens import Tokens

if TYPE_CHECKING:
    from portone_async.client import ClientOptions, PortOneClient

__all__ = ("FakePortOne",)


class FakePortOne:
    """A PortOne V1 server with payments of your making, and faults on order.

    ```python
    async with FakePortOne() as server, server.client() as client:
        server.add(merchant_uid="order-1", amount=1000)
        server.fail(Status(503))
        payment = await client.payments.find("order-1")  # retried
    ```

    It serves from a thread of its own, so ``with FakePortOne() as server:`` does as well, and it
    answers any caller: plain tests, other threads and processes, other event loops, code that
    blocks. Its methods may be called from any thread while it serves. A forked child reaches it
    over HTTP only; its copy of this object is not the server's.

    What a fault of your own raises is answered with 500, logged, and raised again when the
    ``with`` block ends (where the block raises itself, its error names it in a note).

    Args:
        imp_key: The REST API key that is right here.
        imp_secret: The REST API secret that is right here.
        token_lifetime: Seconds from a token's issue to its expiry.
        rate_limit: Requests a second, and how many at once, before 429; ``None`` for no limit.
        now: Where the clock starts, in Unix seconds; ``None`` for the real time.
        host: Where to listen.
        port: Where to listen; 0 for any port that is free.
    """

    requests: list[RecordedRequest]
    """Everything that came, in order of arrival."""
    errors: list[BaseException]
    """What faults of yours raised; raised when the server closes, unless you clear it."""

    _keeps_connections = True

    def __init__(
        self,
        *,
        imp_key: str = "7700000000000001",
        imp_secret: str = "fake-imp-secret-of-a-shop-that-is-not",  # noqa: S107 (invented)
        token_lifetime: float = 1800.0,
        rate_limit: tuple[float, int] | None = None,
        now: float | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.requests = []
        self.errors = []
        self._clock = Clock(now)
        self._shop = Shop(
            imp_key=imp_key,
            imp_secret=imp_secret,
            clock=self._clock,
            tokens=Tokens(self._clock, token_lifetime),
        )
        self._script = Script()
        self._bucket: Bucket | None = None
        self.rate_limit = rate_limit
        self._address = (host, port)
        self._listener: Listener | None = None
        self._url = ""

    def __enter__(self) -> Self:
        if self._listener is not None:
            raise RuntimeError("This FakePortOne is running already")
        listener = Listener(self._answer, *self._address)
        self._url = listener.open()
        self._listener = listener
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._listener is not None
        listener, self._listener = self._listener, None
        listener.close()
        broken, self.errors[:] = tuple(self.errors), ()
        surface(broken, error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        where = self._url if self._listener else "closed"
        return f"<FakePortOne {where}, payments={len(self._shop.payments)}>"

    @property
    def url(self) -> str:
        """The ``base_url`` for a client: ``http://127.0.0.1:54321``."""
        if self._listener is None:
            raise RuntimeError("FakePortOne listens only inside 'with' or 'async with'")
        return self._url

    @property
    def imp_key(self) -> str:
        return self._shop.imp_key

    @property
    def imp_secret(self) -> str:
        return self._shop.imp_secret

    def client(self, **options: Unpack[ClientOptions]) -> PortOneClient:
        """A client of this server: its keys and address, and your ``options``."""
        from portone_async.client import PortOneClient  # noqa: PLC0415 (the fake runs without it)

        options.setdefault("base_url", self.url)
        return PortOneClient(self.imp_key, self.imp_secret, **options)

    # Payments

    def add(self, payment: Payment | None = None, /, **fields: Any) -> Payment:
        """Let there be a payment, and return it as a client will see it.

        Paid, 1000 KRW, live, of card, a moment ago and with ids of its own, as far as nothing
        else is said. What the status implies (``paid_at``, ``cancel_amount`` ...) is filled in.

        Args:
            payment: Says the fields that are not at their default.
            fields: Override those of ``payment``, in the model's types or in PortOne's own
                (Unix seconds). Names that no model knows are sent, too; ``None`` is sent as
                ``null`` (0 for a time); ``msgspec.UNSET`` leaves the key out.
        """
        return self._shop.payments.add(payment, fields)

    def add_many(self, payments: Iterable[Mapping[str, Any]]) -> None:
        """Let there be many payments, each with the fields that :meth:`add` takes.

        A million take some 15 seconds and 0.8 GB. One that is refused leaves those before it.
        """
        self._shop.payments.add_many(payments)

    def update(self, imp_uid: str, **fields: Any) -> Payment:
        """Change a payment, as when a buyer pays or a shop cancels.

        What the new status implies is filled in, and no payment was updated later.
        """
        return self._shop.payments.update(imp_uid, fields)

    def remove(self, imp_uid: str) -> None:
        """Forget a payment, as if it had never been."""
        self._shop.payments.remove(imp_uid)

    # The clock and the token

    @property
    def now(self) -> float:
        """Unix seconds: token lifetimes, new payments and the rate limit go by it."""
        return self._clock.now

    def advance(self, seconds: float) -> None:
        """Move the server's clock; back, with less than 0."""
        self._clock.advance(seconds)

    @property
    def token(self) -> str | None:
        """The token that is accepted now."""
        current = self._shop.tokens.current
        return None if current is None else current.value

    def issue_token(self) -> str:
        """What getToken would answer now, for those who speak HTTP to the server themselves."""
        return self._shop.tokens.issue().value

    def expire_token(self) -> None:
        """As if the token's time had passed: refused, and getToken hands out a new one."""
        self._shop.tokens.expire()

    def revoke_token(self) -> None:
        """As if PortOne had dropped the token early: refused, and getToken hands out a new one."""
        self._shop.tokens.revoke()

    # Faults

    @property
    def rate_limit(self) -> tuple[float, int] | None:
        """Requests a second, and how many at once; beyond that, 429. Setting it starts anew."""
        bucket = self._bucket
        return None if bucket is None else (bucket.rate, bucket.burst)

    @rate_limit.setter
    def rate_limit(self, limit: tuple[float, int] | None) -> None:
        self._bucket = None if limit is None else Bucket(self._clock, *limit)

    def fail(self, *faults: Fault, times: int | None = 1, on: str = "/") -> None:
        """Let coming requests meet ``faults``, one request each, in this order.

        Args:
            faults: One or more of :mod:`portone_async.testing`, or your own.
            times: How often the whole row is played; ``None``: until :meth:`clear_faults`.
            on: How the decoded path of such a request begins. Requests for a token meet a fault
                only when this says so (``on="/users/getToken"``), so that ``fail(Status(503))``
                hits the next look-up.
        """
        self._script.add(faults, times=times, on=on)

    def clear_faults(self) -> None:
        """Drop all faults that were not met yet."""
        self._script.clear()

    # What came

    def count(self, path_prefix: str, method: str | None = None) -> int:
        """How many requests came whose decoded path begins so, getToken's included."""
        return sum(
            request.path.startswith(path_prefix) and method in (None, request.method)
            for request in self.requests
        )

    def clear_requests(self) -> None:
        self.requests.clear()

    async def _answer(
        self, request: web.BaseRequest, transport: asyncio.Transport
    ) -> Answer | None:
        received = RecordedRequest.of(
            request.method,
            request.raw_path,
            headers=request.headers,
            body=await request.read(),
            at=monotonic(),
        )
        self.requests.append(received)
        fault = self._fault_for(received)
        try:
            answer = checked(fault, await fault.meet(Exchange(self._shop, received, transport)))
        except asyncio.CancelledError:
            raise  # the server or the connection closes
        except BaseException as error:  # noqa: BLE001 (pytest.fail() raises no Exception)
            report(fault, received, error)
            self.errors.append(error)
            answer = html_page(500)
        if answer is None:
            return None
        # Frozen for those who read it; this is the one who writes it.
        force_setattr(received, "status", answer.status)
        return self._signed(answer)

    def _fault_for(self, received: RecordedRequest) -> Fault:
        wait = None if self._bucket is None else self._bucket.take()
        if wait is not None:
            return TooManyRequests(retry_after=str(wait))
        return self._script.fault_for(received.path) or Delay(0)

    def _signed(self, answer: Answer) -> Answer:
        """With the headers that PortOne's Apache adds to every reply."""
        date = formatdate(self._clock.now, usegmt=True)
        own = {"Date": date, "Server": "Apache", "X-Content-Type-Options": "nosniff"}
        if not self._keeps_connections:
            own["Connection"] = "close"
        return Answer(answer.status, answer.body, own | answer.headers, answer.sent)
