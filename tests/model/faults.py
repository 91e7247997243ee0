"""Faults of one request between a client and PortOne."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from portone_async import ConnectionFailedError, PortOneError, RequestTimeoutError
from portone_async.testing import Reply
from portone_async.testing.reply import envelope, failure, html_page, unauthorized

__all__ = ("KINDS", "LATEST", "Fault", "Kind", "TransportOutcome")

TransportOutcome: TypeAlias = Reply | PortOneError | None
"""What the client's transport returns; ``None`` for nothing until its deadline."""

LATEST = 60.0
"""The longest delay of late processing, in seconds: less than the window in which clients look."""


class Fault(Struct, frozen=True, omit_defaults=True):
    """The fault of one request, and what follows it."""

    kind: str = "none"
    seconds: float = 0.0
    """For late processing: how long after its arrival the request is processed."""
    outage: float = 0.0
    """Seconds after the fault during which the look-ups of the same job fail, too."""


class Kind(Struct, frozen=True):
    """What the server does with a request, and what reaches the client."""

    processed: int
    """How often the server processes it before the answer."""
    answer: Callable[[Reply], TransportOutcome]
    """From the right reply to what the client gets."""
    is_open: bool = False
    """Whether the client cannot know from the answer if the request was processed."""
    is_late: bool = False
    """Whether the server processes it later, after the answer."""


def _unsent(error: ConnectionFailedError | RequestTimeoutError) -> PortOneError:
    error.was_sent = False
    return error


def _broken(_: Reply) -> PortOneError:
    return ConnectionFailedError("the connection broke")


def _page(status: int) -> Callable[[Reply], Reply]:
    return lambda _: html_page(status)


def _json_500(_: Reply) -> Reply:
    return failure(500, "일시적인 오류입니다.")


def _other_json(_: Reply) -> Reply:
    return Reply(200, codecs.BOM_UTF8 + b'{"result": "accepted"}')


KINDS: dict[str, Kind] = {
    "none": Kind(1, lambda reply: reply),
    # The request never leaves the client.
    "refused": Kind(0, lambda _: _unsent(ConnectionFailedError("no connection"))),
    "no connection": Kind(0, lambda _: _unsent(RequestTimeoutError("no connection in time"))),
    # It is refused before it is processed.
    "401": Kind(0, lambda _: unauthorized()),
    "429": Kind(0, lambda _: Reply(429, b"Too Many Requests", {"Retry-After": "1"})),
    "code -1": Kind(0, lambda _: failure(200, "일시적인 오류입니다.")),
    # It is not processed, which the answer does not show.
    "503 before": Kind(0, _page(503), is_open=True),
    "reset before": Kind(0, _broken, is_open=True),
    "hang before": Kind(0, lambda _: None, is_open=True),
    "page before": Kind(0, _page(200), is_open=True),
    "other JSON before": Kind(0, _other_json, is_open=True),
    "JSON 500 before": Kind(0, _json_500, is_open=True),
    # It is processed, which the answer does not show.
    "503 after": Kind(1, _page(503), is_open=True),
    "reset after": Kind(1, _broken, is_open=True),
    "hang after": Kind(1, lambda _: None, is_open=True),
    "cut": Kind(1, lambda _: ConnectionFailedError("the response was cut short"), is_open=True),
    "cut JSON": Kind(1, lambda reply: Reply(200, reply.body[:-2]), is_open=True),
    "page after": Kind(1, _page(200), is_open=True),
    "other JSON after": Kind(1, _other_json, is_open=True),
    "empty response": Kind(1, lambda _: envelope(None), is_open=True),
    "JSON 500 after": Kind(1, _json_500, is_open=True),
    # It is processed a while after the answer.
    "late 504": Kind(0, _page(504), is_open=True, is_late=True),
    "late reset": Kind(0, _broken, is_open=True, is_late=True),
    "late hang": Kind(0, lambda _: None, is_open=True, is_late=True),
    # It is processed twice.
    "twice": Kind(2, lambda reply: reply),
    "twice, reset": Kind(2, _broken, is_open=True),
}
