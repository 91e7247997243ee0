"""Fuzz HTTP replies: the result is the requested payment, or one correct error.

An input is the look-up and the status, the reply's headers, an empty line, the body::

    find 429
    Retry-After: 7

    {"code": -1, "message": "...", "response": null}

It goes through the public client, with the exchange scripted and in virtual time.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Awaitable, Callable
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from portone_async import (
    ApiError,
    Call,
    Payment,
    PaymentNotFoundError,
    PortOneClient,
    PortOneError,
    RetryPolicy,
)
from portone_async._http.reply import Reply
from tests.support.samples import CARD_PAID
from tests.support.scripted import PAID, Outcome, scripted_client, token_reply
from tests.support.virtual_time import run

from .shape import assert_printable, copied

__all__ = ("check",)

UID = str(CARD_PAID["merchant_uid"])
IMP_UID = str(CARD_PAID["imp_uid"])
SLASHED = "2026/02/02-0001"
TOKEN = "planted0token0000000000000000000000f00d"
_NO_SUCH_PAYMENT = "존재하지 않는 결제정보"
_LONGEST = 2_000
# Room for every digit that a body of the fuzzer can hold: nothing is rounded.
_EXACT = Context(prec=10_000)
# A server that never says "this was the last page" must not keep this going.
_MOST_PAYMENTS, _MOST_REPLIES = 50, 5

LookUp = Callable[[PortOneClient], Awaitable[Any]]


async def _pages(client: PortOneClient) -> list[Payment]:
    found: list[Payment] = []
    async for payment in client.payments.find_all(UID):
        found.append(payment)
        if len(found) == _MOST_PAYMENTS:
            break
    return found


async def _many(client: PortOneClient) -> list[Payment]:
    async with client.payments.get_many([UID]) as stream:
        return [payment async for group in stream for payment in group.payments]


# Look-ups of many: one that is missing is one that is not there.
_EMPTY_FOR_MISSING = ("pages", "many")

LOOK_UPS: dict[str, LookUp] = {
    "find": lambda client: client.payments.find(UID),
    "find-paid": lambda client: client.payments.find(UID, status="paid"),
    "find-slashed": lambda client: client.payments.find(SLASHED),
    "get": lambda client: client.payments.get(IMP_UID),
    "pages": _pages,
    "many": _many,
    "any": lambda client: client.call(Call("GET", "/cards", dict[str, Any])),
    # Here the reply is that of getToken.
    "token": lambda client: client.payments.find(UID),
}


def check(data: bytes) -> None:
    """Make the look-up, and hold what it came to against the reply.

    Raises:
        AssertionError: It is not what this reply may come to.
    """
    parsed = _parsed(data)
    if parsed is None:
        return
    name, reply = parsed
    outcome = run(_outcome(name, reply))
    if isinstance(outcome, PortOneError):
        _check_error(name, reply, outcome)
    elif name != "token":
        _check_answer(name, reply, outcome)


def _parsed(data: bytes) -> tuple[str, Reply] | None:
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    asked = re.fullmatch(r"([a-z-]+) ([1-5][0-9]{2})", first, re.ASCII)
    if asked is None or asked[1] not in LOOK_UPS:
        return None
    # What a parser of HTTP lets through in a header; names come in any case to aiohttp.
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip(): re.sub(r"[\x00\r]", "", value).strip() for name, _, value in pairs}
    return asked[1], Reply(int(asked[2]), headers, body)


async def _outcome(name: str, reply: Reply) -> Any:
    def script(number: int) -> Outcome:
        return reply if number <= _MOST_REPLIES else Reply(503, {}, b"")

    def token(number: int) -> Outcome:
        return reply if name == "token" else token_reply(TOKEN)

    client, _ = scripted_client(
        (lambda _: PAID) if name == "token" else script,
        token,
        retry=RetryPolicy(attempts=1),
        rate_limit=None,
    )
    async with client:
        try:
            return await LOOK_UPS[name](client)
        except PortOneError as error:
            return error


def _check_error(name: str, reply: Reply, error: PortOneError) -> None:
    assert_printable(str(error), _LONGEST)
    for shown in (str(error), repr(error), repr(vars(error))):
        assert TOKEN not in shown
    assert TOKEN.encode() not in pickle.dumps(error)
    assert copied(error) == error
    if isinstance(error, ApiError):
        assert error.retry_after is None or 0 <= error.retry_after < float("inf")
    if isinstance(error, PaymentNotFoundError):
        assert name != "token"
        _check_missing(reply)


def _check_missing(reply: Reply) -> None:
    """PortOne's own words are there: a false "missing" refunds a real sale."""
    envelope = _decoded(reply)
    assert _NO_SUCH_PAYMENT in envelope["message"]
    assert int(envelope["code"]) != 0
    assert reply.status == 404 or 200 <= reply.status < 300


def _check_answer(name: str, reply: Reply, answer: Any) -> None:
    if name in _EMPTY_FOR_MISSING and not answer and reply.status == 404:
        _check_missing(reply)
        return
    assert 200 <= reply.status < 300
    # The other parser must see the same: else a wrong answer passes for a right one.
    try:
        sent = _decoded(reply)
    except RecursionError:
        return  # Too deep for that one.
    if name in _EMPTY_FOR_MISSING and int(sent["code"]) != 0:
        assert not answer
        _check_missing(reply)
        return
    assert int(sent["code"]) == 0
    response = sent["response"]
    match name:
        case "any":
            assert isinstance(answer, dict)
            assert answer.keys() == response.keys()  # pyright: ignore[reportUnknownMemberType]  # of any JSON
        case "pages":
            assert answer
            for payment in answer:
                _check_payment(payment, merchant_uid=UID)
        case "many":
            assert response
            records: list[Any] = [each for each in response if isinstance(each, dict)]
            listed = [each.get("imp_uid") for each in records]
            for payment in answer:
                _check_payment(payment, merchant_uid=UID)
                assert payment.imp_uid in listed
        case "get":
            _check_payment(answer, imp_uid=IMP_UID)
            _check_source(answer)
            _check_agreement(answer, response)
        case "find-slashed":
            _check_payment(answer, merchant_uid=SLASHED)
            _check_source(answer)
        case _:
            _check_payment(answer, merchant_uid=UID)
            _check_source(answer)
            _check_agreement(answer, response)
            assert name == "find" or answer.status == "paid"


def _check_payment(payment: Any, **asked: str) -> None:
    assert type(payment) is Payment
    assert all(getattr(payment, name) == value for name, value in asked.items())
    assert payment.amount.is_finite()
    assert _EXACT.add(payment.balance, payment.cancel_amount) == payment.amount
    assert repr(payment).isprintable()
    for path in payment.unreadable:
        assert getattr(payment, path, None) in (None, ())
    assert copied(payment) == payment


def _check_source(payment: Payment) -> None:
    """Check that ``raw`` is what PortOne sent, also after a copy to another process."""
    assert payment.raw["merchant_uid"] == payment.merchant_uid
    assert copied(payment).raw == payment.raw


def _check_agreement(payment: Payment, sent: dict[str, Any]) -> None:
    assert payment.imp_uid == sent["imp_uid"]
    assert payment.status == sent["status"]
    assert payment.amount == Decimal(sent["amount"])
    assert payment.cancel_amount == Decimal(sent.get("cancel_amount", 0))
    assert payment.currency == sent.get("currency")


def _decoded(reply: Reply) -> dict[str, Any]:
    text = reply.body.decode("utf-8-sig")
    decoded: dict[str, Any] = json.loads(text, parse_float=_number, parse_int=_number)
    return decoded


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")  # Beyond any exponent.
