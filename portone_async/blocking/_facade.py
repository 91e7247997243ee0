"""The parts of the blocking client that are not made from the asynchronous one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, cast

from portone_async import client as asynchronous
from portone_async._core.environment import hide_urls
from portone_async.errors import InvalidRequestError

from ._engine import Engine

if TYPE_CHECKING:
    from .client import ClientOptions

__all__ = ("Facade", "constructed")

C = TypeVar("C")
T = TypeVar("T")


class Facade:
    """A blocking client, without the methods of the API."""

    _engine: Engine

    @property
    def _async(self) -> asynchronous.PortOneClient:
        return self._engine.client

    def run(self, function: Callable[[asynchronous.PortOneClient], Coroutine[Any, Any, T]]) -> T:
        """Run an async function with the asynchronous client, in the background event loop.

        It serves what has no blocking form, as an async function of your own:

        ```python
        summary = client.run(lambda client: join_partitions(client, ledger))
        ```

        Args:
            function: Called with the asynchronous client of this process; returns the coroutine.

        Returns:
            What the coroutine returns.

        Raises:
            InvalidRequestError: ``function`` returns no coroutine.
        """
        coroutine = function(self._async)
        if not asyncio.iscoroutine(cast("object", coroutine)):
            raise InvalidRequestError("run() needs an async function, or one that calls it")
        return self._engine.run(coroutine)

    def _view(
        self, derive: Callable[[asynchronous.PortOneClient], asynchronous.PortOneClient]
    ) -> Self:
        view = object.__new__(type(self))
        view._engine = self._engine.derived(derive)
        return view

    def close(self) -> None:
        """Close what this client has opened. Idempotent; a view closes nothing.

        Calls of other threads that are in flight end with :class:`ClientClosedError`; a refund or
        a charge that was sent ends with :class:`OutcomeUnknownError`, after 15 seconds at most.
        A throttle that was passed in stays open. A client that is not closed is closed at the exit
        of the interpreter, in each process for itself.
        """
        self._engine.close()

    def __enter__(self) -> Self:
        self._engine.run(self._async.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds keys and connections: make one in each process")

    def __repr__(self) -> str:
        # A traceback may show a client whose constructor has not ended.
        engine = getattr(self, "_engine", None)
        if engine is None:
            return f"<blocking.{type(self).__name__}>"
        closed = " closed" if engine.is_closed else ""
        return f"<blocking.{type(self).__name__} {engine.client._state.base_url}{closed}>"


def constructed(kind: type[C], name: str, options: ClientOptions, *arguments: Any) -> C:
    """Construct a client as a class method of the asynchronous one does."""
    hide_urls(options)
    method: Any = vars(asynchronous.PortOneClient)[name]
    client: C = method.__func__(kind, *arguments, **options)
    return client
