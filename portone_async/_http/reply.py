"""Parse a reply into the response of its call, or into an error. Pure.

Every status with any bytes ends in one of the two. Errors are returned, not raised, so that no
frame of a traceback holds a body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import NoneType
from typing import Annotated, Any, Generic, TypeVar, get_origin

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from portone_async._redact import Redactor, excerpt, host, printable, without_long_words
from portone_async._worded import Worded
from portone_async.call import Call, Failure
from portone_async.errors import (
    ApiError,
    InvalidRequestError,
    MalformedResponseError,
    PortOneError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from portone_async.models._listing import Listing, from_wire, wire_types
from portone_async.models._record import Record, attach_raw, redacted_message
from portone_async.models._salvage import Reader, reader_for, shallow

from .decoders import FirstOf
from .pg_error import pg_error

__all__ = ("Reply", "parse", "validate_response_type")

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
# JSON has integers of any length: one of 4,000 digits is not a code, and would fill a log line.
_Code = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_MULTI_STATUS = 207
# Temporary failures (RFC 9110, 8470).
_UNAVAILABLE = frozenset({408, 425, 500, 502, 503, 504})


class Reply(Struct, frozen=True):
    """One HTTP reply with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    problem: str | None = None
    """Why its body was not read, in a sentence."""

    def __repr__(self) -> str:
        return f"Reply({self.status})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("status", self.status)]


class _Envelope(Struct, Generic[T]):
    code: _Code
    response: T
    message: str | None = None


class _Failure(Struct):
    """An envelope with any ``response``, or none."""

    code: _Code
    message: str | None = None
    response: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


@lru_cache(maxsize=256)
def _decoder(
    response: Any,
) -> msgspec.json.Decoder[_Envelope[Any]] | msgspec.json.Decoder[_Failure] | FirstOf:
    if response is NoneType:
        return _failure_decoder
    envelope: Any = _Envelope
    envelopes = [envelope[kind] for kind in wire_types(response)]
    if len(envelopes) > 1:
        return FirstOf(envelopes)
    return msgspec.json.Decoder(envelopes[0], strict=False)


_failure_decoder = msgspec.json.Decoder(_Failure, strict=False)
_raw_decoder = msgspec.json.Decoder(_Envelope[Raw], strict=False)


def validate_response_type(response: Any) -> None:
    """Reject a type that msgspec cannot decode, before a request is sent.

    Raises:
        InvalidRequestError: msgspec cannot decode it.
    """
    try:
        _decoder(response)
    except TypeError as error:
        problem = str(error)
    else:
        return
    raise InvalidRequestError(f"response: {problem}")


def parse(call: Call[T], reply: Reply, redact: Redactor = str) -> T | PortOneError:
    """Return the response of ``call``, or the error for its reply.

    ``redact`` removes secrets from every quoted text, before it is cut.
    """
    is_partial = reply.status in call.partial
    if reply.problem is not None or not (is_partial or reply.status in call.success):
        return _failure(call, reply, redact)
    body = reply.body.removeprefix(_BOM)
    response: Any = call.response
    try:
        if not body.isascii():
            # msgspec skips unknown fields without decoding them, but `raw` decodes them.
            body.decode()
        envelope = _decoder(response).decode(body)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        # Another ValueError than that of the body's text is a time in the year 10000.
        salvaged = None
        if not isinstance(error, UnicodeDecodeError):
            salvaged = _salvaged(call, reply, body, redact)
        return _undecodable(call, reply, error, redact) if salvaged is None else salvaged
    except Exception as error:  # noqa: BLE001 (a Struct of the caller may raise anything)
        return _undecodable(call, reply, error, redact)
    if envelope.code != 0 and not _has_any_code(reply, is_partial):
        return _failure(call, reply, redact)
    answer: Any = None if call.response is NoneType else from_wire(response, envelope.response)
    problem = None if is_partial else _check(call, answer)
    if problem is not None:
        return UnexpectedResponseError(problem, status=reply.status)
    if isinstance(answer, Record):
        attach_raw(answer, body)
    else:
        _attach_raw_to_each(answer, body)
    return answer  # type: ignore[no-any-return]  # it was decoded as the call's type


