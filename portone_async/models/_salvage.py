"""Read what can be read of an answer in which a payment has a field of another type. Pure.

PHP writes ``[]`` for an empty map, ``""`` where a number was, and a number for a phone. Answers
are decoded as a whole first, which costs nothing; this is for when that has failed. The members
of an odd payment are then offered one by one to the very decoder that refused it, and the payment
is decoded anew from those that it takes. So a field is readable here if and only if it is there.

Of a member that comes twice the last one counts, as it does for the decoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import force_setattr

from portone_async._redact import Blank
from portone_async.errors import UnexpectedResponseError

from . import Cancellation, Deposit, Payment, Promotion, UnreadablePayment
from ._listing import Listing, Page, unreadable_error
from ._record import Record, without_value

__all__ = ("READERS", "Reader", "shallow", "wire_type")

_members = msgspec.json.Decoder(dict[str, Raw])
_items = msgspec.json.Decoder(list[Raw])
_text = msgspec.json.Decoder(str)


class _Fault(Struct, frozen=True):
    """Why a record cannot be read at all."""

    path: str
    reason: str


class _Kind:
    """How one kind of record is read, member by member."""

    def __init__(
        self,
        record: type[Record],
        *,
        strict: tuple[str, ...],
        example: bytes = b"",
        one: dict[str, _Kind] | None = None,
        many: dict[str, _Kind] | None = None,
    ) -> None:
        fields = msgspec.structs.fields(record)
        others = (field.name for field in fields if field.name not in {*strict, "unreadable"})
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(record, strict=False).decode
        self.names = (*strict, *others)
        self.strict = frozenset(strict)
        self.required = frozenset(field.name for field in fields if field.required)
        self.one = one or {}
        """Members that are a record themselves."""
        self.many = many or {}
        """Members that are a list of records."""
        self._example = example
        """The members that any such record must have."""

    def refusal(self, name: str, value: bytes) -> str | None:
        """Why the decoder does not take a member; ``None`` if it does."""
        try:
            self.decode(b"{" + self._example + b'"' + name.encode() + b'":' + value + b"}")
        except msgspec.ValidationError as error:
            return _reason(error)
        return None


_CANCELLATION = _Kind(Cancellation, strict=("amount",), example=b'"amount":0,')
_DEPOSIT = _Kind(Deposit, strict=("amount",), example=b'"amount":0,')
_PROMOTION = _Kind(Promotion, strict=("discount",))
_PAYMENT = _Kind(
    Payment,
    strict=(
        "imp_uid",
        "merchant_uid",
        "status",
        "amount",
        "cancel_amount",
        "currency",
        "sandbox",
    ),
    example=b'"imp_uid":"","merchant_uid":"","status":"","amount":0,',
    one={"promotion": _PROMOTION},
    many={"cancel_history": _CANCELLATION, "deposit_history": _DEPOSIT},
)


def _cleaned(kind: _Kind, raw: bytes, at: str, odd: list[str]) -> bytes | _Fault:
    """Give a record without the members that cannot be read, and add their paths to ``odd``."""
    try:
        members = _members.decode(raw)
    except msgspec.ValidationError as error:
        return _Fault(at, _reason(error))
    kept: list[bytes] = []
    for name in kind.names:
        path = f"{at}.{name}" if at else name
        if name not in members:
            if name in kind.required:
                return _Fault(path, "missing")
            continue
        value: bytes | None = bytes(members[name])
        reason = kind.refusal(name, bytes(members[name]))
        if reason is not None:
            if name in kind.strict:
                return _Fault(path, reason)
            value = _repaired(kind, name, bytes(members[name]), path, odd)
        if value is not None:
            kept.append(b'"' + name.encode() + b'":' + value)
    return b"{" + b",".join(kept) + b"}"


def _repaired(kind: _Kind, name: str, value: bytes, path: str, odd: list[str]) -> bytes | None:
    """Give what can be read of a member that was refused; ``None`` for nothing of it.

    A list is given whole or not at all: one with a hole in it is summed up to a wrong amount.
    """
    if name in kind.one:
        return _or_none(_cleaned(kind.one[name], value, path, odd), odd)
    if name not in kind.many:
        odd.append(path)
        return None
    try:
        items = _items.decode(value)
    except msgspec.ValidationError:
        odd.append(path)
        return None
    cleaned = [
        _or_none(_cleaned(kind.many[name], bytes(item), f"{path}[{index}]", odd), odd)
        for index, item in enumerate(items)
    ]
    whole = [item for item in cleaned if item is not None]
    return b"[" + b",".join(whole) + b"]" if len(whole) == len(cleaned) else None


def _or_none(cleaned: bytes | _Fault, odd: list[str]) -> bytes | None:
    if isinstance(cleaned, bytes):
        return cleaned
    odd.append(cleaned.path)
    return None


def _reason(error: msgspec.ValidationError) -> str:
    return re.sub(r" - at `[^`]*`$", "", without_value(error))


def _payment(raw: bytes, blank: Blank) -> Payment | UnreadablePayment:
    odd: list[str] = []
    try:
        payment: Payment = _PAYMENT.decode(raw)
    except msgspec.ValidationError:
        cleaned = _cleaned(_PAYMENT, raw, "", odd)
        if isinstance(cleaned, _Fault):
            return UnreadablePayment(
                imp_uid=_identifier(raw, "imp_uid", blank),
                merchant_uid=_identifier(raw, "merchant_uid", blank),
                path=f"$.{cleaned.path}" if cleaned.path else "$",
                reason=cleaned.reason,
            )
        payment = _PAYMENT.decode(cleaned)
        force_setattr(payment, "unreadable", tuple(odd))
    payment._keep_source(b'{"response":' + raw + b"}")
    return payment


def _identifier(raw: bytes, name: str, blank: Blank) -> str | None:
    """An id of a payment that cannot be read, fit for an error; ``None`` if it is odd, too."""
    try:
        return blank(_text.decode(bytes(_members.decode(raw)[name])))
    except (msgspec.ValidationError, KeyError):
        return None


def _listing(raws: Iterable[Raw], blank: Blank) -> Listing:
    found = [_payment(bytes(raw), blank) for raw in raws]
    return Listing(
        tuple(each for each in found if isinstance(each, Payment)),
        tuple(each for each in found if isinstance(each, UnreadablePayment)),
    )


class _RawPage(Struct):
    total: int
    next: int | bool
    list: tuple[Raw, ...]


_raw_page = msgspec.json.Decoder(_RawPage, strict=False)


def _read_page(raw: bytes, blank: Blank) -> Page:
    page = _raw_page.decode(raw)
    listing = _listing(page.list, blank)
    return Page(page.total, page.next, listing.payments, listing.unreadable)


def _read_listing(raw: bytes, blank: Blank) -> Listing:
    return _listing(_items.decode(raw), blank)


def _read_payments(raw: bytes, blank: Blank) -> list[Payment] | UnexpectedResponseError:
    listing = _read_listing(raw, blank)
    return unreadable_error(listing.unreadable) if listing.unreadable else [*listing.payments]


def _read_payment(raw: bytes, blank: Blank) -> Payment | UnexpectedResponseError:
    _members.decode(raw)  # Not an object, so not a payment: raise the usual error about its shape.
    payment = _payment(raw, blank)
    return payment if isinstance(payment, Payment) else unreadable_error([payment])


class Reader(Struct, frozen=True):
    """Reads an envelope's ``response``, or what of it can be read."""

    read: Callable[[bytes, Blank], Any]
    """Takes the ``response`` and what takes secrets out of an id; gives an answer or an error.
    Raises what msgspec raises where even the frame around the payments is odd."""
    depth: int
    """How deep the values of a payment's fields stand in the whole reply."""


