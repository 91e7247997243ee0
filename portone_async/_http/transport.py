"""One HTTP exchange: aiohttp goes in, a reply or an error of ours comes out."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from portone_async._owner import LoopOwner
from portone_async.errors import (
    CertificateError,
    ClientClosedError,
    ConnectionFailedError,
    MalformedResponseError,
    PortOneError,
    RequestTimeoutError,
    UnexpectedResponseError,
)

from .deadlines import Deadlines
from .proxy import Proxy, refused_tunnel
from .reply import Reply
from .session import (
    UnsolicitedDataError,
    check_external,
    external_proxy,
    own_session,
    session_from,
)

__all__ = ("Transport",)

MAX_BODY = 32 * 2**20
"""Bytes, inflated. A page of a thousand payments is about 2 MB."""


class Transport:
    """The connections of one client, made in the loop of their first use.

    A session of the caller's lends its connector and its proxy, nothing else: its headers, auth,
    cookies, timeouts and middlewares would travel with the token, or change what we promise.
    """

    def __init__(
        self,
        base_url: str,
        max_in_flight: int,
        session: ClientSession | None,
        proxy: Proxy | None = None,
    ) -> None:
        self._base_url = URL(base_url)
        self._base_path = self._base_url.raw_path.rstrip("/")
        self._max_in_flight = max_in_flight
        self._external = session
        self._proxy = proxy
        self._proxy_options: dict[str, Any] = {}
        self._session: ClientSession | None = None
        self._owner = LoopOwner("this client")
        self.is_closed = False
        """Whether :meth:`close` was called."""

    def open(self) -> None:
        """Bind to the running loop, once.

        Raises:
            ClientClosedError: It is closed, or the caller's session is.
            WrongLoopError: Another loop is running than at the first use, or another process.
        """
        if self.is_closed:
            raise ClientClosedError("this client is closed")
        if not self._owner.is_here:
            self._bind()
        elif self._external is not None and self._external.closed:
            raise ClientClosedError("the session that this client was given is closed")

    def _bind(self) -> None:
        if self._external is not None and self._owner.loop is None:
            # Before the claim: what fails here must not turn another loop away.
            check_external(self._external, self._base_url)
            self._proxy = self._proxy or external_proxy(self._external, self._base_url)
        with self._owner.claim():
            if self._external is None:
                self._session = own_session(self._max_in_flight, self._base_url)
            else:
                self._session = session_from(self._external, self._base_url)
            if self._proxy is not None:
                self._proxy_options = self._proxy.options()
            self._deadlines = Deadlines(asyncio.get_running_loop())

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
        """Make one exchange, body read whole; ``deadline`` is on the loop's clock.

        Errors are given back, not raised: aiohttp's frames and objects hold the token.
        """
        session = self._session
        if session is None or self.is_closed:
            return ClientClosedError("this client is closed")
        try:
            with self._deadlines.at(deadline):
                response = await session.request(
                    method,
                    self._url(target),
                    headers=headers,
                    data=body,
                    timeout=client_timeout,
                    allow_redirects=False,
                    **self._proxy_options,
                )
                try:
                    return await _read(response)
                finally:
                    if not response.closed:  # As it is when the body was read to its end.
                        response.release()
        except aiohttp.ClientHttpProxyError as error:
            failure = refused_tunnel(error.status, self._proxy)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, self._proxy)
        except RuntimeError:
            # "Session is closed": by us, or by the owner of the connector.
            if not session.closed:
                raise
            failure = ClientClosedError("the connections were closed")
        if self.is_closed:
            return ClientClosedError("this client was closed while the call was under way")
        return failure

    def _url(self, target: str) -> URL:
        if "?" in target:
            return URL(f"{self._base_url}{target}", encoded=True)
        # A known host, and a path that is quoted already: nothing is left to be parsed.
        return self._base_url.with_path(f"{self._base_path}{target}", encoded=True)

    async def close(self) -> None:
        """Close what is ours. Idempotent.

        Raises:
            WrongLoopError: The client is at work in another event loop.
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
            await session.close()
        self._deadlines.close()

    @property
    def is_here(self) -> bool:
        """Whether the running loop, in this process, is the one that it is bound to."""
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
        """Let go of the session without a loop to wait in."""
        session = getattr(self, "_session", None)
        if session is None:
            return
        self._session = None
        self._deadlines.close()
        connector = session.connector
        session.detach()
        if self._external is not None or connector is None:
            return
        if self._owner.process != os.getpid():
            # Forked. Whatever is closed here leaves the selector that the parent waits on.
            connector._closed = True
            return
        # As aiohttp does it for a connector that is dropped, but without its own warning.
        connector._close()


async def _read(response: ClientResponse) -> Reply | PortOneError:
    content = response.content
    body = await content.readany()
    if not content.at_eof():
        parts, size = [body], len(body)
        while size <= MAX_BODY and not content.at_eof():
            parts.append(await content.readany())
            size += len(parts[-1])
        body = b"".join(parts)
    if len(body) > MAX_BODY:
        return UnexpectedResponseError(
            f"a body of more than {MAX_BODY} bytes", status=response.status
        )
    return Reply(response.status, response.headers, body)


def _failure(error: aiohttp.ClientError | OSError, proxy: Proxy | None = None) -> PortOneError:
    """Translate what aiohttp raises; its own text goes no further where it may quote a body."""
    name = type(error).__name__
    via = "" if proxy is None else f" through the proxy {proxy.name}"
    unsent: ConnectionFailedError | RequestTimeoutError
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ServerFingerprintMismatch():
            return CertificateError(f"the certificate does not hold{via} ({name})")
        case aiohttp.ConnectionTimeoutError():
            unsent = RequestTimeoutError(f"no connection{via} in time")
        case TimeoutError():
            return RequestTimeoutError(f"no answer{via} in time")
        case aiohttp.ClientConnectorError():
            unsent = ConnectionFailedError(f"no connection{via}: {error} ({name})")
        case UnsolicitedDataError():
            unsent = ConnectionFailedError("the server sent data before the request")
        case aiohttp.ClientPayloadError():
            return ConnectionFailedError(f"the answer broke off or was garbled on its way{via}")
        case aiohttp.ClientResponseError():
            return MalformedResponseError(f"what came back{via} is not HTTP")
        case _:
            return ConnectionFailedError(f"the connection{via} broke ({name})")
    unsent.was_sent = False
    return unsent
