"""Canary secrets and personal data, and every text in which one could leak."""

from __future__ import annotations

import gc
import io
import json
import pickle
import pprint
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

from rich.pretty import pretty_repr
from rich.traceback import Traceback

from portone_async.testing import FakePortOne

E = TypeVar("E", bound=BaseException)

TOKEN = "canary-token-0123456789"
KEY, SECRET = "canary-imp-key-0123456789", "canary-imp-secret-0123456789"
BUYER = {
    "buyer_name": "심어둔이름",
    "buyer_email": "canary@example.com",
    "buyer_tel": "010-9999-8888",
    "buyer_addr": "심어둔 주소 1길",
    "card_number": "9999********8888",
    "custom_data": '{"memo":"심어둔 메모"}',
}
REASONS = ("심어둔 취소 사유", "심어둔입금자", "심어둔 메모")
"""The reason of a cancellation, the name on a deposit, and the memo in ``custom_data``."""


def canary_server() -> FakePortOne:
    """Return a fake with the canary keys; add payments with ``**BUYER``."""
    return FakePortOne(imp_key=KEY, imp_secret=SECRET)


def error_texts(error: BaseException) -> Iterator[str]:
    """Yield all that a person, a log or an error tracker can see of an error."""
    yield from map(_without_durations, _error_texts(error))


def pickled_texts(error: BaseException) -> Iterator[str]:
    """Yield a pickled error, decoded in several ways."""
    yield from map(_without_durations, _pickled_texts(error))


def _without_durations(text: str) -> str:
    """Remove measured seconds: their digits may be those of a short secret."""
    return re.sub(r"\d+\.\d{4,}(e-?\d+)?", "0.0", text)


def _error_texts(error: BaseException) -> Iterator[str]:
    yield from renderings(error)
    yield repr(vars(error))
    yield from (f"{value}" for value in reachable_texts(error))
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield "".join(captured.format())
    out = io.StringIO()
    traceback.print_exception(error, file=out)
    yield out.getvalue()
    # rich renders local variables itself: it truncates long text before quoting it.
    extracted = Traceback.extract(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=80
    )
    frames = [frame for stack in extracted.stacks for frame in stack.frames]
    yield "".join(str(node) for frame in frames for node in (frame.locals or {}).values())


def package_frames(error: E) -> E:
    """Drop the frames of tests from the traceback: they hold the secrets that a test passes."""
    trace = error.__traceback__
    while (
        trace is not None and "portone_async" not in Path(trace.tb_frame.f_code.co_filename).parts
    ):
        trace = trace.tb_next
    return error.with_traceback(trace)


def renderings(value: object) -> Iterator[str]:
    """Yield an object as ``repr``, ``str``, ``format``, pprint and rich render it."""
    yield repr(value)
    yield str(value)
    yield f"{value}"
    yield f"{[value]}"
    yield pprint.pformat(value)
    yield pretty_repr(value, max_string=20)


def _pickled_texts(error: BaseException) -> Iterator[str]:
    for protocol in (0, pickle.HIGHEST_PROTOCOL):
        text = pickle.dumps(error, protocol)
        yield text.decode("latin-1")
        yield text.decode("utf-8", "replace")
        # Protocol 0 escapes what is not ASCII.
        yield text.decode("raw_unicode_escape", "replace")


def reachable_texts(error: BaseException) -> Iterator[str]:
    """Yield all text reachable from an error and its causes, except through frames."""
    # Frames lead to the tests themselves; error_texts() renders their locals.
    excluded = (type, ModuleType, FrameType, TracebackType)
    seen: dict[int, object] = {}
    pending: list[Any] = [error]
    while pending:
        value = pending.pop()
        if id(value) in seen or isinstance(value, excluded) or callable(value):
            continue
        seen[id(value)] = value
        if isinstance(value, str):
            yield str(value)
        elif isinstance(value, bytes | bytearray):
            yield value.decode("utf-8", "replace")
        else:
            pending += gc.get_referents(value)
    assert len(seen) > 1


def assert_clean(*texts: str, error: BaseException | None = None, token: str | None = None) -> None:
    """Assert that no canary is in a text or in anything rendered from ``error``.

    Tests must not hold such texts in a local variable: their frames are searched, too.
    """
    everything = list(texts)
    if error is not None:
        everything += [*error_texts(error), *pickled_texts(error)]
    secrets = [KEY, SECRET, TOKEN, *BUYER.values(), *REASONS, *([token] if token else [])]
    spelled = {spelling for secret in secrets for spelling in spellings(secret)}
    assert everything
    assert not [secret for text in everything for secret in spelled if secret in text]


def spellings(text: str) -> tuple[str, ...]:
    """Return a text plain, as in the repr of it and of its bytes, in JSON and in a URL."""
    return (text, ascii(text)[1:-1], repr(text.encode())[2:-1], json.dumps(text)[1:-1], quote(text))
