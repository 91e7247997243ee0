"""Test how webhooks are parsed, and verified by a look-up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    InvalidRequestError,
    InvalidWebhookError,
    PaymentMismatchError,
    PaymentNotFoundError,
    PortOneError,
)
from portone_async.webhook import (
    ADDRESSES,
    MAX_BODY,
    WebhookEvent,
    is_from_portone,
    parse_webhook,
    verify_webhook,
)
from tests.support.samples import CARD_PAID, NOT_FOUND, PARTIALLY_CANCELLED, body, ok
from tests.support.scripted import UID, reply, scripted_client
from tests.support.virtual_time import run

PAID: dict[str, Any] = {
    "imp_uid": "imp_770000000101",
    "merchant_uid": "ORD-20260202-0001",
    "status": "paid",
}
JSON, FORM = "application/json; charset=utf-8", "application/x-www-form-urlencoded"


def parsed(fields: dict[str, Any], content_type: str | None = JSON) -> WebhookEvent:
    is_form = content_type == FORM
    text = urlencode(fields) if is_form else json.dumps(fields, ensure_ascii=False)
    return parse_webhook(text.encode(), content_type)


@pytest.mark.parametrize("content_type", [JSON, FORM])
def test_json_and_form_webhooks_are_parsed(content_type: str) -> None:
    event = parsed(PAID | {"cancellation_id": "c-1"}, content_type)

    assert event == WebhookEvent(**PAID, cancellation_id="c-1")
    assert parsed(PAID, content_type).cancellation_id is None


def test_format_without_content_type_is_detected() -> None:
    assert parse_webhook(json.dumps(PAID).encode()) == parse_webhook(urlencode(PAID).encode())
    assert parse_webhook(b" \r\n" + json.dumps(PAID).encode()) == WebhookEvent(**PAID)


@pytest.mark.parametrize("content_type", [FORM.upper(), f" {FORM} ; charset=utf-8", f"{FORM};"])
def test_form_content_type_is_matched_leniently(content_type: str) -> None:
    assert parse_webhook(urlencode(PAID).encode(), content_type) == WebhookEvent(**PAID)


def test_body_must_match_its_content_type() -> None:
    with pytest.raises(InvalidWebhookError, match="it is not JSON"):
        parse_webhook(urlencode(PAID).encode(), JSON)
    with pytest.raises(InvalidWebhookError, match="imp_uid"):
        parse_webhook(json.dumps(PAID).encode(), FORM)
    with pytest.raises(InvalidWebhookError, match="it is not a form"):
        parse_webhook(b"\xff", FORM)


def test_unknown_fields_and_statuses_are_accepted() -> None:
    event = parsed(PAID | {"event": "Galaxia.Cvs.Confirm", "status": "on_hold", "x": {"y": [1]}})

    assert event.status == "on_hold"


def test_blank_optional_field_of_a_form_is_none() -> None:
    assert parsed(PAID | {"cancellation_id": ""}, FORM).cancellation_id is None


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
        lambda t: t not in {".", ".."}
    )
)
def test_any_merchant_uid_is_preserved(merchant_uid: str) -> None:
    for content_type in (JSON, FORM):
        assert (
            parsed(PAID | {"merchant_uid": merchant_uid}, content_type).merchant_uid == merchant_uid
        )


@pytest.mark.parametrize("name", sorted(PAID))
@pytest.mark.parametrize("content_type", [JSON, FORM])
def test_missing_field_is_named(name: str, content_type: str) -> None:
    with pytest.raises(InvalidWebhookError, match=name):
        parsed({key: value for key, value in PAID.items() if key != name}, content_type)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b"=&=",
        b"a" * 100,
        b"[" * 9999,
        b'{"x":' + b"[" * 9999,
        b"imp_uid=%ff&merchant_uid=1&status=paid",
    ],
)
@pytest.mark.parametrize("content_type", [JSON, FORM, None, "text/plain", ""])
def test_invalid_webhook_raises_invalid_webhook_error(
    content: bytes, content_type: str | None
) -> None:
    with pytest.raises(InvalidWebhookError) as caught:
        parse_webhook(content, content_type)

    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", ["", ".", "..", "a\nb", 5, None, ["x"]])
def test_invalid_imp_uid_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidWebhookError):
        parsed(PAID | {"imp_uid": value})


def test_body_over_the_limit_is_rejected() -> None:
    assert parse_webhook(json.dumps(PAID).encode().ljust(MAX_BODY)).imp_uid
    with pytest.raises(InvalidWebhookError, match=str(MAX_BODY)):
        parse_webhook(json.dumps(PAID).encode().ljust(MAX_BODY + 1))
    with pytest.raises(InvalidWebhookError):
        parsed(PAID | {f"a{n}": "1" for n in range(1000)}, FORM)


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM, None]))
def test_any_bytes_are_an_event_or_an_invalid_webhook(
    content: bytes, content_type: str | None
) -> None:
    try:
        event = parse_webhook(content, content_type)
    except InvalidWebhookError as error:
        assert str(error)
    else:
        assert event.imp_uid


def test_error_does_not_quote_the_body() -> None:
    with pytest.raises(InvalidWebhookError) as caught:
        parse_webhook(b'{"buyer_name":"planted","imp_uid":5}', JSON)

    assert "planted" not in str(caught.value)


AS_JSON, AS_FORM = json.dumps(PAID, ensure_ascii=False), urlencode(PAID)
BODIES: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bytes": str.encode,
    "bytearray": lambda text: bytearray(text.encode()),
    "memoryview": lambda text: memoryview(text.encode()),
    "strided memoryview": lambda text: memoryview(b"".join(b"%c\0" % x for x in text.encode()))[
        ::2
    ],
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
}


@pytest.mark.parametrize("convert", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(("text", "content_type"), [(AS_JSON, JSON), (AS_FORM, FORM)])
def test_body_may_be_any_bytes_like_object_or_text(
    convert: Callable[[str], Any], text: str, content_type: str
) -> None:
    event = WebhookEvent(**PAID)

    assert parse_webhook(convert(text), content_type) == event
    assert parse_webhook(convert(text), content_type.encode()) == event
    assert parse_webhook(convert(text)) == event


@pytest.mark.parametrize("text", [AS_JSON, AS_FORM])
@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "", "?", 5, []])
def test_format_with_unknown_content_type_is_detected(text: str, content_type: Any) -> None:
    assert parse_webhook(text.encode(), content_type) == WebhookEvent(**PAID)


@pytest.mark.parametrize(
    "content_type", ["text/json", "application/vnd.x+json", "APPLICATION/JSON"]
)
def test_other_json_content_types_are_accepted(content_type: str) -> None:
    assert parse_webhook(AS_JSON, content_type) == WebhookEvent(**PAID)
    with pytest.raises(InvalidWebhookError, match="it is not JSON"):
        parse_webhook(AS_FORM, content_type)


def test_content_type_may_be_bytes() -> None:
    with pytest.raises(InvalidWebhookError, match="it is not JSON"):
        parse_webhook(AS_FORM, JSON.encode())
    with pytest.raises(InvalidWebhookError, match="imp_uid"):
        parse_webhook(AS_JSON, FORM.encode())


@pytest.mark.parametrize("body", [PAID, [b"{}"], None, 5, object()])
def test_parsed_body_is_rejected(body: Any) -> None:
    with pytest.raises(InvalidWebhookError, match=f"not parsed, but is a {type(body).__name__}"):
        parse_webhook(body)


def test_text_with_invalid_unicode_is_rejected() -> None:
    with pytest.raises(InvalidWebhookError, match="not valid Unicode") as caught:
        parse_webhook("planted\udc80")

    assert caught.value.__suppress_context__


def test_limit_of_text_is_in_bytes() -> None:
    padding = "가" * (MAX_BODY // 3)
    with pytest.raises(InvalidWebhookError, match=f"more than {MAX_BODY}"):
        parse_webhook(f'{{"x":"{padding}"}}')


V2: dict[str, dict[str, Any]] = {
    "2024-04-25": {
        "type": "Transaction.Paid",
        "timestamp": "2026-11-01T00:00:00.000Z",
        "data": {"paymentId": "planted", "transactionId": "planted", "storeId": "planted"},
    },
    "billing key": {
        "type": "BillingKey.Issued",
        "timestamp": "2026-11-01T00:00:00.000Z",
        "data": {"billingKey": "planted"},
    },
    "2024-01-01": {"payment_id": "planted", "tx_id": "planted", "status": "Paid"},
}


@pytest.mark.parametrize("fields", V2.values(), ids=V2)
@pytest.mark.parametrize("content_type", [JSON, FORM, None])
def test_v2_webhook_is_recognised(fields: dict[str, Any], content_type: str | None) -> None:
    with pytest.raises(InvalidWebhookError, match="is a webhook of PortOne V2") as caught:
        parsed(fields, content_type)

    assert "결제모듈 V1" in str(caught.value)
    assert "planted" not in str(caught.value)


def test_v1_webhook_with_v2_fields_is_parsed() -> None:
    event = parsed(PAID | V2["2024-01-01"] | {"status": "paid"})

    assert event == WebhookEvent(**PAID)


@pytest.mark.parametrize("name", ["imp_uid", "merchant_uid"])
@pytest.mark.parametrize("odd", ["\x1b", "\x00", "\x9b"])
def test_rejected_id_is_named_without_its_value(name: str, odd: str) -> None:
    with pytest.raises(InvalidWebhookError, match=f"V1: {name} must not contain control") as caught:
        parsed(PAID | {name: f"planted{odd}" + "x" * 9000})

    assert "planted" not in str(caught.value)
    assert len(str(caught.value)) < 200


EVENT = WebhookEvent(**PAID)
AMOUNT = CARD_PAID["amount"]


def verified(answer: Any, **changes: Any) -> Any:
    async def main() -> Any:
        client, transport = scripted_client(lambda _: answer)
        arguments: dict[str, Any] = {"merchant_uid": UID, "amount": AMOUNT} | changes
        payment = await verify_webhook(client, EVENT, **arguments)
        assert transport.sent[-1][1] == f"/payments/{EVENT.imp_uid}?include_sandbox=true"
        return payment

    return run(main())


def test_verified_payment_ignores_the_status_in_the_webhook() -> None:
    for status in ("paid", "ready", "failed", "cancelled"):
        payment = verified(reply(200, ok(CARD_PAID | {"status": status})))
        assert payment.status == status


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": AMOUNT - 1}, "amount"),
        ({"merchant_uid": "another-order"}, "merchant_uid"),
        ({"currency": "USD"}, "currency"),
        ({"discount": 5}, "promotion.discount"),
    ],
)
@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_payment_that_does_not_match_the_order_is_a_mismatch(
    changes: dict[str, Any], field: str, status: str
) -> None:
    with pytest.raises(PaymentMismatchError) as caught:
        verified(reply(200, ok(CARD_PAID | {"status": status})), **changes)

    assert [difference.field for difference in caught.value.differences] == [field]
    identifiers = {"merchant_uid": changes.get("merchant_uid", UID), "imp_uid": EVENT.imp_uid}
    assert caught.value.identifiers == identifiers


def test_sandbox_payment_is_a_mismatch() -> None:
    answer = reply(200, ok(CARD_PAID | {"sandbox": True}))

    with pytest.raises(PaymentMismatchError, match="sandbox"):
        verified(answer)
    assert verified(answer, allow_sandbox=True).sandbox


def test_paid_payment_with_a_cancel_amount_is_a_mismatch() -> None:
    with pytest.raises(PaymentMismatchError, match="cancel_amount"):
        verified(reply(200, ok(CARD_PAID | {"cancel_amount": 1})))


def test_partially_cancelled_payment_is_not_a_mismatch() -> None:
    payment = verified(reply(200, ok(PARTIALLY_CANCELLED)), amount=PARTIALLY_CANCELLED["amount"])

    assert payment.is_partially_cancelled
    assert payment.cancel_history


def test_forged_webhook_raises_payment_not_found() -> None:
    with pytest.raises(PaymentNotFoundError):
        verified(reply(404, body(NOT_FOUND)))


def test_outage_raises_a_transient_error() -> None:
    with pytest.raises(PortOneError) as caught:
        verified(reply(503))
    assert caught.value.is_transient


def test_inexact_amount_is_rejected() -> None:
    for name in ("amount", "discount"):
        with pytest.raises(InvalidRequestError, match=f"^{name} must be"):
            verified(reply(200, ok(CARD_PAID)), **{name: 1.5})


def test_portone_documents_three_addresses() -> None:
    assert {"52.78.100.19", "52.78.48.223", "52.78.5.241"} == ADDRESSES


@pytest.mark.parametrize("address", [*sorted(ADDRESSES), "::ffff:52.78.5.241"])
def test_documented_addresses_are_accepted(address: str) -> None:
    assert is_from_portone(address)


@pytest.mark.parametrize(
    "address", ["52.78.5.242", "127.0.0.1", "", "portone.io", "::1", None, "052.78.5.241"]
)
def test_other_addresses_are_rejected(address: Any) -> None:
    assert not is_from_portone(address)