def _has_any_code(reply: Reply, is_partial: bool) -> bool:
    """Return whether a success may have any code.

    PortOne does not document that of a 207 (``doctor``: ``batch-partial``).
    """
    return is_partial or reply.status == _MULTI_STATUS


def _salvaged(
    call: Call[T], reply: Reply, body: bytes, redact: Redactor
) -> T | PortOneError | None:
    """Read the readable fields of a record or of records; ``None`` for any other response."""
    response: Any = call.response
    reader = reader_for(response)
    if reader is None:
        return None
    is_partial = reply.status in call.partial
    try:
        any_code = _has_any_code(reply, is_partial)
        answer = _read_loosely(reader, body, redact, any_code=any_code)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(answer, UnexpectedResponseError):
        answer.status = reply.status
        problem = _is_of_another(call, answer)
    else:
        problem = None if answer is None or is_partial else _check(call, answer)
    return answer if problem is None else UnexpectedResponseError(problem, status=reply.status)


def _read_loosely(reader: Reader, body: bytes, redact: Redactor, *, any_code: bool) -> Any:
    """Read the readable part of a response, without the values that are nested too deeply."""
    try:
        return _read_response(reader, body, redact, any_code=any_code)
    except RecursionError:
        flat = shallow(body, reader.depth)
        return _read_response(reader, flat, redact, any_code=any_code)


def _read_response(reader: Reader, body: bytes, redact: Redactor, *, any_code: bool) -> Any:
    """Read the response of a success, or of one with any code; ``None`` for a failure."""
    envelope = _raw_decoder.decode(body)
    is_success = any_code or envelope.code == 0
    return reader.read(bytes(envelope.response), redact) if is_success else None


def _is_of_another(call: Call[Any], error: UnexpectedResponseError) -> str | None:
    """Return why the one record that cannot be read is not the requested one."""
    if get_origin(call.response) is not None:
        return None
    (record,) = error.unreadable
    for name, uid in record.identifiers.items():
        if uid is not None and call.identifiers.get(name, uid) != uid:
            return f"PortOne answered with a {record.noun} of another {name}"
    return None


def _check(call: Call[T], answer: T) -> str | None:
    """Return why the response does not answer the request. A traceback would show the response."""
    if call.check is None:
        return None
    try:
        return call.check(answer)
    except Exception as error:  # noqa: BLE001 (a function of the caller)
        return f"the check of this call raised {type(error).__name__}"


def _attach_raw_to_each(answer: Listing[Any, Any] | list[Any] | None, body: bytes) -> None:
    """Store the body as the source of each record, if the answer is a list."""
    if isinstance(answer, Listing):
        answer = [*answer.list]
    if isinstance(answer, list):
        for index, record in enumerate(answer):
            if isinstance(record, Record):
                attach_raw(record, body, index)


def _undecodable(call: Call[Any], reply: Reply, error: Exception, redact: Redactor) -> PortOneError:
    """Return the error for a 2xx that is not the expected envelope."""
    failure, is_json = _decoded_failure(reply)
    if not is_json:
        return MalformedResponseError(
            Worded(
                "HTTP {status} with a body that is not JSON, or is truncated", status=reply.status
            ),
            status=reply.status,
            # It may hold a secret that is not known yet: that of getToken is a token.
            excerpt=excerpt(reply.body, redact) if call.is_quotable else None,
        )
    if failure is not None and failure.code != 0:
        return _failure(call, reply, redact)
    return UnexpectedResponseError(
        Worded(
            "HTTP {status} with JSON of another schema: {path}",
            status=reply.status,
            path=_error_path(error),
        ),
        status=reply.status,
    )


