"""Check that aiohttp has the private names that this package relies on.

If a later aiohttp renames one, a guard would silently be gone: a ``getattr()`` with a default finds
nothing to check, an attribute that is set has no effect, an overridden method is never called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Never

import aiohttp
from aiohttp import BaseConnector, ClientRequest, ClientSession, ServerDisconnectedError
from aiohttp.client_proto import ResponseHandler

from portone_async.errors import UnsupportedVersionError

__all__ = ("check_hooks", "is_of_aiohttp", "private")

_checked: set[object] = set()
"""The versions of ``ClientSession._request`` that call ``_Request.send()``."""


def private(owner: Any, name: str) -> Any:
    """Return a private attribute of an object of aiohttp.

    Raises:
        UnsupportedVersionError: This aiohttp has no such attribute.
    """
    try:
        return getattr(owner, name)
    except AttributeError:
        kind = owner if isinstance(owner, type) else type(owner)
        raise _unsupported(f"it has no {kind.__name__}.{name}") from None


def check_hooks(make_session: Callable[[BaseConnector], ClientSession]) -> None:
    """Check that aiohttp calls ``send()`` of a request class, with a request that goes nowhere.

    Its connection breaks as soon as ``send()`` looks at it. So nothing can have been written
    before, and aiohttp must not retry after that.

    Args:
        make_session: Creates a session with a connector, as for real requests.

    Raises:
        UnsupportedVersionError: ``send()`` was not called, or the request was retried.
    """
    private(ClientRequest, "send")
    private(ResponseHandler, "should_close")
    request = inspect.unwrap(private(ClientSession, "_request"))
    # A mock that replaces it in a test (such as aioresponses) sends nothing through aiohttp.
    if request in _checked or not is_of_aiohttp(request):
        return
    connector = _Nowhere()
    session = make_session(connector)
    session.trace_configs.clear()  # Of monitoring, for which this is not a request.
    try:
        ended = _run_at_once(request(session, "GET", "http://localhost/"))
    finally:
        session.detach()
    if ended is None or not issubclass(ended, _LookedAtError):
        raise _unsupported("it does not call ClientRequest.send() before it sends a request")
    if connector.connections != 1:
        raise _unsupported("it sends a request twice in spite of ClientSession._retry_connection")
    _checked.add(request)


class _LookedAtError(ServerDisconnectedError):
    """``send()`` was called, and the connection broke: aiohttp may retry after this error."""


class _Nowhere(BaseConnector):
    """A connector that counts its connections; each breaks when ``send()`` looks at it."""

    connections = 0

    async def connect(self, *_: Any, **__: Any) -> Any:
        self.connections += 1
        return _Breaking()


class _Breaking:
    """A connection, and its protocol."""

    @property
    def protocol(self) -> _Breaking:
        return self

    @property
    def should_close(self) -> Never:
        raise _LookedAtError

    def set_response_params(self, **_: Any) -> None: ...

    def close(self) -> None: ...


def _run_at_once(request: Any) -> type[BaseException] | None:
    """Run a coroutine that does not wait; return the class of its exception.

    Not the exception itself: its traceback would keep the frames of the caller, and the client
    with them, in a reference cycle.
    """
    try:
        request.send(None)
    except Exception as error:  # noqa: BLE001 (any other exception means that aiohttp has changed)
        return type(error)
    request.close()
    return None


def is_of_aiohttp(function: Any) -> bool:
    """Return whether a function is aiohttp's own code."""
    own: Any = ClientSession.closed
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == own.fget.__code__.co_filename


def _unsupported(why: str) -> UnsupportedVersionError:
    return UnsupportedVersionError(f"aiohttp {aiohttp.__version__} cannot be used: {why}")
