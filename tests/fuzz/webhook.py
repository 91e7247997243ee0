"""Fuzz webhook bodies: the result is an event, or one error that quotes nothing.

An input is the ``Content-Type`` (or an empty line), then the body.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from portone_async import InvalidWebhookError
from portone_async.webhook import MAX_BODY, WebhookEvent, parse_webhook

from .shape import assert_printable, copied

__all__ = ("check",)

_LONGEST = 400
_FORM = "application/x-www-form-urlencoded"
# Longer than any word of our own in a message.
_WORD = re.compile(rb"[0-9A-Za-z]{14,}")


def check(data: bytes) -> None:
    """Parse it, and hold the event against the body.

    Raises:
        AssertionError: It is not what this body may come to.
    """
    line, _, body = data.partition(b"\n")
    content_type = line.decode("latin-1").strip() or None
    try:
        event = parse_webhook(body, content_type)
    except InvalidWebhookError as error:
        _check_error(body, error)
    else:
        _check_event(body, content_type, event)


def _check_error(body: bytes, error: InvalidWebhookError) -> None:
    text = str(error)
    assert_printable(text, _LONGEST)
    assert not [word for word in _WORD.findall(body) if word.decode() in text]
    assert copied(error) == error


def _check_event(body: bytes, content_type: str | None, event: WebhookEvent) -> None:
    assert len(body) <= MAX_BODY
    for uid in (event.imp_uid, event.merchant_uid):
        assert uid not in ("", ".", "..")
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", uid)
    fields = _fields(body, content_type)
    assert (event.imp_uid, event.merchant_uid) == (fields["imp_uid"], fields["merchant_uid"])
    assert event.status == fields["status"]
    assert event.cancellation_id == (fields.get("cancellation_id") or None) or (
        event.cancellation_id == "" == fields["cancellation_id"]
    )
    # Whoever passes an event on gets the same one back.
    assert copied(event) == event
    assert parse_webhook(msgspec.json.encode(event), "application/json") == event


def _fields(body: bytes, content_type: str | None) -> dict[str, Any]:
    """Parse the body with another parser."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    kind = (content_type or "").partition(";")[0].strip().lower()
    is_json = kind.endswith(("/json", "+json")) or body.lstrip().startswith(b"{")
    if is_json and kind != _FORM:
        # Unknown fields are not decoded: neither their bytes nor their digits matter.
        decoded: dict[str, Any] = json.loads(
            body.decode(errors="surrogateescape"), parse_int=str, parse_float=str
        )
        return decoded
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return {_unquoted(name): _unquoted(value) for name, _, value in pairs if value}


def _unquoted(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode()
