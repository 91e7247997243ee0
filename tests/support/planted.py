"""What is radioactive, planted; and the places in which it must not show up again."""

from __future__ import annotations

import gc
import io
import json
import pickle
import pprint
import traceback
from collections.abc import Iterator
from types import FrameType, ModuleType, TracebackType
from typing import Any
from urllib.parse import quote

from rich.pretty import pretty_repr
from rich.traceback import Traceback

from portone_async.testing import FakePortOne

TOKEN = "planted-token-0123456789"
KEY, SECRET = "planted-imp-key-0123456789", "planted-imp-secret-0123456789"
BUYER = {
    "buyer_name": "심어둔이름",
    "buyer_email": "planted@example.com",
    "buyer_tel": "010-9999-8888",
    "buyer_addr": "심어둔 주소 1길",
    "card_number": "9999********8888",
    "custom_data": '{"memo":"심어둔 메모"}',
}
REASONS = ("심어둔 취소 사유", "심어둔입금자", "심어둔 메모")
"""What a person wrote into a cancellation, who made a deposit, and what is in the memo above."""


def server() -> FakePortOne:
    """A fake with the planted keys: add payments with the planted buyer."""
    return FakePortOne(imp_key=KEY, imp_secret=SECRET)


def shown(error: BaseException) -> Iterator[str]:
    """Everything that a person, a log or an error tracker gets to see of an error."""
    yield from looks(error)
    yield repr(vars(error))
    yield from (f"{value}" for value in reachable(error))
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield "".join(captured.format())
    out = io.StringIO()
    traceback.print_exception(error, file=out)
    yield out.getvalue()
    # Its own way of showing local variables: in it, long text is cut before it is quoted.
    extracted = Traceback.extract(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=80
    )
    frames = [frame for stack in extracted.stacks for frame in stack.frames]
    yield "".join(str(node) for frame in frames for node in (frame.locals or {}).values())


def looks(value: object) -> Iterator[str]:
    """What the usual ways to show an object make of it."""
    yield repr(value)
    yield str(value)
    yield f"{value}"
    yield f"{[value]}"
    yield pprint.pformat(value)
    yield pretty_repr(value, max_string=20)


def pickled(error: BaseException) -> Iterator[str]:
    """An error as another process gets it."""
    for protocol in (0, pickle.HIGHEST_PROTOCOL):
        text = pickle.dumps(error, protocol)
        yield text.decode("latin-1")
        yield text.decode("utf-8", "replace")
        # The oldest one spells out what is not ASCII.
        yield text.decode("raw_unicode_escape", "replace")


def reachable(error: BaseException) -> Iterator[str]:
    """All text that hangs on an error and on those behind it, but for what its frames hold."""
    # Frames lead to the tests themselves; what they show is looked at elsewhere.
    beyond = (type, ModuleType, FrameType, TracebackType)
    seen: dict[int, object] = {}
    waiting: list[Any] = [error]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, beyond) or callable(value):
            continue
        seen[id(value)] = value
        if isinstance(value, str):
            yield str(value)
        elif isinstance(value, bytes | bytearray):
            yield value.decode("utf-8", "replace")
        else:
            waiting += gc.get_referents(value)
    assert len(seen) > 1


def assert_clean(*texts: str, error: BaseException | None = None, token: str | None = None) -> None:
    """Not in the tests themselves: their frames are looked through, too."""
    everything = list(texts)
    if error is not None:
        everything += [*shown(error), *pickled(error)]
    secrets = [KEY, SECRET, TOKEN, *BUYER.values(), *REASONS, *([token] if token else [])]
    spelled = {spelling for secret in secrets for spelling in spellings(secret)}
    assert everything
    assert not [secret for text in everything for secret in spelled if secret in text]


def spellings(text: str) -> tuple[str, ...]:
    """A text as it is, in a repr of itself or of its bytes, in JSON and in a URL."""
    return (text, ascii(text)[1:-1], repr(text.encode())[2:-1], json.dumps(text)[1:-1], quote(text))
