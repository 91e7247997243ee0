"""No record, item, or error about an unreadable record shows what is secret or about a person."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

from portone_async import PortOneError
from portone_async._http.reply import Reply, parse
from portone_async.models import Record
from portone_async.models._item import Item
from tests.contract.cases import CASES, ENDPOINTS, Case
from tests.contract.recorder import (
    METHODS,
    Recorder,
    filled,
    finish,
    item_in,
    method,
    name_of,
    required_arguments,
    split,
)
from tests.fuzz.response import call_for
from tests.support.canaries import renderings, spellings
from tests.support.failing import failing_client
from tests.support.full_records import (
    RECORDS as CLASSES,
)
from tests.support.full_records import (
    UNKNOWN,
    canary,
    full_json,
    full_record,
    texts_in,
)
from tests.support.leaks import PUBLIC, leaked, planted, secret_of, texts_of
from tests.support.sample_bodies import SAMPLES
from tests.support.samples import body
from tests.support.virtual_time import run

RECORDS = [
    case
    for case in CASES
    if not case.before
    and not case.outcome.endswith("Error")
    and SAMPLES[case.sample].body["code"] == 0
    and SAMPLES[case.sample].body["response"]
]
each_record = pytest.mark.parametrize(
    "case", RECORDS, ids=lambda case: f"{case.sample}-{case.method}"
)


def reply_with(case: Case, response: Any) -> Reply:
    sample = SAMPLES[case.sample]
    return Reply(sample.status, {}, body(sample.body | {"response": response}))


def records_in(answer: Any) -> list[Record]:
    items: Any = getattr(answer, "list", answer)
    return [items] if isinstance(items, Record) else list(items)


def planted_response(case: Case) -> tuple[Any, set[str]]:
    """Return a sample with a secret in each text that a ``repr`` must not have, and the secrets."""
    response = copy.deepcopy(SAMPLES[case.sample].body["response"])
    records = records_in(parse(call_for(case), reply_with(case, response)))
    secrets: set[str] = set()
    for record, members in zip(records, objects_in(response), strict=True):
        secrets.update(plant(record, members))
    return response, secrets


def objects_in(response: Any) -> list[dict[str, Any]]:
    """Return the JSON of the records of a response."""
    # Not narrowed by its type: to pyright a dict of any JSON is one of unknown types.
    parts: Any = response
    if isinstance(response, dict):
        parts = parts.get("list", [parts])
    return [*parts]


def plant(record: Record, members: dict[str, Any]) -> Iterator[str]:
    """Replace the texts in a record's JSON that its ``repr`` must not have; yield the new ones."""
    for field in msgspec.structs.fields(record):
        sent = members.get(field.encode_name)
        value: Any = getattr(record, field.name)
        parts: Any = value
        if isinstance(value, Record):
            yield from plant(value, members[field.encode_name])
        elif isinstance(value, tuple) and parts and isinstance(parts[0], Record):
            for part, inner in zip(parts, members[field.encode_name], strict=True):
                yield from plant(part, inner)
        elif isinstance(sent, str) and field.name not in {*record.shown, *PUBLIC}:
            members[field.encode_name] = secret_of(field.name)
            yield members[field.encode_name]


@each_record
def test_rendered_record_has_no_personal_data(case: Case) -> None:
    response, secrets = planted_response(case)
    answer: Any = parse(call_for(case), reply_with(case, response))

    assert not isinstance(answer, PortOneError)
    texts = [text for record in records_in(answer) for text in renderings(record)]
    assert texts
    assert {secret for secret in secrets for text in texts if secret in text} == set()


@each_record
def test_error_about_an_unreadable_record_has_no_personal_data(case: Case) -> None:
    response, secrets = planted_response(case)
    (record, *_) = records_in(parse(call_for(case), reply_with(case, response)))
    for members in objects_in(response):
        for field in record.strict_fields():
            members[field] = [[secret_of("strict")]]
    client, _ = failing_client(ENDPOINTS[case.method], reply_with(case, response))
    function = method(client, case.method)
    assert function is not None
    arguments = required_arguments(function, case.method) | case.arguments
    positional, keywords = split(function, arguments)
    error = run(_error_of(client, function, positional, keywords))

    assert leaked({*secrets, secret_of("strict")}, error) == set()


async def _error_of(client: Any, function: Any, positional: Any, keywords: Any) -> PortOneError:
    async with client:
        try:
            await finish(function(*positional, **keywords))
        except PortOneError as error:
            return error
    return PortOneError()


def items() -> Iterator[Any]:
    """Yield the classes of objects in requests."""
    known: set[type[Item]] = set()
    for operation in METHODS:
        function = method(Recorder(""), name_of(operation))
        for hint in get_type_hints(function).values():
            if (item := item_in(hint)) is not None and item not in known:
                known.add(item)
                yield pytest.param(item, id=item.__name__)


