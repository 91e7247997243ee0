"""Read what can be read of a response in which a field has an unexpected type. Pure.

PHP writes ``[]`` for an empty map, ``""`` where a number was, and a number for a phone. Responses
are decoded as a whole first, which costs nothing; this is for when that has failed. The members
of an odd record are then offered one by one to the very decoder that refused it, and the record
is decoded anew from those that it takes. So a field is readable here if and only if it is there.

Of a member that comes twice the last one counts, as it does for the decoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Raw, Struct
from msgspec.inspect import (
    BoolType,
    DictType,
    EnumType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    UnionType,
    VarTupleType,
)
from msgspec.structs import force_setattr

from portone_async._redact import Redactor
from portone_async.errors import UnexpectedResponseError

from ._listing import Listing, Page
from ._record import Record, ResponseRecord, attach_raw, redacted_message
from ._unreadable import UnreadableRecord, unreadable_error

__all__ = ("Reader", "reader_for", "shallow", "wire_type")

_members = msgspec.json.Decoder(dict[str, Raw])
_items = msgspec.json.Decoder(list[Raw])
_text = msgspec.json.Decoder(str)


class _Fault(Struct, frozen=True):
    """Why a record cannot be read at all."""

    path: str
    reason: str


class _Schema:
    """How the members of one class of records are read, by its declarations."""

    def __init__(self, record: type[Record]) -> None:
        info = msgspec.inspect.type_info(record)
        assert isinstance(info, StructType)
        strict = tuple(record.strict_fields())
        others = (each.name for each in info.fields if each.name not in {*strict, "unreadable"})
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(record, strict=False).decode
        self.names = (*strict, *others)
        self.strict = frozenset(strict)
        self.required = frozenset(each.name for each in info.fields if each.required)
        self.one: dict[str, type[Record]] = {}
        """Members that are a record themselves."""
        self.many: dict[str, type[Record]] = {}
        """Members that are a list of records."""
        for each in info.fields:
            kind = _not_null(each.type)
            if (one := _record_class(kind)) is not None:
                self.one[each.name] = one
            elif isinstance(kind, VarTupleType) and (many := _record_class(kind.item_type)):
                self.many[each.name] = many
        self._example = _example(info)
        """The members that any such record must have."""

    def refusal(self, name: str, value: bytes) -> str | None:
        """Return why the decoder does not take a member; ``None`` if it does."""
        try:
            self.decode(b"{" + self._example + b'"' + name.encode() + b'":' + value + b"}")
        except msgspec.ValidationError as error:
            return _reason(error)
        return None


_schema = lru_cache(maxsize=None)(_Schema)


def _example(info: StructType) -> bytes:
    """Write the members that a record must have, each with a value that decodes, and a comma."""
    members = {each.name: _value(each.type) for each in info.fields if each.required}
    text = msgspec.json.encode(members)[1:-1]
    return text + b"," if text else b""


def _value(kind: msgspec.inspect.Type) -> Any:  # noqa: PLR0911 (one per type)
    match kind:
        case StrType():
            return ""
        case EnumType(cls=words):
            return next(iter(words)).value
        case BoolType():
            return False
        case VarTupleType():
            return []
        case DictType():
            return {}
        case StructType(fields=fields):
            return {each.name: _value(each.type) for each in fields if each.required}
        case LiteralType(values=values):
            return values[0]
        case UnionType():
            return _value(_not_null(kind))
        case _:
            return 0  # A number, money or a time.


def _not_null(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if not isinstance(kind, UnionType):
        return kind
    return next(each for each in kind.types if not isinstance(each, NoneType))


def _record_class(kind: msgspec.inspect.Type) -> type[Record] | None:
    if isinstance(kind, StructType) and issubclass(kind.cls, Record):
        return kind.cls
    return None


def _cleaned(record: type[Record], raw: bytes, at: str, odd: list[str]) -> bytes | _Fault:
    """Return a record without the members that cannot be read, and add their paths to ``odd``."""
    schema = _schema(record)
    try:
        members = _members.decode(raw)
    except msgspec.ValidationError as error:
        return _Fault(at, _reason(error))
    kept: list[bytes] = []
    for name in schema.names:
        path = f"{at}.{name}" if at else name
        if name not in members:
            if name in schema.required:
                return _Fault(path, "missing")
            continue
        value: bytes | None = bytes(members[name])
        reason = schema.refusal(name, bytes(members[name]))
        if reason is not None:
            if name in schema.strict:
                return _Fault(path, reason)
            value = _repaired(schema, name, bytes(members[name]), path, odd)
        if value is not None:
            kept.append(b'"' + name.encode() + b'":' + value)
    return b"{" + b",".join(kept) + b"}"


def _repaired(schema: _Schema, name: str, value: bytes, path: str, odd: list[str]) -> bytes | None:
    """Return what can be read of a member that was refused; ``None`` for nothing of it.

    A list is returned whole or not at all: one with a hole in it is summed up to a wrong amount.
    """
    if name in schema.one:
        return _or_none(_cleaned(schema.one[name], value, path, odd), odd)
    if name not in schema.many:
        odd.append(path)
        return None
    try:
        items = _items.decode(value)
    except msgspec.ValidationError:
        odd.append(path)
        return None
    cleaned = [
        _or_none(_cleaned(schema.many[name], bytes(item), f"{path}[{index}]", odd), odd)
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
    return re.sub(r" - at `[^`]*`$", "", redacted_message(error))


def _record(
    cls: type[ResponseRecord], raw: bytes, redact: Redactor
) -> ResponseRecord | UnreadableRecord:
    schema = _schema(cls)
    odd: list[str] = []
    try:
        record: ResponseRecord = schema.decode(raw)
    except msgspec.ValidationError:
        cleaned = _cleaned(cls, raw, "", odd)
        if isinstance(cleaned, _Fault):
            return cls.unreadable_type(
                **{
                    name: _identifier(raw, name, redact)
                    for name in cls.unreadable_type.identifier_names()
                },
                path=f"$.{cleaned.path}" if cleaned.path else "$",
                reason=cleaned.reason,
            )
        record = schema.decode(cleaned)
        force_setattr(record, "unreadable", tuple(odd))
    attach_raw(record, b'{"response":' + raw + b"}")
    return record


def _identifier(raw: bytes, name: str, redact: Redactor) -> str | None:
    """Return an identifier of a record that cannot be read; ``None`` if it is odd, too."""
    try:
        return redact(_text.decode(bytes(_members.decode(raw)[name])))
    except (msgspec.ValidationError, KeyError):
        return None


def _listing(cls: type[ResponseRecord], raws: Iterable[Raw], redact: Redactor) -> Listing[Any, Any]:
    records = [_record(cls, bytes(raw), redact) for raw in raws]
    return Listing(
        tuple(each for each in records if isinstance(each, ResponseRecord)),
        tuple(each for each in records if isinstance(each, UnreadableRecord)),
    )


class _RawPage(Struct):
    total: int
    next: int | bool
    list: tuple[Raw, ...]


_raw_page = msgspec.json.Decoder(_RawPage, strict=False)


def _read_page(cls: type[ResponseRecord], raw: bytes, redact: Redactor) -> Page[Any, Any]:
    page = _raw_page.decode(raw)
    listing = _listing(cls, page.list, redact)
    return Page(page.total, page.next, listing.list, listing.unreadable)


def _read_listing(cls: type[ResponseRecord], raw: bytes, redact: Redactor) -> Listing[Any, Any]:
    return _listing(cls, _items.decode(raw), redact)


def _read_list(
    cls: type[ResponseRecord], raw: bytes, redact: Redactor
) -> list[Any] | UnexpectedResponseError:
    listing = _read_listing(cls, raw, redact)
    return unreadable_error(listing.unreadable) if listing.unreadable else [*listing.list]


def _read_one(
    cls: type[ResponseRecord], raw: bytes, redact: Redactor
) -> ResponseRecord | UnexpectedResponseError:
    _members.decode(raw)  # Not an object, so not a record: raise the usual error about its shape.
    record = _record(cls, raw, redact)
    return record if isinstance(record, ResponseRecord) else unreadable_error([record])


class Reader(Struct, frozen=True):
    """Reads an envelope's ``response``, or what of it can be read."""

    record: type[ResponseRecord]
    """The class of the records in it."""
    depth: int
    """How deep the values of a record's fields stand in the whole reply."""
    function: Callable[[type[ResponseRecord], bytes, Redactor], Any]

    def read(self, raw: bytes, redact: Redactor) -> Any:
        """Decode ``response`` and return the answer, or an error; ``redact`` redacts identifiers.

        Raises what msgspec raises where even the frame around the records is odd.
        """
        return self.function(self.record, raw, redact)


