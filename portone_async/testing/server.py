"""The fake PortOne server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from time import monotonic
from types import TracebackType
from typing import Any, Self, Unpack

from aiohttp import web
from msgspec.structs import force_setattr

from portone_async.client import ClientOptions, PortOneClient
from portone_async.models import Payment

from .account import Account
from .bucket import Bucket
from .clock import Clock
from .endpoints.payments import Payments
from .exchange import Exchange, Fault
from .fault_errors import raise_errors, record_error, validate_reply
from .fault_queue import FaultQueue
from .faults import Delay, TooManyRequests
from .listener import Listener
from .reply import Reply, html_page
from .request import RecordedRequest
from .sections import Sections
from .tokens import Tokens

__all__ = ("FakePortOne",)


class FakePortOne(Sections):
    """A PortOne V1 server with the payments and faults that a test needs.

    ```python
    async with FakePortOne() as server, server.client() as client:
        server.add(merchant_uid="order-1", amount=1000)
        server.fail(Status(503))
        payment = await client.payments.find("order-1")  # retried
    ```

    It serves from its own thread, so a plain ``with FakePortOne() as server:`` works, too. It
    answers plain tests, other threads, processes and event loops, and code that blocks. Its
    methods may be called from any thread. A forked child reaches it over HTTP only: the child's
    copy of this object is not connected to the server.

    An exception of your own fault becomes a 500, is logged, and is raised at the end of the
    ``with`` block. If the block raises, too, its exception gets a note instead.

    Args:
        imp_key: The valid REST API key.
        imp_secret: The valid REST API secret.
        token_lifetime: Seconds from issue to expiry of a token.
        rate_limit: Requests per second, and the burst, above which it replies 429; ``None`` for
            no limit.
        now: The time at which its clock starts, in Unix seconds; ``None`` for the real time.
        host: The address to listen on.
        port: The port to listen on; 0 for any free one.
    """

    requests: list[RecordedRequest]
    """All requests, in order of arrival."""
    errors: list[BaseException]
    """Exceptions of your own faults. They are raised when the server closes, unless you clear it."""
    keep_alive: bool
    """Whether connections stay open for further requests."""

    def __init__(
        self,
        *,
        imp_key: str = "7700000000000001",
        imp_secret: str = "fake-imp-secret-of-a-shop-that-is-not",  # noqa: S107 (generated)
        token_lifetime: float = 1800.0,
        rate_limit: tuple[float, int] | None = None,
        now: float | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.requests = []
        self.errors = []
        self.keep_alive = True
        self._clock = Clock(now)
        super().__init__(
            Account(
                imp_key=imp_key,
                imp_secret=imp_secret,
                clock=self._clock,
                tokens=Tokens(self._clock, token_lifetime),
            )
        )
        self._faults = FaultQueue()
        self._bucket: Bucket | None = None
        self.rate_limit = rate_limit
        self._address = (host, port)
        self._listener: Listener | None = None
        self._url = ""

    def __enter__(self) -> Self:
        if self._listener is not None:
            raise RuntimeError("This FakePortOne is running already")
        listener = Listener(self._respond, *self._address)
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
        errors, self.errors[:] = tuple(self.errors), ()
        raise_errors(errors, error)

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
        return f"<FakePortOne {where}, payments={len(self.payments)}>"

    @property
    def url(self) -> str:
        """The ``base_url`` for a client: ``http://127.0.0.1:54321``."""
        if self._listener is None:
            raise RuntimeError("FakePortOne listens only inside 'with' or 'async with'")
        return self._url

    @property
    def imp_key(self) -> str:
        return self._account.imp_key

    @property
    def imp_secret(self) -> str:
        return self._account.imp_secret

    def client(self, **options: Unpack[ClientOptions]) -> PortOneClient:
        """Create a client with the address and keys of this server, and your ``options``."""
        options.setdefault("base_url", self.url)
        return PortOneClient(self.imp_key, self.imp_secret, **options)

    def tier(self, code: str) -> Sections:
        """Return the sections of a sub-merchant, which is added to the account if it is new.

        What a client with ``tier="A01"`` does happens in ``server.tier("A01").payments`` and the
        other sections there; the server's own sections are those of the agency, for requests
        without a Tier. Two Tiers may have the same order numbers and billing keys, but each
        ``imp_uid`` exists once. Tokens, the clock, faults and the rate limit are the same for all.

        PortOne documents no reply to a Tier that does not exist. Here it is a 404 with another
        message than that of a missing payment.
        """
        if code not in self.account_settings.tiers:
            self.account_settings.add_tier(code)
        return Sections(self._account.tier(code))

    # Payments: of the agency, or with ``tier="A01"`` of that Tier

    def add(self, payment: Payment | None = None, /, **fields: Any) -> Payment:
        """Add a payment: short for ``server.payments.add()``.

        With ``tier="A01"``, it is short for ``server.tier("A01").payments.add()``.
        """
        return self._payments(fields.pop("tier", None)).add(payment, **fields)

    def add_many(self, payments: Iterable[Mapping[str, Any]], *, tier: str | None = None) -> None:
        """Add many payments: short for ``server.payments.add_many()``."""
        self._payments(tier).add_many(payments)

    def update(self, imp_uid: str, **fields: Any) -> Payment:
        """Change a payment: short for ``server.payments.update()``."""
        return self._payments(fields.pop("tier", None)).update(imp_uid, **fields)

    def remove(self, imp_uid: str, *, tier: str | None = None) -> None:
        """Delete a payment: short for ``server.payments.remove()``."""
        self._payments(tier).remove(imp_uid)

    def _payments(self, tier: str | None) -> Payments:
        return self.payments if tier is None else self.tier(tier).payments

    # The clock and the token

    @property
    def now(self) -> float:
        """Unix seconds, used for token lifetimes, new payments and the rate limit."""
        return self._clock.now

    def advance(self, seconds: float) -> None:
        """Move the server's clock, and do what is due by then; a negative number moves it back."""
        self._clock.advance(seconds)
        self._account.agenda.run_due()

    @property
    def token(self) -> str | None:
        """The token that is valid now."""
        current = self._account.tokens.current
        return None if current is None else current.value

    def issue_token(self) -> str:
        """Return the token that getToken would return, for tests that send requests themselves."""
        return self._account.tokens.issue().value

    def expire_token(self) -> None:
        """Let the token expire: requests with it get 401, and getToken issues a new one."""
        self._account.tokens.expire()

    def revoke_token(self) -> None:
        """Invalidate the token before its expiry: 401, and getToken issues a new one."""
        self._account.tokens.revoke()

    # Faults

    @property
    def rate_limit(self) -> tuple[float, int] | None:
        """Requests per second and burst; above them, 429. Setting it restores the whole burst."""
        bucket = self._bucket
        return None if bucket is None else (bucket.rate, bucket.burst)

    @rate_limit.setter
    def rate_limit(self, limit: tuple[float, int] | None) -> None:
        self._bucket = None if limit is None else Bucket(self._clock, *limit)

    def fail(
        self,
        *faults: Fault,
        times: int | None = 1,
        on: str = "/",
        method: str | None = None,
    ) -> None:
        """Queue faults for the next requests: one request each, in this order.

        Args:
            faults: One or more of :mod:`portone_async.testing`, or your own.
            times: How often to repeat the series; ``None``: until :meth:`clear_faults`.
            on: The beginning of the decoded path of these requests. Token requests meet a fault
                only when this says so (``on="/users/getToken"``), so ``fail(Status(503))`` hits
                the next look-up.
            method: Only requests of this HTTP method: ``"POST"`` fails what acts and ``"GET"``
                what looks. ``None`` for all.
        """
        self._faults.add(faults, times=times, on=on, method=method)

    def clear_faults(self) -> None:
        """Remove all faults that no request has met yet."""
        self._faults.clear()

    # Requests

    def count(self, path_prefix: str, method: str | None = None) -> int:
        """Count the requests whose decoded path begins with ``path_prefix``, getToken's included."""
        return sum(
            request.path.startswith(path_prefix) and method in (None, request.method)
            for request in self.requests
        )

    def clear_requests(self) -> None:
        self.requests.clear()

    async def _respond(
        self, http_request: web.BaseRequest, transport: asyncio.Transport
    ) -> Reply | None:
        request = RecordedRequest.of(
            http_request.method,
            http_request.raw_path,
            headers=http_request.headers,
            body=await http_request.read(),
            at=monotonic(),
        )
        self.requests.append(request)
        fault = self._fault_for(request)
        try:
            exchange = Exchange(self._account, request, transport)
            reply = validate_reply(fault, await fault.meet(exchange))
        except asyncio.CancelledError:
            raise  # the server or the connection closes
        except BaseException as error:  # noqa: BLE001 (pytest.fail() raises no Exception)
            record_error(fault, request, error)
            self.errors.append(error)
            reply = html_page(500)
        if reply is None:
            return None
        # Frozen for the test that reads it, not for the server that records it.
        force_setattr(request, "status", reply.status)
        return self._with_server_headers(reply)

    def _fault_for(self, request: RecordedRequest) -> Fault:
        wait = None if self._bucket is None else self._bucket.take()
        if wait is not None:
            return TooManyRequests(retry_after=str(wait))
        return self._faults.next_for(request.method, request.path) or Delay(0)

    def _with_server_headers(self, reply: Reply) -> Reply:
        """Add the headers that PortOne's Apache adds to every reply."""
        date = formatdate(self._clock.now, usegmt=True)
        headers = {"Date": date, "Server": "Apache", "X-Content-Type-Options": "nosniff"}
        if not self.keep_alive:
            headers["Connection"] = "close"
        return Reply(reply.status, reply.body, headers | reply.headers, reply.sent)
