"""One HTTP exchange through aiohttp: returns a reply, or an error of this package."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Mapping

import aiohttp
from aiohttp import ClientSession, ClientTimeout
from aiohttp.http import HttpProcessingError
from yarl import URL

from portone_async._owner import LoopOwner
from portone_async._worded import Worded
from portone_async.errors import (
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    MalformedResponseError,
    PortOneError,
    RequestTimeoutError,
)

from .deadlines import Deadlines
from .direct import Direct
from .direct_check import direct_is_available, session_methods
from .exchange import Exchange, UnsolicitedDataError
from .proxy import Proxy, refused_tunnel
from .reply import Reply
from .session import (
    ThroughSession,
    abort_requests,
    check_external,
    external_proxy,
    own_session,
    session_from,
)

__all__ = ("Transport",)


class Transport:
    """The connections of one client, opened in the loop of their first use.

    Of a session that the caller passes only the connector and the proxy are used: its headers,
    auth, cookies, timeouts and middlewares would be sent with the token, or change the behaviour.
    """

    def __init__(
        self,
        base_url: str,
        max_in_flight: int,
        session: ClientSession | None,
        proxy: Proxy | None = None,
    ) -> None:
        self._base_url = URL(base_url)
        self._max_in_flight = max_in_flight
        self._external = session
        self._proxy = proxy
        self._session: ClientSession | None = None
        self._through_session: ThroughSession
        self._direct: Direct | None = None
        self._owner = LoopOwner("this client")
        self.is_closed = False
        """Whether :meth:`close` was called."""

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind to ``loop``, the running one, once.

        Raises:
            ClientClosedError: The client is closed, or the session that was passed.
            WrongLoopError: The running loop or process is not that of the first use.
        """
        if self.is_closed:
            raise ClientClosedError("this client is closed")
        if not self._owner.is_running(loop):
            self._bind(loop)
        elif self._external is not None and self._external.closed:
            raise ClientClosedError("the session that was passed in is closed")

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._external is not None and self._owner.loop is None:
            # Before the claim: a failure here must not lock out another loop.
            check_external(self._external, self._base_url)
            self._proxy = self._proxy or external_proxy(self._external, self._base_url)
        with self._owner.claim():
            if self._external is None:
                session = own_session(self._max_in_flight, self._base_url)
            else:
                session = session_from(self._external, self._base_url)
            self._through_session = ThroughSession(session, self._base_url, self._proxy)
            if self._proxy is None and direct_is_available(session, self._base_url):
                assert session.connector is not None
                self._direct = Direct(session.connector, self._base_url)
                self._methods = session_methods()
            self._deadlines = Deadlines(loop)
            self._session = session

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float | None,
        client_timeout: ClientTimeout,
    ) -> Reply | PortOneError:
        """Send a request and read the whole reply; ``deadline`` is on the loop's clock.

        Errors are returned, not raised: aiohttp's frames and objects hold the token.
        """
        session = self._session
        if session is None:
            return ClientClosedError("this client is closed")
        try:
            with self._deadlines.at(deadline):
                return await self._way().exchange(method, target, headers, body, client_timeout)
        except aiohttp.ClientHttpProxyError as error:
            failure = refused_tunnel(error.status, self._proxy)
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            failure = _failure(error, self._proxy)
        except RuntimeError:  # "Session is closed" or "Connection closed".
            if not session.closed:
                raise
            return self._closed_meanwhile()
        # Whatever failed then is not transient.
        return self._closed_meanwhile() if session.closed else failure

    def _closed_meanwhile(self) -> ClientClosedError:
        """Return the error of a call during which this client closed, or the session's owner."""
        closed = "this client" if self.is_closed else "the session that was passed in"
        return ClientClosedError(f"{closed} was closed while the call was in flight")

    def _way(self) -> Exchange:
        if self._direct is None:
            return self._through_session
        # Mocks and monitoring may replace the methods of sessions at any time. Compared by
        # identity, because a wrapper that wrapt makes equals what it wraps.
        before, now = self._methods, session_methods()
        is_original = before[0] is now[0] and before[1] is now[1]
        return self._direct if is_original else self._through_session

    async def close(self) -> None:
        """Close the connections that this client opened. Idempotent.

        Raises:
            WrongLoopError: The client is bound to another event loop.
        """
        if self.is_closed:
            return
        owner = self._owner
        if owner.loop is None:
            with owner.claim():  # So that no thread opens it meanwhile.
                self.is_closed = True
        elif owner.is_here:
            await self._close_here()
        elif owner.is_gone:
            self.is_closed = True
            self._drop()
        else:
            raise owner.refusal()

    async def _close_here(self) -> None:
        session, self._session, self.is_closed = self._session, None, True
        if session is not None:
            # aiohttp leaves calls waiting that read a body from a connection that is closed here.
            self._deadlines.expire()
            if self._external is None:
                abort_requests(session)
            try:
                await session.close()
            finally:
                self._deadlines.close()

    @property
    def is_here(self) -> bool:
        """Whether the client is bound to the running loop, in this process."""
        return self._owner.is_here

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session is not None and self._external is None and self._owner.process == os.getpid():
            warnings.warn(
                "a PortOneClient was dropped unclosed: use 'async with', or await close()",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )
        self._drop()

    def _drop(self) -> None:
        """Drop the session without a loop to wait in."""
        session = getattr(self, "_session", None)
        if session is None:
            return
        self._session = None
        connector = session.connector
        session.detach()
        is_forked = self._owner.process != os.getpid()
        if not is_forked:  # The timers of the parent's loop never fire here.
            self._deadlines.close()
        if self._external is not None or connector is None:
            return
        if is_forked:
            # To close a socket here would remove it from the selector of the parent.
            connector._closed = True
            return
        # As aiohttp does for a connector that is dropped, but without its own warning.
        connector._close()


def _failure(
    error: aiohttp.ClientError | HttpProcessingError | OSError, proxy: Proxy | None = None
) -> PortOneError:
    """Translate an exception of aiohttp; drop its text where it may quote a body."""
    name = type(error).__name__
    via = "" if proxy is None else Worded(" through the proxy {name}", name=proxy.name)
    unsent: ConnectionFailedError | RequestTimeoutError
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ServerFingerprintMismatch():
            return CertificateError(
                Worded("the certificate is not valid{via} ({name})", via=via, name=name)
            )
        case aiohttp.ConnectionTimeoutError():
            unsent = RequestTimeoutError(Worded("no connection{via} in time", via=via))
        case TimeoutError():
            return RequestTimeoutError(Worded("no answer{via} in time", via=via))
        case aiohttp.ClientConnectorError():
            unsent = ConnectionFailedError(
                Worded("no connection{via}: {error} ({name})", via=via, error=str(error), name=name)
            )
        case UnsolicitedDataError():
            unsent = ConnectionFailedError(
                Worded("the server closed the connection, or sent data, before the request")
            )
        case aiohttp.ClientPayloadError():
            return ConnectionFailedError(
                Worded("the response was cut short or corrupted{via}", via=via)
            )
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return MalformedResponseError(Worded("the response{via} is not HTTP", via=via))
        case _:
            return ConnectionFailedError(
                Worded("the connection{via} broke ({name})", via=via, name=name)
            )
    unsent.was_sent = False
    return unsent
