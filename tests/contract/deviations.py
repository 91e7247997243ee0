"""Where this package differs from the document on purpose, each with its reason."""

from __future__ import annotations

from typing import Literal

__all__ = (
    "ANY",
    "BY_DEFAULT",
    "FORMATS",
    "ITEM_OPTIONAL",
    "KEYWORDS",
    "MEMBERS",
    "NOT_GIVEN",
    "NO_FIELD",
    "ONE_OF",
    "OPTIONAL",
    "PLACES",
    "PLAIN_OBJECTS",
    "REQUIRED",
    "SHORT_ROUTES",
    "TYPES",
    "UNDOCUMENTED",
    "UNDOCUMENTED_FIELDS",
)

ANY = "*"
"""For the operation: every one. A method stands for one of several of an operation."""

KEYWORDS: dict[tuple[str, str], str] = {
    (ANY, "from"): "since",
    (ANY, "to"): "until",
    (ANY, "schedule_from"): "since",
    (ANY, "schedule_to"): "until",
    (ANY, "limit"): "page_size",
    (ANY, "payment_status"): "status",
    (ANY, "extra[requester]"): "requester",
    (ANY, "customer_uid[]"): "customer_uids",
    (ANY, "imp_uid[]"): "imp_uids",
    (ANY, "merchant_uid[]"): "merchant_uids",
    ("POST /payments/cancel", "extra"): "requester",
}
"""The keyword of a method for a parameter, where it is not the API's own name in snake case."""

NOT_GIVEN: dict[tuple[str, str], str] = {
    (ANY, "page"): "iteration reads the pages",
    (ANY, "vat"): "deprecated: extra_body carries it",
    ("payments.cancel_all", "amount"): "it is the whole balance",
    ("POST /payments/cancel", "merchant_uid"): (
        "an order may have several payments, and which one is refunded is not documented"
    ),
}
"""Parameters without a keyword."""

PLACES: dict[tuple[str, str], Literal["path", "query", "body"]] = {
    ("GET /naver/reviews", "channel_key"): "query",  # A GET has no body.
}
"""Places of parameters that differ from the document's."""

TYPES: dict[tuple[str, str], str] = {
    ("POST /payments/cancel", "extra"): "object",  # As the pages of Naver Pay show it.
}
"""JSON types of parameters that differ from the document's."""

MEMBERS: dict[tuple[str, str], str] = {
    ("POST /payments/cancel", "extra"): "requester",
}
"""Parameters that are objects, of which the keyword is this one member."""

OPTIONAL: dict[tuple[str, str], str] = {
    ("POST /subscribe/customers/{customer_uid}", "channel_key"): (
        "required since 2026-05 only; pg is still documented beside it"
    ),
}
"""Parameters that the document requires and a method does not."""

REQUIRED: dict[tuple[str, str], str] = {
    (ANY, "product_order_id"): "left out it means every product order: ALL is the word for that",
    ("POST /payments/cancel", "imp_uid"): "merchant_uid does not name one payment",
    ("POST /payments/cancel", "amount"): "left out it refunds everything: cancel_all() does that",
    ("POST /payments/cancel", "reason"): "it is what tells refunds apart afterwards",
    ("POST /subscribe/payments/unschedule", "merchant_uid"): (
        "left out it revokes every schedule: cancel_all() does that"
    ),
}
"""Parameters that a method requires and the document does not."""

UNDOCUMENTED: dict[tuple[str, str], str] = {
    ("GET /payments/{imp_uid}", "extension"): "the document names it in its remarks on PGs",
}
"""Parameters that a method sends and the document does not have."""

BY_DEFAULT: dict[tuple[str, str], str] = {
    (ANY, "page"): "iteration reads the pages",
    ("payments.cancel_all", "amount"): "the balance that was looked up",
    ("POST /payments/cancel", "checksum"): "the balance that was looked up",
    (ANY, "limit"): "pages are larger than the server's own",
    (ANY, "from"): "a list without a period has one by default",
    (ANY, "to"): "the same",
    ("GET /payments/status/{payment_status}", "sorting"): "the order in which it can be read",
}
"""Parameters that are sent although they were not given."""

SHORT_ROUTES: dict[str, str] = {
    "GET /payments/find/{merchant_uid}/{payment_status}": "GET /payments/find/{merchant_uid}",
    "GET /payments/findAll/{merchant_uid}/{payment_status}": "GET /payments/findAll/{merchant_uid}",
}
"""The route without its optional end."""

ONE_OF: dict[str, dict[str, object]] = {
    "GET /payments": {"imp_uids": ["imp_1"]},
    "PUT /vbanks/{imp_uid}": {"amount": 20_000},
    # Without it the transaction charges nothing, which test=True has to confirm.
    "POST /benepia/payment": {"benepia_member_code": "benepia_member_code-1"},
}
"""An argument to give, where a method needs one of several optional ones."""

PLAIN_OBJECTS: dict[tuple[str, str], str] = {
    ("POST /subscribe/payments/again", "extra"): "one member, of one PG",
}
"""Parameters that are objects without a class."""

FORMATS = frozenset({"expiry", "birth", "tier_code", "cust_ip"})
"""Parameters whose format a method may check."""

NO_FIELD: dict[tuple[str, str], str] = {}
"""Documented fields of responses and items that a record does not have, by type and field."""

ITEM_OPTIONAL: dict[tuple[str, str], str] = {
    ("ScheduleAnnotation", "currency"): "the server assumes KRW",
}
"""Fields that the document requires of an item and its class does not."""

UNDOCUMENTED_FIELDS: dict[tuple[str, str], str] = {}
"""Fields of items that the document does not have."""
