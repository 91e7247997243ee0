"""Base classes of the records: exact money, times in UTC, and the JSON that was received."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Optional, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from ._unreadable import UnreadableRecord

__all__ = (
    "AWARE",
    "EXACT",
    "NEVER_SENT",
    "Many",
    "Record",
    "ResponseRecord",
    "attach_raw",
    "redacted_message",
)

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact])
"""Computes exact sums of money, whatever the decimal context of the caller's thread."""

AWARE = Meta(tz=True)
"""For ``Annotated[datetime, AWARE]``: Unix seconds, or text with a time zone."""

NEVER_SENT = Meta(max_length=0)
"""For a field that the client fills in: a member of this name that is not an empty list does not
decode, so that no response can fill it."""

# PortOne may send `null` for an empty list. msgspec accepts it by this hint, and Record replaces it by
# an empty tuple, so type checkers and editors see a plain tuple.
if TYPE_CHECKING:
    from builtins import tuple as Many  # noqa: N812 (editors show the original name)
else:

    class Many:
        def __class_getitem__(cls, items: Any) -> Any:
            return Optional[tuple[items]]  # noqa: UP045 (the type exists only at run time)


# Nearly all fields: a look-up takes less time than the checks for the other kinds.
_SCALARS = frozenset({NoneType, str, int, bool, Decimal, datetime})
_EPOCH = datetime.fromtimestamp(0, UTC)


def redacted_message(error: msgspec.ValidationError) -> str:
    """Return msgspec's message with its path, without a value that may be about a person."""
    return re.sub(
        r"^(Invalid enum value) .*?( - at `[^`]*`)?$", r"\1\2", str(error), flags=re.DOTALL
    )


def _validate_money(amount: Decimal | None) -> None:
    if amount is None:
        return
    if type(amount) is not Decimal:
        raise TypeError(f"Expected a Decimal, got {type(amount).__name__}")
    # A parser accepts "NaN" and "1e999999" as well; no amount has 24 digits.
    if not (amount.is_finite() and -24 < amount.adjusted() < 24):
        raise ValueError("Expected an amount of money")


def _normalize_time(record: Struct, name: str, time: datetime | None) -> None:
    if time is None:
        return
    if time <= _EPOCH:
        force_setattr(record, name, None)
    elif time.tzinfo is not UTC:
        try:
            force_setattr(record, name, time.astimezone(UTC))
        except OverflowError:
            raise ValueError("Expected a time before the year 10000") from None


def _normalize_list(record: Struct, name: str, items: object) -> None:
    if items is None:
        force_setattr(record, name, ())


def _normalize_word(record: Struct, name: str, word: str | None, words: type[StrEnum]) -> None:
    if word is not None and type(word) is not words:
        force_setattr(record, name, words(word))


def _post_init(types: Mapping[str, type]) -> Callable[[Record], None]:
    """Generate the ``__post_init__`` of a class, with one statement per field.

    A loop over the fields at run time would make decoding a payment 5% slower.
    """
    lines = ["def post_init(self):", "    pass"]
    for name, kind in types.items():
        if kind is Decimal:
            lines.append(f"    validate_money(self.{name})")
        elif kind is datetime:
            lines.append(f"    normalize_time(self, {name!r}, self.{name})")
        elif kind is tuple:
            lines.append(f"    normalize_list(self, {name!r}, self.{name})")
        elif issubclass(kind, StrEnum):
            lines.append(f"    normalize_word(self, {name!r}, self.{name}, types[{name!r}])")
    scope: dict[str, Any] = {
        "types": types,
        "validate_money": _validate_money,
        "normalize_time": _normalize_time,
        "normalize_list": _normalize_list,
        "normalize_word": _normalize_word,
    }
    exec("\n".join(lines), scope)  # noqa: S102 (generated from field names, as in dataclasses)
    post_init: Callable[[Record], None] = scope["post_init"]
    return post_init


def _type(hint: Any) -> type:
    """Return the class of a field that may also be null: ``tuple`` for ``tuple[str, ...] | None``."""
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    if type(None) in get_args(hint) and len(kinds) == 1:
        hint = kinds[0]
        if getattr(hint, "__origin__", None) is tuple:
            return tuple
    return hint if isinstance(hint, type) else object


