"""The answers that the checks judge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

import msgspec
from msgspec import Struct, field

from portone_async._http.reply import Reply
from portone_async._redact import Secret
from portone_async.call import Call
from portone_async.errors import PortOneError, TransientError

from .json_values import array_of, object_of

__all__ = ("Evidence", "Exchange", "Received", "Recorder", "TokenAnswer", "Unknown")

_json = msgspec.json.Decoder(float_hook=Decimal)


class Received(Struct, frozen=True):
    """A reply. Its ``repr`` has no header and no body: they may hold a token."""

    reply: Reply
    seconds: float
    """From the request to the end of the reply."""
    at: float
    """Unix seconds of the local clock, when the reply had arrived."""
    is_of_token: bool
    """Whether it is the reply to ``POST /users/getToken``."""

    @property
    def body(self) -> Any:
        """The decoded body; ``None`` if it is not JSON."""
        try:
            return _json.decode(self.reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def header(self, name: str) -> str:
        """Return a header; empty if it is absent."""
        return self.reply.headers.get(name, "")

    def __repr__(self) -> str:
        return f"Received({self.reply.status})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("status", self.reply.status)]


class TokenAnswer(Struct, frozen=True):
    """A fetched token. Its ``repr`` omits it."""

    token: Secret
    expired_at: float
    now: float
    received: Received

    @property
    def left(self) -> float:
        """Seconds to the end of the token."""
        return self.expired_at - self.now

    def __repr__(self) -> str:
        return f"TokenAnswer({self.left})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("left", self.left)]


class Recorder(Struct):
    """All that was exchanged with PortOne."""

    sent: int = 0
    received: list[Received] = field(default_factory=list[Received])
    tls_versions: set[str] = field(default_factory=set[str])
    certificate_days: int | None = None
    """Days until the certificate ends."""
    connections: set[Any] = field(default_factory=set[Any])
    """The local addresses of the connections."""

    def __repr__(self) -> str:
        return f"Recorder({self.sent})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("sent", self.sent)]

    @property
    def tokens(self) -> list[TokenAnswer]:
        """The fetched tokens, in order."""
        return [
            TokenAnswer(token, expired_at, now, received)
            for received in self.received
            if received.is_of_token
            for token, expired_at, now in _token_of(received.body)
        ]


def _token_of(body: Any) -> list[tuple[Secret, float, float]]:
    response = object_of(object_of(body).get("response"))
    try:
        times = float(response["expired_at"]), float(response["now"])
        return [(Secret(response["access_token"]), *times)]
    except (KeyError, TypeError, ValueError):
        return []


class Exchange(Struct, frozen=True):
    """One call: the replies, and what the client made of them."""

    call: Call[Any]
    received: tuple[Received, ...]
    """The replies to its attempts, without those of the token."""
    error: PortOneError | None = None
    answer: Any = None
    """The decoded response, if the call succeeded."""

    def __repr__(self) -> str:
        return f"Exchange({self.call!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("call", self.call)]

    @property
    def status(self) -> int:
        """The HTTP status of the last reply; 0 without one."""
        return self.received[-1].reply.status if self.received else 0

    @property
    def first_status(self) -> int:
        """The HTTP status of the first reply; 0 without one."""
        return self.received[0].reply.status if self.received else 0

    @property
    def envelope(self) -> Mapping[str, Any]:
        """The envelope of the last reply; empty if it is not PortOne's."""
        body = object_of(self.received[-1].body if self.received else None)
        return body if "code" in body else {}

    @property
    def response(self) -> Any:
        """The ``response`` of the envelope; ``None`` without one."""
        return self.envelope.get("response")

    @property
    def records(self) -> list[dict[str, Any]]:
        """The objects of an array, or of a page."""
        response = self.response
        entries = array_of(object_of(response).get("list", response))
        return [entry for entry in map(object_of, entries) if entry]

    @property
    def is_broken(self) -> bool:
        """Whether PortOne did not answer: the network, an outage, or a rate limit."""
        return not self.received or isinstance(self.error, TransientError)


class Unknown(Struct, frozen=True):
    """Identifiers that exist nowhere."""

    order: str
    imp_uid: str
    customer_uid: str

    @classmethod
    def random(cls) -> Unknown:
        """Make identifiers that no shop has."""
        return cls(
            f"portone-async-doctor-{token_hex(8)}",
            f"imp_doctor{token_hex(6)}",
            f"portone-async-doctor-{token_hex(8)}",
        )


class Evidence(Struct):
    """All that was observed so far."""

    recorder: Recorder
    started_at: datetime
    """The local time, in UTC."""
    is_tls: bool = True
    """Whether ``base_url`` is https."""
    has_proxy: bool = False
    """Whether requests go through a proxy."""
    has_unused_proxy: bool = False
    """Whether the environment has a proxy, and requests do not go through it."""
    unknown: Unknown = field(default_factory=Unknown.random)
    exchanges: dict[str, tuple[Exchange, ...]] = field(
        default_factory=dict[str, tuple[Exchange, ...]]
    )
    """The calls of each probe, by its name."""

    def __repr__(self) -> str:
        return f"Evidence({sorted(self.exchanges)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("exchanges", sorted(self.exchanges))]

    def first(self, probe: str) -> Exchange | None:
        """Return the first call of a probe; ``None`` if it had nothing to look up."""
        return next(iter(self.exchanges.get(probe, ())), None)

    @property
    def sample(self) -> list[dict[str, Any]]:
        """The newest payments, as PortOne sent them."""
        recent = self.first("recent")
        return [] if recent is None else recent.records