READERS: dict[Any, Reader] = {
    Payment: Reader(_read_payment, 3),
    list[Payment]: Reader(_read_payments, 4),
    Listing: Reader(_read_listing, 4),
    Page: Reader(_read_page, 5),
}


def wire_type(response: Any) -> Any:
    """The type that an answer is decoded as: a :class:`Listing` travels as an array."""
    return tuple[Payment, ...] if response is Listing else response


# Deeper than anything that PortOne documents, and less deep than any decoder goes.
_DEEPEST = 64
# Match up to the next bracket. Strings are skipped whole: a bracket inside one does not count.
_BRACKET = re.compile(rb'(?:[^"\[{\]}]++|"(?:[^"\\]++|\\.)*+"?)*+([\[{\]}])', re.DOTALL)
# Of a type that no field has, not even one that holds a list.
_TOO_DEEP = b'[["nested too deeply"]]'


def shallow(body: bytes, depth: int) -> bytes:
    """Replace the values at ``depth`` that are nested too deeply for a recursive decoder."""
    pieces: list[bytes] = []
    level = deepest = begin = kept = 0
    for found in _BRACKET.finditer(body):
        if found[1] in b"[{":
            level += 1
            if level == depth:
                begin, deepest = found.start(1), level
            deepest = max(deepest, level)
        else:
            if level == depth and deepest > depth + _DEEPEST:
                pieces += [body[kept:begin], _TOO_DEEP]
                kept = found.end()
            level -= 1
    return b"".join([*pieces, body[kept:]])