_READERS: dict[Any, tuple[int, Callable[[type[ResponseRecord], bytes, Redactor], Any]]] = {
    None: (3, _read_one),
    list: (4, _read_list),
    Listing: (4, _read_listing),
    Page: (5, _read_page),
}


@lru_cache(maxsize=256)
def reader_for(response: Any) -> Reader | None:
    """Return the reader of a response type; ``None`` if it does not consist of records."""
    origin, record = get_origin(response), next(iter(get_args(response)), response)
    if origin not in _READERS:
        return None
    if not (isinstance(record, type) and issubclass(record, ResponseRecord)):
        return None
    depth, function = _READERS[origin]
    return Reader(record, depth, function)


def wire_type(response: Any) -> Any:
    """Return the type that a response is decoded as: a :class:`Listing` travels as an array."""
    if get_origin(response) is Listing:
        return tuple[get_args(response)[0], ...]  # type: ignore[misc]  # a type made at run time
    return response


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
    for bracket in _BRACKET.finditer(body):
        if bracket[1] in b"[{":
            level += 1
            if level == depth:
                begin, deepest = bracket.start(1), level
            deepest = max(deepest, level)
        else:
            if level == depth and deepest > depth + _DEEPEST:
                pieces += [body[kept:begin], _TOO_DEEP]
                kept = bracket.end()
            level -= 1
    return b"".join([*pieces, body[kept:]])
