"""What this package relies on inside of aiohttp: checked, and refused in words where it is missing.

A private name that a later aiohttp renames would silently take a guard away: a ``getattr()`` with
a default finds nothing to check, an attribute that is set has no effect, an overridden method is
never called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Never

import aiohttp
from aiohttp import BaseConnector, ClientRequest, ClientSession, ServerDisconnectedError
from aiohttp.client_proto import ResponseHandler

from portone_async.errors import UnsupportedVersionError

__all__ = ("check_hooks", "private")

_checked: set[object] = set()
"""The versions of ``ClientSession._request`` that were found to call our hook."""


def private(owner: Any, name: str) -> Any:
    """Return a private attribute of an object of aiohttp's.

    Raises:
        UnsupportedVersionError: This aiohttp has none of that name.
    """
    try:
        return getattr(owner, name)
    except AttributeError:
        kind = owner if isinstance(owner, type) else type(owner)
        raise _unsupported(f"it has no {kind.__name__}.{name}") from None


def check_hooks(make_session: Callable[[BaseConnector], ClientSession]) -> None:
    """Make one request that goes nowhere, to see that aiohttp calls our request's ``send``.

    The request meets a connection that breaks as soon as ``send`` looks at it. So nothing else
    may have been written before, and nothing may be tried again after that.

    Args:
        make_session: Makes a session on this connector, as all of ours are made.

    Raises:
        UnsupportedVersionError: It was not called, or the request was made a second time.
    """
    private(ClientRequest, "send")
    private(ResponseHandler, "should_close")
    request = inspect.unwrap(private(ClientSession, "_request"))
    # A mock that replaces it in a test (such as aioresponses) sends nothing through aiohttp.
    if request in _checked or not _is_of_aiohttp(request):
        return
    connector = _Nowhere()
    session = make_session(connector)
    session.trace_configs.clear()  # Monitoring adds its own; this is not a request to be seen.
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
    """The hook was called; and a connection broke, after which aiohttp may try again."""


class _Nowhere(BaseConnector):
    """Counts the connections that it is asked for; each breaks when it is looked at."""

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
    """Run a coroutine that waits for nothing; return the class of what it raises.

    Not the error itself: its traceback would keep every frame from here up in a reference cycle,
    the client's own among them.
    """
    try:
        request.send(None)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is not what was expected)
        return type(error)
    request.close()
    return None


def _is_of_aiohttp(function: Any) -> bool:
    """Whether it is aiohttp's own code, however that is packed."""
    own: Any = ClientSession.closed
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == own.fget.__code__.co_filename


def _unsupported(why: str) -> UnsupportedVersionError:
    return UnsupportedVersionError(f"aiohttp {aiohttp.__version__} cannot be used: {why}")
