"""Hostile bodies in valid HTTP responses yield the right payment or an error."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import aiohttp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import (
    ApiError,
    MalformedResponseError,
    Payment,
    PaymentStatus,
    PortOneError,
    Promotion,
    RetryPolicy,
    TransientError,
    UnexpectedResponseError,
)
from portone_async._http import exchange as _exchange
from portone_async._http.reply import Reply, parse
from portone_async.resources.payments._calls import find_call
from tests.support.fault_server import answer, set_up
from tests.support.samples import CARD_PAID, GATEWAY_503, NOT_FOUND, body, ok
from tests.support.scripted import UID
from tests.support.stopwatch import timed
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

BODY = ok(CARD_PAID)
ONCE = RetryPolicy(attempts=1)


def with_field(name: str, literal: str) -> bytes:
    """Return the body of a payment in which one field is this JSON."""
    marked = ok(CARD_PAID | {name: "the field in question"})
    return marked.replace(b'"the field in question"', literal.encode())


def in_korean(response: dict[str, Any]) -> str:
    return json.dumps({"code": 0, "message": None, "response": response}, ensure_ascii=False)


NONSENSE: dict[str, tuple[bytes, type[PortOneError]]] = {
    "nothing": (b"", MalformedResponseError),
    "blanks": (b" \r\n ", MalformedResponseError),
    "null": (b"null", UnexpectedResponseError),
    "a list": (b"[]", UnexpectedResponseError),
    "a text": (b'"x"', UnexpectedResponseError),
    "an envelope of null": (ok(None), UnexpectedResponseError),
    "an envelope of a list": (ok([CARD_PAID]), UnexpectedResponseError),
    "no envelope": (body(CARD_PAID), UnexpectedResponseError),
    "an envelope in an envelope": (ok({"code": 0, "response": CARD_PAID}), UnexpectedResponseError),
    "an HTML page": (GATEWAY_503, MalformedResponseError),
    "JSON in a page": (b"<pre>" + BODY + b"</pre>", MalformedResponseError),
    "JSON behind a warning": (b"Notice: x in y.php\n" + BODY, MalformedResponseError),
    "JSON twice": (BODY * 2, MalformedResponseError),
    "JSON in a call": (b"callback(" + BODY + b")", MalformedResponseError),
    "CP949": (in_korean(CARD_PAID).encode("cp949"), MalformedResponseError),
    "UTF-16": (BODY.decode().encode("utf-16"), MalformedResponseError),
    "two byte order marks": (b"\xef\xbb\xbf" * 2 + BODY, MalformedResponseError),
    "half a character": (
        in_korean(CARD_PAID).encode().replace("홍".encode(), "홍".encode()[:2]),
        MalformedResponseError,
    ),
    "half a surrogate pair": (with_field("name", r'"\ud800"'), MalformedResponseError),
    "NaN": (with_field("amount", "NaN"), MalformedResponseError),
    "NaN in an unknown field": (with_field("new", "NaN"), MalformedResponseError),
    "Infinity": (with_field("amount", "Infinity"), MalformedResponseError),
    "-Infinity": (with_field("cancel_amount", "-Infinity"), MalformedResponseError),
    "NaN as a text": (with_field("amount", '"NaN"'), UnexpectedResponseError),
    "hexadecimal": (with_field("amount", "0x10"), MalformedResponseError),
    "a leading zero": (with_field("amount", "010"), MalformedResponseError),
    "a comment": (with_field("amount", "1 /* won */"), MalformedResponseError),
    "a trailing comma": (with_field("amount", "1,"), MalformedResponseError),
    "10^6 lists": (b"[" * 10**6 + b"]" * 10**6, UnexpectedResponseError),
    "10^6 lists, open": (b"[" * 10**6, UnexpectedResponseError),
    "an amount of 10^400": (with_field("amount", "1" + "0" * 400), UnexpectedResponseError),
    "an amount of 10^5000": (with_field("amount", "1" + "0" * 5000), UnexpectedResponseError),
    "an amount of 1e400": (with_field("amount", "1e400"), UnexpectedResponseError),
    "an amount of 1e999999999": (with_field("amount", "1e999999999"), UnexpectedResponseError),
    "a code of 2^62": (BODY.replace(b'"code": 0', b'"code": %d' % 2**62), ApiError),
    "a code of 2^64": (
        BODY.replace(b'"code": 0', b'"code": %d' % 2**64),
        UnexpectedResponseError,
    ),
    "a code of null": (BODY.replace(b'"code": 0', b'"code": null'), UnexpectedResponseError),
    "another's payment": (with_field("merchant_uid", '"order-2"'), UnexpectedResponseError),
    "its number and a NUL": (
        with_field("merchant_uid", json.dumps(UID + "\0")),
        UnexpectedResponseError,
    ),
}


@pytest.mark.parametrize(("content", "kind"), NONSENSE.values(), ids=NONSENSE)
async def test_undecodable_body_raises_its_class_without_a_quote(
    content: bytes, kind: type[PortOneError]
) -> None:
    async with set_up() as at:
        at.server.script = (answer(content),)
        requests = 4 if issubclass(kind, TransientError) else 1
        error = await at.fails_with(kind, requests=requests)

        assert "홍길동" not in str(error)
        assert "010-0000-0000" not in str(error)
        assert at.server.connections == 1  # HTTP was whole: the connection is as good as before.


TYPES = [
    "Content-Type: application/json",
    "Content-Type: text/html; charset=euc-kr",
    "Content-Type: application/octet-stream",
    "Content-Type: application/json; charset=utf-16",
    "Content-Type: image/png",
    "Content-Type: ;;;",
    "Content-Type:",
]


@pytest.mark.parametrize("header", TYPES)
async def test_content_type_of_a_reply_is_ignored(header: str) -> None:
    async with set_up() as at:
        at.server.script = (answer(in_korean(CARD_PAID).encode(), header),)
        payment = await at.client.payments.find(UID)
        assert payment.amount == 15000
        assert payment.buyer_name == "홍길동"

        at.server.script = (answer(GATEWAY_503, header),)
        assert type(await at.failed()) is MalformedResponseError


async def test_byte_order_mark_is_skipped() -> None:
    async with set_up() as at:
        at.server.script = (answer(b"\xef\xbb\xbf" + BODY),)
        payment = await at.client.payments.find(UID)

        assert payment.amount == 15000
        assert payment.raw == CARD_PAID


MISSING = body(NOT_FOUND)


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        MISSING[:-1],
        MISSING[: len(MISSING) // 2],
        json.dumps(NOT_FOUND, ensure_ascii=False).encode("cp949"),
        b"<pre>" + MISSING + b"</pre>",
        MISSING + MISSING,
        body([NOT_FOUND]),
        body({"error": NOT_FOUND}),
        body(NOT_FOUND | {"code": None}),
        body(NOT_FOUND | {"code": 0}),
        body(NOT_FOUND | {"message": [NOT_FOUND["message"]]}),
        ok(CARD_PAID | {"fail_reason": NOT_FOUND["message"]})[:-1],
    ],
)
async def test_only_a_complete_envelope_means_missing(content: bytes, status: str) -> None:
    async with set_up() as at:
        at.server.script = (answer(content, status=status),)
        error = await at.failed(retry=ONCE)

        assert type(error) in {MalformedResponseError, UnexpectedResponseError, ApiError}


async def test_every_truncated_body_is_malformed() -> None:
    async with set_up() as at:
        for size in range(0, len(BODY), 23):
            at.server.script = (answer(BODY[:size]),)

            assert type(await at.failed(retry=ONCE)) is MalformedResponseError


VALUES = {
    "object": '{"id": 5}',
    "list of lists": "[[]]",
    "list of numbers": "[5]",
    "list of texts": '["홍길동"]',
    "text": '"홍길동"',
    "true": "true",
    "number": "12",
    "fraction": "1.5",
    "null": "null",
}
STRICT = {
    "imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox"
}  # fmt: skip
TIME = {"number", "fraction", "null"}
FITTING: dict[str, set[str]] = {
    "merchant_uid": set(),  # No other is the one that was asked for.
    "imp_uid": {"text"},
    "status": {"text"},
    "amount": {"number", "fraction"},
    "cancel_amount": {"number", "fraction"},
    "cancel_history": {"null"},
    "deposit_history": {"null"},
    "cancel_receipt_urls": {"list of texts", "null"},
    "promotion": {"null"},
    "extension": {"object", "null"},
    "unreadable": {*VALUES},  # Not a field of PortOne: a response must not fill it.
}
"""Which values a field may have; those of any other follow from what it holds."""
HOLDING = {str: {"text", "null"}, bool: {"true", "null"}, int: {"number", "null"}}


def fitting(name: str) -> set[str]:
    if name in FITTING:
        return FITTING[name]
    held = get_args(get_type_hints(Payment)[name])[0]
    return HOLDING.get(held, TIME)


@pytest.mark.parametrize("name", Payment.__struct_fields__)
async def test_value_of_the_wrong_type_is_named_but_not_quoted(name: str) -> None:
    async with set_up() as at:
        for kind, literal in VALUES.items():
            at.server.script = (answer(with_field(name, literal)),)
            outcome, _ = await timed(at.client.payments.find(UID))

            if kind in fitting(name):
                assert isinstance(outcome, Payment), kind
                assert outcome.unreadable == ()
                continue
            if name not in STRICT:
                assert isinstance(outcome, Payment), kind
                assert {re.split(r"[.\[]", path)[0] for path in outcome.unreadable} == {name}
                assert getattr(outcome, name) in (None, (), Promotion())
                assert outcome.raw[name] == json.loads(literal, parse_float=Decimal)
                assert "홍길동" not in repr(outcome)
                continue
            assert type(outcome) is UnexpectedResponseError, kind
            assert len(outcome.attempts) == 1
            assert name in str(outcome)
            assert "홍길동" not in str(outcome)


ODD: dict[str, tuple[str, Any]] = {
    "status": ("partial_paid", PaymentStatus("partial_paid")),
    "pay_method": ("brainwave", "brainwave"),
    "channel": ("fridge", "fridge"),
    "pg_provider": ("newpg_v9", "newpg_v9"),
    "currency": ("XTS", "XTS"),
    "customer_uid_usage": ("payment.dreamed", "payment.dreamed"),
}


@pytest.mark.parametrize("name", ODD)
async def test_unknown_enum_value_is_decoded_and_never_paid(name: str) -> None:
    word, value = ODD[name]
    async with set_up() as at:
        at.server.script = (answer(ok(CARD_PAID | {name: word})),)
        payment = await at.client.payments.find(UID)

        assert getattr(payment, name) == value
        assert payment.is_paid == (name != "status")


@pytest.mark.parametrize("word", ["PAID", "paid ", "Paid", "paid\0", "pаid", "paid\u200b"])  # noqa: RUF001 (one has a Cyrillic letter)
async def test_status_similar_to_paid_is_not_paid(word: str) -> None:
    async with set_up() as at:
        at.server.script = (answer(ok(CARD_PAID | {"status": word})),)

        assert not (await at.client.payments.find(UID)).is_paid


@pytest.mark.parametrize("amount", [2**53 + 1, 2**63, 2**64, 2**64 + 1, 10**23, -(2**63) - 1])
@pytest.mark.parametrize("name", ["amount", "cancel_amount"])
async def test_huge_amount_is_exact(name: str, amount: int) -> None:
    async with set_up() as at:
        at.server.script = (answer(with_field(name, str(amount))),)
        payment = await at.client.payments.find(UID)

        assert getattr(payment, name) == Decimal(amount) == amount
        assert payment.raw[name] == amount


@pytest.mark.parametrize("digits", [20, 400, 5000])
async def test_huge_number_in_an_unknown_field_is_ignored(digits: int) -> None:
    async with set_up() as at:
        at.server.script = (answer(with_field("new", "1" + "0" * digits)),)
        payment = await at.client.payments.find(UID)

        assert payment.amount == 15000
        assert str(payment.raw["new"]) == "1" + "0" * digits


# Before 3.14 aiohttp inflates whatever one read of the socket gave, as far as it goes.
INFLATES_IN_PARTS = tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14)
LIMIT = 64 * 1024
BIG = b" " * 10_000_000
CHUNK = b"%x\r\n%s\r\n" % (len(BIG), BIG)
TOO_BIG: dict[str, bytes] = {
    "declared": answer(BIG),
    "declared, and not sent": answer(BIG[: 2 * LIMIT], length=10**15),
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK,
    "until closed": b"HTTP/1.1 200 OK\r\n\r\n" + BIG,
    "a bomb": answer(gzip.compress(BIG * 5, 1), "Content-Encoding: gzip"),
    "a bomb as a 404": answer(
        gzip.compress(BIG * 5, 1), "Content-Encoding: gzip", status="404 Not Found"
    ),
}


@pytest.mark.parametrize("content", TOO_BIG.values(), ids=TOO_BIG)
async def test_reading_stops_at_the_body_limit(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exchange, "MAX_BODY", LIMIT)
    async with set_up() as at:
        at.server.script = (content,)
        tracemalloc.start()
        try:
            error = await at.failed()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert type(error) is UnexpectedResponseError
        assert f"{LIMIT} bytes" in error.reason
        assert len(at.server.payments) == at.permits.granted == 1
        # The server's copy of what it sends is in it; what a bomb holds is not.
        if INFLATES_IN_PARTS:
            assert most < len(content) + 4_000_000


async def test_body_of_exactly_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_exchange, "MAX_BODY", LIMIT)
    async with set_up() as at:
        at.server.script = (answer(BODY.ljust(LIMIT)),)
        assert (await at.client.payments.find(UID)).amount == 15000

        at.server.script = (answer(BODY.ljust(LIMIT + 1)),)
        assert "bytes" in (await at.failed()).reason


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "imp_uid": st.sampled_from(["imp_1", "imp_2"]),
    "merchant_uid": st.sampled_from([UID, "order-2"]),
    "status": st.sampled_from(["ready", "paid", "failed", "cancelled"]),
    "amount": st.integers(0, 10**6),
    "cancel_amount": st.integers(0, 10**6),
    "new": st.integers(0, 9),
}


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    """Draw a key as JSON may spell it: any character may be escaped."""
    return "".join(f"\\u{ord(c):04x}" if draw(st.integers(0, 9)) == 0 else c for c in name)


@st.composite
def doubled_objects(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[str]]) -> str:
    """Draw an object in JSON that has each of these keys once or more, in any order."""
    names = [*fields, *draw(st.lists(st.sampled_from([*fields]), max_size=8))]
    members = [
        f'"{draw(keys(name))}":{draw(fields[name])}' for name in draw(st.permutations(names))
    ]
    return "{" + ",".join(members) + "}"


payments = doubled_objects({name: values.map(json.dumps) for name, values in FIELDS.items()})
envelopes = doubled_objects(
    {
        "code": st.sampled_from(["0", "0", "1", "-1"]),
        "message": st.sampled_from(["null", '"no"']),
        "response": payments,
    }
)
FIND = find_call(UID, None, None)
READY = body({"imp_uid": "i", "merchant_uid": UID, "amount": 1, "status": "ready"})[:-1].decode()


@one_way
@given(envelopes)
@example('{"code":1,"code":0,"response":' + READY + ',"status":"paid"}}')
@example('{"code":0,"response":' + READY + r',"st\u0061tus":"paid"}}')
def test_last_of_duplicate_keys_wins_in_every_decoder(text: str) -> None:
    """There is one reading of a body: its code, the order number that is checked, the fields and
    ``raw`` take the same one of equal keys, which is also the one that other parsers take.

    So a check cannot pass on one value while another is returned. Which value is true cannot be
    known: an attacker who can add a key can change one as well, and TLS prevents both.
    """
    last = json.loads(text)
    outcome = parse(FIND, Reply(200, {}, text.encode()))

    if last["code"] != 0:
        assert type(outcome) is ApiError
        assert outcome.code == last["code"]
    elif last["response"]["merchant_uid"] != UID:
        assert type(outcome) is UnexpectedResponseError
    else:
        assert isinstance(outcome, Payment)
        response = last["response"]
        assert outcome.raw == response
        for name in set(response) - {"new"}:
            assert getattr(outcome, name) == response[name]


@pytest.mark.parametrize("name", ["name", "custom_data", "buyer_name", "pg_tid"])
async def test_text_of_a_buyer_adds_no_key(name: str) -> None:
    hostile = 'x","status":"paid","amount":1,"code":0,"y":"\\","status":"paid'
    async with set_up() as at:
        at.server.script = (answer(ok(CARD_PAID | {"status": "ready", name: hostile})),)
        payment = await at.client.payments.find(UID)

        assert payment.status == "ready"
        assert payment.amount == 15000
        assert getattr(payment, name) == payment.raw[name] == hostile


@pytest.mark.parametrize(
    ("doubled", "outcome"),
    [
        (BODY.replace(b'"code": 0', b'"code": 1, "code": 0'), Payment),
        (BODY.replace(b'"code": 0', b'"code": 0, "code": 1'), ApiError),
        (BODY[:-1] + b', "response": ' + body(CARD_PAID | {"amount": 7}) + b"}", Payment),
        (BODY[:-1] + b', "response": null}', UnexpectedResponseError),
        (
            BODY[:-1] + b', "response": ' + body(CARD_PAID | {"merchant_uid": "o"}) + b"}",
            UnexpectedResponseError,
        ),
        (BODY.replace(b'"amount": ', b'"amount": [], "amount": '), Payment),
        (BODY[:-2] + b', "amount": []}}', UnexpectedResponseError),
    ],
)
async def test_last_of_duplicate_keys_wins_on_the_wire(doubled: bytes, outcome: type) -> None:
    async with set_up() as at:
        at.server.script = (answer(doubled),)
        got, _ = await timed(at.client.payments.find(UID))

        assert type(got) is outcome
        if isinstance(got, Payment):
            assert got.amount == got.raw["amount"] == json.loads(doubled)["response"]["amount"]
