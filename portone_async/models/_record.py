"""What every record of PortOne's has in common: exact money, times in UTC, the reply itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

__all__ = ("EXACT", "Record", "check_money", "narrow_many", "narrow_time", "without_value")

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact])
"""Sums of money are exact with it, whatever the decimal context of the caller's thread."""

_EPOCH = datetime.fromtimestamp(0, UTC)


def narrow_time(record: Struct, name: str, time: datetime | None) -> None:
    """Make 0, which stands for "never", ``None``, and any other zone UTC."""
    if time is None:
        return
    if time <= _EPOCH:
        force_setattr(record, name, None)
    elif time.tzinfo is not UTC:
        try:
            force_setattr(record, name, time.astimezone(UTC))
        except OverflowError:
            raise ValueError("Expected a time before the year 10000") from None


def narrow_many(record: Struct, name: str, many: object) -> None:
    """Make ``null`` an empty tuple."""
    if many is None:
        force_setattr(record, name, ())


def check_money(amount: Decimal) -> None:
    """Refuse a value that is not an amount of money.

    Raises:
        TypeError: It is no ``Decimal``.
        ValueError: It is not finite, or beyond any amount that was ever paid.
    """
    # "NaN" and "1e999999" are decimals to a parser, but no amount that was ever paid.
    if type(amount) is not Decimal:
        raise TypeError(f"Expected a Decimal, got {type(amount).__name__}")
    if not (amount.is_finite() and -24 < amount.adjusted() < 24):
        raise ValueError("Expected an amount of money")


def without_value(error: msgspec.ValidationError) -> str:
    """What msgspec says, with the path, and without a value that may be about a person."""
    return re.sub(
        r"^(Invalid enum value) .*?( - at `[^`]*`)?$", r"\1\2", str(error), flags=re.DOTALL
    )


class Record(Struct, frozen=True, dict=True):
    """What PortOne sent, decoded, with the reply kept for :attr:`raw`."""

    @property
    def raw(self) -> dict[str, Any]:
        """Everything that PortOne sent about this, fields that are not modelled here included.

        Decoded anew at each access, numbers with a fraction as ``Decimal``. Empty for an object
        that is not itself an answer, or one of a list: of a cancellation it is in the payment's.
        It holds personal data: keep it out of logs.
        """
        source: tuple[bytes, int | None] | None = vars(self).get("_source")
        if source is None:
            return {}
        body, index = source
        try:
            response = _json_object.decode(body)["response"]
        except msgspec.ValidationError:
            # An integer beyond 64 bits: kept as it was sent.
            response = json.loads(body, parse_int=str, parse_float=str)["response"]
        return response if index is None else response[index]  # type: ignore[no-any-return]  # it was decoded as an object before

    def _keep_source(self, body: bytes, index: int | None = None) -> None:
        """Remember the reply, and the place in it where that is a list."""
        force_setattr(self, "_source", (body, index))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Nothing, until a subclass says which of its fields are fit to be seen."""
        return []

    def __copy__(self) -> Record:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        body, index = vars(self).get("_source", (None, None))
        if index is not None:
            # One of a list takes its own part along, not the whole list.
            body = _json_encoder.encode({"response": self.raw})
        return _restored, (type(self), msgspec.structs.asdict(self), body)


def _restored(cls: type[Record], fields: dict[str, Any], source: bytes | None) -> Record:
    record = cls(**fields)
    if source is not None:
        record._keep_source(source)
    return record


def _exact(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text  # Beyond any exponent: no number that anybody meant.


_json_object = msgspec.json.Decoder(dict[str, Any], float_hook=_exact)
_json_encoder = msgspec.json.Encoder(decimal_format="number")
