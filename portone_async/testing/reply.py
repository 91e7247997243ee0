"""Replies of the fake, in the formats of PortOne and its Apache."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

__all__ = (
    "Reply",
    "encoded_envelope",
    "envelope",
    "failure",
    "html_page",
    "php_json",
    "php_json_each",
    "unauthorized",
)

_PHP_ESCAPES = "portone_async.testing.php_escapes"

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=iso-8859-1"

_EXPLANATIONS = {
    404: "The requested URL was not found on this server.",
    405: "The requested method is not allowed for this URL.",
    414: "The requested URL's length exceeds the capacity\nlimit for this server.",
    502: "The proxy server received an invalid\nresponse from an upstream server.",
    503: (
        "The server is temporarily unable to service your\n"
        "request due to maintenance downtime or capacity\n"
        "problems. Please try again later."
    ),
    504: "The gateway did not receive a timely response\nfrom the upstream server or application.",
}

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


class Reply(Struct, frozen=True):
    """An HTTP reply. Its ``repr`` shows only the status."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}
    sent: int | None = None
    """How many bytes of the body to send before the connection closes; ``None`` for all."""

    def head(self) -> bytes:
        """Return status line and headers, with the length of the whole body."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("status", self.status)]

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"


def envelope(
    response: Any, *, code: int = 0, message: str | None = None, status: int = 200
) -> Reply:
    """Build a reply in PortOne's envelope; ``code`` 0 means success."""
    body = php_json({"code": code, "message": message, "response": response})
    return Reply(status, body, {"Content-Type": JSON})


def encoded_envelope(response: bytes, *, status: int = 200) -> Reply:
    """Build the reply to a successful request around JSON that :func:`php_json` has made."""
    body = b'{"code":0,"message":null,"response":%b}' % response
    return Reply(status, body, {"Content-Type": JSON})


def failure(status: int, message: str, *, code: int = -1) -> Reply:
    """Build the reply for a request that PortOne refuses."""
    return envelope(None, code=code, message=message, status=status)


def unauthorized() -> Reply:
    """Build the reply to a missing, wrong or expired token."""
    return failure(401, "Unauthorized")


def html_page(status: int) -> Reply:
    """Build an error page of Apache, which runs in front of PortOne's application."""
    phrase = _phrase(status)
    explanation = _EXPLANATIONS.get(status, "The server could not serve your request.")
    page = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
        f"<html><head>\n<title>{status} {phrase}</title>\n</head><body>\n"
        f"<h1>{phrase}</h1>\n<p>{explanation}</p>\n</body></html>\n"
    )
    return Reply(status, page.encode(), {"Content-Type": HTML})


def php_json(value: Any) -> bytes:
    r"""Encode as PHP's ``json_encode`` does: ``\uXXXX`` and ``\/``; keys alphabetical.

    A ``Decimal`` becomes a number with exactly its digits.
    """
    return _with_escapes(_encoder.encode(value))


def php_json_each(values: Sequence[Any]) -> list[bytes]:
    """Encode each value as :func:`php_json` does, much faster than one by one."""
    # A line break inside a string is encoded as \\n.
    return _with_escapes(_encoder.encode_lines(values)).split(b"\n")[:-1]


def _with_escapes(text: bytes) -> bytes:
    # "/" and non-ASCII occur only inside strings, so the text can be edited as a whole.
    text = text.replace(b"/", b"\\/")
    return text if text.isascii() else text.decode().encode("ascii", _PHP_ESCAPES)


@lru_cache(maxsize=1024)  # a page repeats a few words a thousand times
def _escaped(text: str) -> str:
    units = text.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return _escaped(error.object[error.start : error.end]), error.end


# A codec error handler is several times as fast as a regular expression here.
codecs.register_error(_PHP_ESCAPES, _escape)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