@pytest.mark.parametrize("item", list(items()))
def test_rendered_item_has_no_personal_data(item: type[Item]) -> None:
    value: Any = planted(filled(item), item.__name__)

    hidden = {
        name: getattr(value, name) for name in item.__struct_fields__ if name not in item.shown
    }
    texts = [*renderings(value)]
    assert {secret for secret in texts_of(hidden, "") for text in texts if secret in text} == set()
    assert not {*PERSONAL} & {*item.shown}


PERSONAL = {
    *("name", "tel", "addr", "address", "postcode", "phone", "birth", "birthday", "card_number"),
    *("buyer_name", "buyer_email", "buyer_tel", "buyer_addr", "buyer_postcode", "custom_data"),
    *("customer_name", "customer_email", "customer_tel", "customer_addr", "customer_postcode"),
    *("vbank_num", "vbank_holder", "unique_key", "unique_in_site", "depositor_name", "gender"),
    *("orderer", "shipping_address", "shipping_memo", "writer", "title", "content", "reason"),
    *("business_registration_number", "identifier", "message", "fail_reason", "cancel_reason"),
}
"""Fields that no ``repr`` has. ``StandardCode.name`` is that of a bank."""


@each_record
def test_personal_fields_are_not_among_the_shown_ones(case: Case) -> None:
    response = SAMPLES[case.sample].body["response"]
    for record in records_in(parse(call_for(case), reply_with(case, response))):
        if not case.method.startswith("codes."):
            assert not PERSONAL & {*record.shown}


# As a dict and as JSON

OMITTED: dict[str, set[str]] = {
    "BillingKey": {
        *("customer_id", "card_number", "customer_name", "customer_tel", "customer_email"),
        *("customer_addr", "customer_postcode"),
    },
    "Cancellation": {"reason", "receipt_url"},
    "Certification": {
        *("merchant_uid", "name", "gender", "birthday", "birth", "foreigner", "foreigner_v2"),
        *("phone", "carrier", "unique_key", "unique_in_site", "origin"),
    },
    "Deposit": {"depositor_name"},
    "ExternalReceipt": {"receipt_tid", "receipt_url"},
    "FailedChannel": {"message"},
    "NaverAddress": {"name", "base", "detail", "postcode", "tel1", "tel2"},
    "NaverOrderer": {"name", "id", "tel"},
    "NaverProductOrder": {
        *("product_option_name", "orderer", "shipping_address", "shipping_memo"),
        "individual_code",
    },
    "NaverReview": {"title", "content", "product_option_name", "writer"},
    "PartnerReceiptResult": {"receipt_url"},
    "Payment": {
        *("card_number", "vbank_num", "vbank_holder", "buyer_name", "buyer_email", "buyer_tel"),
        *("buyer_addr", "buyer_postcode", "custom_data", "user_agent", "fail_reason"),
        *("cancel_reason", "receipt_url", "cancel_receipt_urls", "customer_uid", "extension"),
    },
    "PaymentwallDelivery": {"error", "notices"},
    "Receipt": {"receipt_tid", "receipt_url"},
    "Schedule": {
        *("customer_uid", "fail_reason", "customer_id", "buyer_name", "buyer_email"),
        *("buyer_tel", "buyer_addr", "buyer_postcode", "custom_data"),
    },
    "SucceededChannel": {"card_number"},
}
"""The fields that ``to_dict()`` omits, of each class of records. Classify a new field by adding it
here, or to ``public`` of its class."""

each_class = pytest.mark.parametrize("record", CLASSES, ids=lambda record: record.__name__)


@each_class
def test_every_field_is_classified(record: type[Record]) -> None:
    omitted = {*record.columns(personal_data=True)} - {*record.columns()}

    assert omitted == OMITTED.get(record.__name__, set())
    assert {*record.public} <= {*record.__struct_fields__}


@each_class
def test_dict_and_json_have_no_personal_text(record: type[Record]) -> None:
    full = full_record(record)
    personal = {*texts_in(full_json(record))} - public_canaries(record)
    text = full.to_json()

    assert {*texts_in(full.to_dict())} == public_canaries(record)
    assert [secret for secret in personal if any(each in text for each in spellings(secret))] == []


@each_class
def test_personal_data_has_each_declared_text(record: type[Record]) -> None:
    row = full_record(record).to_dict(personal_data=True)
    texts = {*texts_in(full_json(record))}

    assert {*texts_in(row)} == {text for text in texts if UNKNOWN not in text}


def public_canaries(record: type[Record]) -> set[str]:
    """Return the canaries of the fields that are not in :data:`OMITTED`, those of parts included."""
    sent = full_json(record)
    omitted = omitted_of(record)
    texts = {*texts_in({name: sent[name] for name in sent if name not in omitted})}
    personal = {canary(part, name) for part in CLASSES for name in omitted_of(part)}
    return texts - personal


def omitted_of(record: type[Record]) -> set[str]:
    return {*OMITTED.get(record.__name__, set()), UNKNOWN}
