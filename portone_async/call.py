"""An operation of the API as a value: the request, and the rules for its response. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec import Struct, field

from ._redact import Secret
from ._target import quoted, quoted_path, quoted_query, validate_identifier
from ._worded import Worded
from .errors import ApiError, InvalidRequestError, PortOneError

__all__ = (
    "SUCCESS",
    "Call",
    "Caller",
    "Failure",
    "QueryValue",
    "Repeat",
    "quoted",
    "validate_identifier",
)

T = TypeVar("T")

QueryValue: TypeAlias = str | int | bool | datetime
"""A query parameter: text, a number, a flag, or a time with a time zone."""

SUCCESS = frozenset(range(200, 300)) - {207}
"""HTTP statuses of a whole success. A 207 (Multi-Status) reports that a part has failed."""

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Failure(Struct, frozen=True):
    """A failure that PortOne reports: an envelope whose ``code`` is not 0."""

    status: int
    """The HTTP status; 200 is as usual as an error status."""
    code: int
    message: str | None
    """PortOne's message, in Korean. It may name a person: do not print it."""

    def __repr__(self) -> str:
        return f"Failure({self.status}, {self.code})"


class Repeat(Enum):
    """What a second request of an operation does, if the first one may have been processed."""

    READ = "read"
    """Nothing: it changes nothing at PortOne."""
    SET = "set"
    """It leaves the same state."""
    GUARDED = "guarded"
    """PortOne refuses it, or it does no harm: look up what the first one did."""
    UNSAFE = "unsafe"
    """It may move money twice, or leave something twice: look up before any repetition."""


# `Call` is keyword-only but for these fields, which a Struct has to inherit to keep them positional.
class _Operation(Struct, Generic[T], frozen=True):
    method: str
    """``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``."""
    route: str
    """The path's template, as in ``/payments/find/{merchant_uid}``."""
    response: type[T]
    """The type of the envelope's ``response``: a Struct, ``dict``, ``list[...]``, any type that
    msgspec decodes; ``NoneType`` where nothing is read, whatever it is. Numbers and times in
    strings are decoded as the type requires."""


class Call(_Operation[T], Generic[T], frozen=True, kw_only=True):
    """One call of one operation, also of one that this package does not wrap.

    ```python
    class Holder(msgspec.Struct):
        bank_holder: str

    query = {"bank_code": "004", "bank_num": "00000000000000"}
    holder = await client.call(Call("GET", "/vbanks/holder", Holder, query=query))
    ```
    """

    path: Mapping[str, str] | None = None
    """A value for each ``{name}`` of the route, not quoted."""
    # Not `QueryValue`: an editor would show that name only.
    query: (
        Mapping[str, str | int | bool | datetime]
        | Sequence[tuple[str, str | int | bool | datetime]]
        | None
    ) = None
    """Parameters, in order; pairs, where one is repeated (``imp_uid[]``).

    They are encoded as the API documents it: ``True`` as ``true``, a time as whole Unix seconds,
    rounded down. A float, ``None`` and a time without a time zone are rejected.
    """
    body: Any = None
    """The body, sent as JSON; ``None`` for no body."""
    identifiers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Identifiers of the request that an error may name, as in ``{"imp_uid": "imp_1"}``. Any
    other value of a call may be secret or about a person, and is never printed."""
    success: Collection[int] = SUCCESS
    """The HTTP statuses of a whole success; any other 2xx is an error. Add 207 only where
    ``response`` and ``check`` report the part that failed: its ``code`` is not documented
    (``doctor``: ``batch-partial``), and does not count."""
    partial: Collection[int] = ()
    """The HTTP statuses of a partial success whose ``response`` lists what succeeded. It is
    returned whatever ``code`` is, which PortOne does not document (``doctor``:
    ``batch-partial``), and ``check`` is not applied."""
    check: Callable[[T], str | None] | None = None
    """Returns why a decoded response does not answer the request; ``None`` when it does."""
    classify: Callable[[Failure], type[ApiError] | None] | None = None
    """Returns the error class for a failure that PortOne reports; ``None`` for the usual one.

    PortOne reports that something does not exist by HTTP 404 or by HTTP 200 with a ``code``, and
    gateways answer with a 404, too: decide by PortOne's message. A 401 is about the token, and is
    left to the client.
    """
    errors: Mapping[int, type[ApiError]] | None = None
    """The error class for an HTTP status, where ``classify`` returned none."""
    advice: Mapping[type[PortOneError], str] = field(default_factory=dict[type[PortOneError], str])
    """What to do about an error of a class, where it is not the usual :attr:`PortOneError.advice`."""
    quotable: bool | None = None
    """Whether an error may quote the beginning of a body that is not JSON. Where it may not,
    long words are taken out of a failure, and nothing of a success is quoted: it may be a token.
    ``None``: only that of a GET."""
    idempotent: bool | None = None
    """Whether sending it twice does what sending it once does: then it is retried. ``None``: what
    ``repeat`` implies; anything else is retried only when it surely never reached the server."""
    repeat: Repeat | None = None
    """What a second request does; ``None``: ``READ`` for a GET, ``UNSAFE`` for anything else."""
    secrets: Collection[str] = ()
    """Values of the request that are secret or about a person: removed from the texts of errors,
    in case the response repeats them."""
    authenticated: bool = True
    """Whether the token is sent with it. Only the fetch of the token itself needs none."""

    @property
    def endpoint(self) -> str:
        """Method and route, without values: for logs and metrics."""
        return f"{self.method} {self.route}"

    @property
    def is_idempotent(self) -> bool:
        """Whether it may be sent again although the first request may have been processed."""
        if self.idempotent is not None:
            return self.idempotent
        if self.repeat is None:
            return self.method == "GET"
        return self.repeat in (Repeat.READ, Repeat.SET)

    @property
    def is_quotable(self) -> bool:
        """Whether an error may quote a body of this call."""
        return self.method == "GET" if self.quotable is None else self.quotable

    def advice_for(self, error: PortOneError) -> str:
        """Return what to do about an error: the call's own advice, or the usual one."""
        if not self.advice:
            return error.advice
        return next(
            (self.advice[kind] for kind in type(error).__mro__ if kind in self.advice), error.advice
        )

    def target(self) -> str:
        """Return the quoted request target, as in ``/payments/find/a%2Bb?sorting=-paid``.

        Raises:
            InvalidRequestError: The values do not match the route, or cannot be sent.
        """
        if self.method not in _METHODS:
            raise InvalidRequestError(
                Worded("method must be one of {methods}", methods=", ".join(sorted(_METHODS)))
            )
        path = quoted_path(self.route, self.path or {})
        query = quoted_query(self.query) if self.query else ""
        return f"{path}?{query}" if query else path

    def payload(self) -> bytes | None:
        """Return the body in JSON.

        Raises:
            InvalidRequestError: It cannot be encoded.
        """
        if self.body is None:
            return None
        try:
            return _encoder.encode(self.body)
        except (TypeError, ValueError, RecursionError) as error:
            problem = type(error).__name__
        raise InvalidRequestError(f"body cannot be encoded as JSON ({problem})")

    def __repr__(self) -> str:
        # The values of a call, its body above all, may be secret or about a person.
        return f"Call({self.method!r}, {self.route!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("route", self.route)]


class Caller(Protocol):
    """Makes calls: the client, as resources see it."""

    async def call(self, call: Call[T], /) -> T:
        """Make a call and return its decoded response."""
        ...

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        """Let one task at a time into blocks of the same name."""
        ...


def _plain(value: object) -> str:
    """Return a text that msgspec encodes: it knows no subclass of ``str``."""
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