class Record(Struct, frozen=True, dict=True):
    """An object of PortOne's API.

    A subclass declares its fields. By their annotations a ``Decimal`` is validated as money, a
    time of 0 ("never") becomes ``None`` and any other is in UTC, a ``Many[...]`` is never
    ``None``, and a word becomes a member of its ``StrEnum``, which must accept every word.
    """

    shown: ClassVar[tuple[str, ...]] = ()
    """The fields that ``repr`` prints: none that may be secret or about a person."""
    public: ClassVar[tuple[str, ...]] = ()
    """The fields that :meth:`to_dict` includes by default: none that may be secret or about a
    person. It omits a field that is not listed."""
    strict: ClassVar[tuple[str, ...]] = ()
    """Fields that make the whole record unreadable if they have an unexpected type, in addition to
    its required fields and all money."""

    _money: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        types = {name: _type(hint) for name, hint in get_type_hints(cls).items()}
        cls._money = tuple(name for name, kind in types.items() if kind is Decimal)
        cls.__post_init__ = _post_init(types)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # msgspec calls it

    @classmethod
    def strict_fields(cls) -> Iterator[str]:
        """List the fields that must be readable, by PortOne's names, in the order of the class."""
        for field in msgspec.structs.fields(cls):
            if field.required or field.name in cls._money or field.name in cls.strict:
                yield field.encode_name

    @property
    def raw(self) -> dict[str, Any]:
        """Everything that PortOne sent for this record, unknown fields included.

        Decoded at each access, numbers with a fraction as ``Decimal``. Empty for a part of another
        record: a cancellation is in the ``raw`` of its payment. It has personal data: keep it out
        of logs.
        """
        source: tuple[bytes, int | None] | None = vars(self).get("_source")
        if source is None:
            return {}
        body, index = source
        try:
            response = _json_object.decode(body)["response"]
        except msgspec.ValidationError:
            # An integer of more than 64 bits is returned as text.
            response = json.loads(body, parse_int=str, parse_float=str)["response"]
        return response if index is None else response[index]  # type: ignore[no-any-return]  # it was decoded as an object before

    def to_dict(self, *, personal_data: bool = False) -> dict[str, Any]:
        """Return the fields as a new dict, by default without personal data.

        The keys are PortOne's names: those of :meth:`columns`, whatever PortOne sent. Money is an
        exact ``Decimal``, a time is an aware datetime in UTC, a word such as a status is a plain
        ``str``. Records in it are dicts, lists are lists. Fields that this version does not know
        are only in :attr:`raw`.

        Args:
            personal_data: Include the fields that are secret or about a person, or may be: those
                of the buyer, numbers of cards and accounts, reasons and other free text, links to
                receipts.
        """
        return {
            encoded: _plain(getattr(self, name), personal_data=personal_data)
            for name, encoded in _exported(type(self), personal_data=personal_data)
        }

    def to_json(self, *, personal_data: bool = False) -> str:
        """Return :meth:`to_dict` as one line of JSON.

        Money is a number with the digits that PortOne sent, and never passes through a float:
        read it with ``json.loads(text, parse_float=Decimal)``. Times are ISO 8601 in UTC, as in
        ``2026-11-26T00:00:00Z``.

        Args:
            personal_data: As for :meth:`to_dict`.
        """
        return _json_encoder.encode(self.to_dict(personal_data=personal_data)).decode()

    @classmethod
    def columns(cls, *, personal_data: bool = False) -> tuple[str, ...]:
        """Return the keys of :meth:`to_dict` in their order: the columns of a table of records.

        Args:
            personal_data: As for :meth:`to_dict`.
        """
        return tuple(encoded for _, encoded in _exported(cls, personal_data=personal_data))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        fields = [(name, getattr(self, name)) for name in self.shown]
        return [
            (name, str(value) if isinstance(value, StrEnum) else value) for name, value in fields
        ]

    def __copy__(self) -> Record:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        body, index = vars(self).get("_source", (None, None))
        if index is not None:
            # Pickle this record's part of a list, not the whole list.
            body = _json_encoder.encode({"response": self.raw})
        return _restore, (type(self), msgspec.structs.asdict(self), body)


class ResponseRecord(Record, frozen=True, kw_only=True):
    """A record that PortOne returns by itself or in a list, and that may be readable in part."""

    unreadable_type: ClassVar[type[UnreadableRecord]] = UnreadableRecord
    """The class of unreadable records of this kind; its fields are their identifiers."""

    unreadable: Annotated[tuple[str, ...], NEVER_SENT] = ()
    """Paths of optional fields that came as another JSON type, as in ``("extension",
    "cancel_history[0].amount")``. Such a field is ``None`` or empty here, and :attr:`raw` has
    what was sent. Empty for nearly all records."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        unreadable = [("unreadable", self.unreadable)] if self.unreadable else []
        return super().__rich_repr__() + unreadable


def attach_raw(record: Record, body: bytes, index: int | None = None) -> None:
    """Store a response's body as the source of :attr:`Record.raw`.

    Args:
        record: A record that was decoded from it.
        body: The whole envelope.
        index: Where the record stands, if ``response`` is a list.
    """
    force_setattr(record, "_source", (body, index))


@cache
def _exported(cls: type[Record], *, personal_data: bool) -> tuple[tuple[str, str], ...]:
    """List the fields of :meth:`Record.to_dict`, each with PortOne's name for it.

    ``unreadable``, which PortOne does not send, is the last one.
    """
    fields = sorted(msgspec.structs.fields(cls), key=lambda field: field.name == "unreadable")
    return tuple(
        (field.name, field.encode_name)
        for field in fields
        if personal_data or field.name in (*cls.public, "unreadable")
    )


def _plain(value: Any, *, personal_data: bool) -> Any:
    """Return the value of a field without the classes of this package."""
    if type(value) in _SCALARS:
        return value
    # Not narrowed by its type: to pyright a dict of any JSON is one of unknown types.
    parts: Any = value
    if isinstance(value, Record):
        return value.to_dict(personal_data=personal_data)
    if isinstance(value, tuple | list):
        return [_plain(part, personal_data=personal_data) for part in parts]
    if isinstance(value, dict):
        return {name: _plain(part, personal_data=personal_data) for name, part in parts.items()}
    return value.value if isinstance(value, StrEnum) else value


def _restore(cls: type[Record], fields: dict[str, Any], body: bytes | None) -> Record:
    record = cls(**fields)
    if body is not None:
        attach_raw(record, body)
    return record


def _decimal_or_text(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text  # Its exponent is out of range.


_json_object = msgspec.json.Decoder(dict[str, Any], float_hook=_decimal_or_text)
_json_encoder = msgspec.json.Encoder(decimal_format="number")
