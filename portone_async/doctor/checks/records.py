"""Checks of the payments themselves: their fields, their types, and those of test channels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from portone_async.doctor import probes
from portone_async.doctor.check import Check, Result, agrees, differs, unknown
from portone_async.doctor.evidence import Evidence
from portone_async.doctor.json_values import array_of, json_type, object_of
from portone_async.doctor.sample import with_promotion
from portone_async.doctor.text import mark as _
from portone_async.models import Cancellation, Payment
from portone_async.models._record import Record
from portone_async.models.payments import Deposit, PaymentPage, Promotion

from . import reasons

__all__ = ("RECORDS",)

_PARTS: Mapping[str, type[Record]] = {
    "cancel_history": Cancellation,
    "deposit_history": Deposit,
    "promotion": Promotion,
}
_STORE = "cvs"
_INDEX = re.compile(r"\[\d*\.{0,3}\]")


def _readable(evidence: Evidence) -> Result:
    page = _page(evidence)
    if page is None or not evidence.sample:
        return unknown(reasons.NO_PAYMENTS)
    paths = [record.path.removeprefix("$.") for record in page.unreadable]
    optional = [path for payment in page.list for path in payment.unreadable]
    names = sorted({_INDEX.sub("", path) for path in (*paths, *optional)})
    return (differs if names else agrees)(
        payments=len(evidence.sample),
        unreadable_payments=len(page.unreadable),
        fields=_types(evidence, names),
    )


def _page(evidence: Evidence) -> PaymentPage | None:
    recent = evidence.first(probes.RECENT.name)
    return None if recent is None else recent.answer


def _types(evidence: Evidence, names: list[str]) -> dict[str, str]:
    """Return the JSON types of fields, several of one field joined by a hyphen."""
    types = {name: {*map(json_type, _values(evidence.sample, name))} for name in names}
    return {name: "-".join(sorted(kinds)) for name, kinds in types.items()}


def _values(entries: Sequence[Any], path: str) -> Iterator[Any]:
    """Yield the values of a field, as in ``cancel_history.amount``; ``None`` where it is absent."""
    name, _dot, rest = path.partition(".")
    for entry in map(object_of, entries):
        value = entry.get(name)
        if rest:
            yield from _values(array_of(value) or [value], rest)
        else:
            yield value


def _known_fields(evidence: Evidence) -> Result:
    if not evidence.sample:
        return unknown(reasons.NO_PAYMENTS)
    # Those of convenience stores have an unknown field anyway: see `_barcode_field`.
    payments = [payment for payment in evidence.sample if payment.get("pay_method") != _STORE]
    names = {name: kind for payment in payments for name, kind in _unknown_fields(payment)}
    return (differs if names else agrees)(payments=len(evidence.sample), fields=names)


def _unknown_fields(payment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _beyond(payment, Payment, "")
    for name, kind in _PARTS.items():
        part = payment.get(name)
        for entry in [*array_of(part), part]:
            yield from _beyond(object_of(entry), kind, f"{name}.")


def _beyond(entry: Mapping[str, Any], kind: type[Record], prefix: str) -> Iterator[tuple[str, str]]:
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    yield from ((f"{prefix}{k}", json_type(v)) for k, v in entry.items() if k not in known)


def _sandbox_field(evidence: Evidence) -> Result:
    if not evidence.sample:
        return unknown(reasons.NO_PAYMENTS)
    absent = sum(not isinstance(payment.get("sandbox"), bool) for payment in evidence.sample)
    return (differs if absent else agrees)(payments=len(evidence.sample), without=absent)


def _sandbox_rule(evidence: Evidence) -> Result:
    hidden = evidence.first(probes.TEST_HIDDEN.name)
    included = evidence.first(probes.TEST_INCLUDED.name)
    batch = evidence.first(probes.BATCH_OF_TEST.name)
    if hidden is None or included is None or batch is None:
        return unknown(reasons.NO_TEST_PAYMENT)
    is_known = (hidden.status, included.status, batch.status) == (404, 200, 200)
    return (agrees if is_known else differs)(
        status=hidden.status, status_included=included.status, status_of_batch=batch.status
    )


def _promotion_amount(evidence: Evidence) -> Result:
    counts = {"before_discount": 0, "after_discount": 0, "neither": 0}
    prepared = evidence.exchanges.get(probes.PREPARED.name, ())
    for payment, exchange in zip(with_promotion(evidence), prepared, strict=False):
        amount = _money(exchange.response, "amount")
        if amount is not None:
            counts[_compared(payment, amount)] += 1
    if not any(counts.values()):
        return unknown(reasons.NO_PREPARED)
    is_known = not counts["after_discount"] and not counts["neither"]
    return (agrees if is_known else differs)(**counts)


def _compared(payment: Mapping[str, Any], prepared: Decimal) -> str:
    amount, discount = _money(payment, "amount"), _money(payment["promotion"], "discount")
    if amount == prepared:
        return "before_discount"
    return "after_discount" if amount == prepared - (discount or 0) else "neither"


def _money(entry: Any, name: str) -> Decimal | None:
    try:
        return Decimal(entry[name])
    except (TypeError, KeyError, ValueError, InvalidOperation):
        return None


def _barcode_field(evidence: Evidence) -> Result:
    payments = [payment for payment in evidence.sample if payment.get("pay_method") == _STORE]
    if not payments:
        return unknown(reasons.NO_BARCODE)
    fields = {name: kind for payment in payments for name, kind in _unknown_fields(payment)}
    return (agrees if fields else differs)(payments=len(payments), fields=fields)


RECORDS = (
    Check(
        "readable",
        _("Every field of the newest payments has a type that the client can read."),
        _(
            "A field of another type is in payment.unreadable; a payment whose money or status is "
            "unreadable is an error, and in lists apart: please report the types."
        ),
        (probes.RECENT,),
        _readable,
    ),
    Check(
        "known-fields",
        _("The client knows every field of the newest payments."),
        _("PortOne has added fields. They are in payment.raw, and nothing breaks."),
        (probes.RECENT,),
        _known_fields,
    ),
    Check(
        "sandbox-field",
        _("Every payment has the field 'sandbox', which is true or false."),
        _(
            "payment.sandbox is None, and verify() accepts no such payment: PortOne may not have "
            "switched this account."
        ),
        (probes.RECENT,),
        _sandbox_field,
    ),
    Check(
        "sandbox-rule",
        _("Only a look-up by imp_uid hides payments of test channels, unless it includes them."),
        _(
            "Where test payments are not hidden, check payment.sandbox before you ship; where they "
            "are, a look-up reports them as missing."
        ),
        (probes.RECENT, probes.TEST_HIDDEN, probes.TEST_INCLUDED, probes.BATCH_OF_TEST),
        _sandbox_rule,
    ),
    Check(
        "promotion-amount",
        _("With a promotion, 'amount' is the prepared amount, before the discount."),
        _(
            "The amount of such payments is after the discount: expect that when you compare it, "
            "and refund in that unit."
        ),
        (probes.RECENT, probes.PREPARED),
        _promotion_amount,
    ),
    Check(
        "barcode-field",
        _("A payment of a convenience store has its barcode in a field of its own."),
        _("The barcode is in no field beyond the documented ones: keep what issue() returns."),
        (probes.RECENT,),
        _barcode_field,
    ),
)
