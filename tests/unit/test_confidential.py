"""Test that secret and personal arguments appear in no traceback and no message."""

from __future__ import annotations

import inspect
import traceback
from typing import Any

import pytest

from portone_async import InvalidRequestError
from portone_async._redact import without
from portone_async.resources._confidential import confidential, secrets_in
from portone_async.resources._request import json_body


class Section:
    @confidential("name")
    async def pay(
        self,
        merchant_uid: str,
        *,
        card_number: str,
        name: str | None = None,
        items: list[dict[str, str]] | None = None,
        extra_body: dict[str, Any] | None = None,
    ) -> str:
        """Pay."""
        body = json_body(
            extra_body, merchant_uid=merchant_uid, card_number=card_number, name=name, items=items
        )
        raise RuntimeError(str(body))


PLANTED = {
    "card_number": "4092871233006612-0230-1234-5678",
    "name": "김비밀",
    "items": [{"buyer_tel": "010-7777-8888"}],
    "extra_body": {"newer": "radioactive"},
}


async def locals_of(**arguments: Any) -> str:
    """Return our part of the traceback of a failing call, with the values of all variables."""
    try:
        await Section().pay("order-1", **arguments)
    except (RuntimeError, TypeError) as error:
        tb = error.__traceback__
        assert tb is not None
        frames = traceback.TracebackException(type(error), error, tb.tb_next, capture_locals=True)
        return "".join(frames.format())
    raise AssertionError("the call did not fail")


async def test_traceback_has_no_secret_argument() -> None:
    printed = await locals_of(**PLANTED)

    assert "order-1" in printed
    for text in ("4092871233006612", "김비밀", "7777", "radioactive"):
        assert text not in printed


async def test_traceback_of_a_wrong_argument_has_no_secret() -> None:
    printed = await locals_of(**PLANTED, card_no="5409")

    assert "unexpected keyword argument 'card_no'" in printed
    for text in ("4092871233006612", "5409", "김비밀", "7777", "radioactive"):
        assert text not in printed


def test_method_keeps_its_signature_and_docstring() -> None:
    assert inspect.iscoroutinefunction(Section.pay)
    assert list(inspect.signature(Section.pay).parameters)[1:3] == ["merchant_uid", "card_number"]
    assert Section.pay.__doc__ == "Pay."


def nested(depth: int) -> list[Any]:
    value: list[Any] = ["4092871233006612"]
    for _ in range(depth):
        value = [value]
    return value


async def test_argument_that_is_nested_too_deeply_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="extra_body is nested too deeply") as caught:
        await Section().pay("order-1", card_number="1", extra_body={"deep": nested(3000)})

    assert caught.value.__context__ is None
    tb = caught.value.__traceback__
    assert tb is not None
    frames = traceback.TracebackException(
        type(caught.value), caught.value, tb.tb_next, capture_locals=True
    )
    assert "4092871233006612" not in "".join(frames.format())


@pytest.mark.parametrize("card", [4092871233006612, b"4092871233006612"], ids=["int", "bytes"])
async def test_personal_argument_that_is_no_text_is_rejected(card: Any) -> None:
    with pytest.raises(InvalidRequestError, match="card_number must be a str, not ") as caught:
        await Section().pay("order-1", card_number=card)

    tb = caught.value.__traceback__
    assert tb is not None
    frames = traceback.TracebackException(
        type(caught.value), caught.value, tb.tb_next, capture_locals=True
    )
    assert "4092871233006612" not in "".join(frames.format())


def test_body_that_is_nested_too_deeply_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="nested too deeply") as caught:
        json_body(deep=nested(3000))

    assert caught.value.__context__ is None


def test_secrets_of_deep_bodies_are_collected() -> None:
    assert secrets_in({"card_number": nested(3000)}) == {"4092871233006612"}


def test_secrets_are_collected_at_any_depth() -> None:
    body = json_body(
        {"buyer_email": "a@b.kr"},
        merchant_uid="order-1",
        card_number="4092871233006612",
        items=[{"buyer_tel": "010", "amount": 1}],
        receiver={"tel": "02", "nested": {"addr": "Seoul"}},
    )

    assert secrets_in(body) == {"a@b.kr", "4092871233006612", "010", "02", "Seoul"}
    assert secrets_in(body, "merchant_uid") >= {"order-1"}
    assert "a@b.kr" not in repr(secrets_in(body))


@pytest.mark.parametrize(
    ("text", "secret", "redacted"),
    [
        ("card 4092871233006612-0230-1234-5678!", "4092871233006612-0230-1234-5678", "card ***!"),
        ("card 4092871233006612023012345678!", "4092871233006612-0230-1234-5678", "card ***!"),
        ("card 4092871233006612 0230 1234 5678!", "4092871233006612023012345678", "card ***!"),
        ("birth 900101.", "900101", "birth ***."),
        ("password 12 of F112", "12", "password *** of F112"),
        ("김비밀님의 카드", "김비밀", "***님의 카드"),
        ("A@B.KR", "a@b.kr", "***"),
        ('{"name": "\\uae40\\ube44"}', "김비", '{"name": "***"}'),
        ("1 of 1", "1", "1 of 1"),
    ],
)
def test_secret_is_removed_from_a_text(text: str, secret: str, redacted: str) -> None:
    assert without(text, [secret]) == redacted


def test_longer_secret_is_removed_first() -> None:
    assert without("order-12345 and order-1", ["order-1", "order-12345"]) == "*** and ***"