def _failure(call: Call[Any], reply: Reply, redact: Redactor) -> PortOneError:
    """Return the error for a reply that is not a success."""
    if reply.problem is not None:
        return UnexpectedResponseError(reply.problem, status=reply.status)
    if not call.is_quotable:
        redact = without_long_words(redact)
    status = reply.status
    if 300 <= status < 400:
        elsewhere = host(reply.headers.get("Location", ""), redact)
        return UnexpectedResponseError(
            Worded(
                "HTTP {status}, a redirect{to}; it was not followed, since the request carries a token",
                status=status,
                to=Worded(" to {host}", host=elsewhere) if elsewhere else "",
            ),
            status=status,
        )
    failure, _ = _decoded_failure(reply)
    if failure is not None and failure.code == 0:
        failure = None  # An error status with a success inside explains nothing.
    kind = _error_class(call, status, failure)
    if isinstance(kind, str):
        return UnexpectedResponseError(kind, status=status, excerpt=excerpt(reply.body, redact))
    if failure is None:
        reason = Worded("HTTP {status} without a PortOne response envelope", status=status)
    else:
        reason = Worded(
            "{status}, code {code}: {message}",
            status=status,
            code=failure.code,
            message=printable(failure.message, redact) if failure.message else Worded("no message"),
        )
    pg_code, pg_message = pg_error(UNSET if failure is None else failure.error, redact)
    if pg_code is not None or pg_message is not None:
        reason = Worded(
            "{reason} (the PG reports {code}: {message})",
            reason=reason,
            code=pg_code,
            message=pg_message,
        )
    error = kind(
        reason,
        status=status,
        excerpt=excerpt(reply.body, redact),
        code=None if failure is None else failure.code,
        message=None if failure is None else failure.message,
        retry_after=retry_after(reply.headers),
    )
    error.pg_code, error.pg_message = pg_code, pg_message
    return error


def _error_class(call: Call[Any], status: int, failure: _Failure | None) -> type[ApiError] | str:
    """Choose the error class for a failure; or return the reason why the reply cannot be trusted."""
    kind = None if failure is None else _classified(call, status, failure)
    if kind is not None:
        return kind
    if status == 429:
        return RateLimitedError
    if status in _UNAVAILABLE:
        return ServerError
    if status == 404 and (failure is None or failure.response is UNSET):
        # A wrong base_url or a gateway answers so to every request.
        return Worded("HTTP 404 that does not come from PortOne")
    if failure is None and 200 <= status < 300:
        return Worded("HTTP {status} is not a whole success of this call", status=status)
    usual = UnauthorizedError if status == 401 else ApiError
    return (call.errors or {}).get(status, usual)


def _classified(call: Call[Any], status: int, failure: _Failure) -> type[ApiError] | str | None:
    """Let the call choose the error class. What raises here would show the message in a traceback."""
    if call.classify is None:
        return None
    try:
        return call.classify(Failure(status, failure.code, failure.message))
    except Exception as error:  # noqa: BLE001 (a function of the caller)
        return f"the classify function of this call raised {type(error).__name__}"


def _decoded_failure(reply: Reply) -> tuple[_Failure | None, bool]:
    """Return the envelope of a failure, if it is one, and whether the body is JSON at all."""
    try:
        text = reply.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, False
    try:
        return _failure_decoder.decode(text), True
    except (msgspec.ValidationError, RecursionError):
        pass
    except msgspec.DecodeError:
        return None, False
    try:
        # The decoder stops at the first wrong type: the rest may be truncated.
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None, False
    except RecursionError:
        pass
    return None, True


def _error_path(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return redacted_message(error)
    return type(error).__name__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``; ``None`` if it is absent or invalid.

    Seconds in digits, or an HTTP date (RFC 9110, 10.2.3), which is compared with the reply's own
    ``Date``: the local clock may be wrong.
    """
    value = headers.get("Retry-After", "").strip()
    # More digits are not a meaningful time.
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    now = headers.get("Date", "")
    try:
        seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, seconds)
