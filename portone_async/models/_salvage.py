"""Read what can be read of a response in which a field has an unexpected type. Pure.

PHP writes ``[]`` for an empty map, ``""`` for a missing number, and a number for a phone number. A
response is decoded as a whole first; only if that fails are its records read here. Each member of
a refused record is passed alone to the same decoder, and the record is decoded again from the
accepted members. So both ways agree on what is readable.

If a member appears twice the last one counts, as in the decoder.
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

from ._listing import Listing, Page, PageOrArray, kinds_of
from ._record import Record, ResponseRecord, attach_raw, redacted_message
from ._unreadable import UnreadableRecord, unreadable_error

__all__ = ("Reader", "reader_for", "shallow")

_members = msgspec.json.Decoder(dict[str, Raw])
_items = msgspec.json.Decoder(list[Raw])
_text = msgspec.json.Decoder(str)


class _Fault(Struct, frozen=True):
    """The reason why a whole record cannot be read."""

    path: str
    reason: str


class _Schema:
    """The rules for the members of a class of records, derived from its annotations."""

    def __init__(self, record: type[Record]) -> None:
        info = msgspec.inspect.type_info(record)
        assert isinstance(info, StructType)
        strict = tuple(record.strict_fields())
        names = (field.encode_name for field in info.fields)
        others = (name for name in names if name not in {*strict, "unreadable"})
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(record, strict=False).decode
        self.names = (*strict, *others)
        self.strict = frozenset(strict)
        self.required = frozenset(f.encode_name for f in info.fields if f.required)
        self.records: dict[str, type[Record]] = {}
        """Members that are a record."""
        self.record_lists: dict[str, type[Record]] = {}
        """Members that are a list of records."""
        for field in info.fields:
            kind = _not_null(field.type)
            if (record_class := _record_class(kind)) is not None:
                self.records[field.encode_name] = record_class
            elif isinstance(kind, VarTupleType) and (item := _record_class(kind.item_type)):
                self.record_lists[field.encode_name] = item
        self._example = _example(info)

    def decode(self, raw: bytes) -> Any:
        """Decode a record. For a time in the year 10000 msgspec raises a plain ``ValueError``."""
        try:
            return self._decode(raw)
        except msgspec.MsgspecError:
            raise
        except ValueError as error:
            raise msgspec.ValidationError(str(error)) from None

    def refusal(self, name: str, value: bytes) -> str | None:
        """Return why the decoder refuses a member; ``None`` if it accepts it."""
        # If the example has this member, too, the later one counts.
        try:
            self.decode(b"{" + self._example + b'"' + name.encode() + b'":' + value + b"}")
        except msgspec.ValidationError as error:
            return _reason(error)
        return None


_schema = lru_cache(maxsize=None)(_Schema)


def _example(info: StructType) -> bytes:
    """Write the required members in JSON, with values that decode, and a trailing comma."""
    members = {f.encode_name: _value(f.type) for f in info.fields if f.required}
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
            return {f.encode_name: _value(f.type) for f in fields if f.required}
        case LiteralType(values=values):
            return values[0]
        case UnionType():
            return _value(_not_null(kind))
        case _:
            return 0  # A number, money or a time.


def _not_null(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if not isinstance(kind, UnionType):
        return kind
    return next(member for member in kind.types if not isinstance(member, NoneType))


def _record_class(kind: msgspec.inspect.Type) -> type[Record] | None:
    if isinstance(kind, StructType) and issubclass(kind.cls, Record):
        return kind.cls
    return None


def _cleaned(record: type[Record], raw: bytes, at: str, unreadable: list[str]) -> bytes | _Fault:
    """Return a record without its unreadable members, and add their paths to ``unreadable``."""
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
        member = bytes(members[name])
        value: bytes | None = member
        reason = schema.refusal(name, member)
        if reason is not None:
            if name in schema.strict:
                return _Fault(path, reason)
            value = _repaired(schema, name, member, path, unreadable)
        if value is not None:
            kept.append(b'"' + name.encode() + b'":' + value)
    return b"{" + b",".join(kept) + b"}"


def _repaired(
    schema: _Schema, name: str, value: bytes, path: str, unreadable: list[str]
) -> bytes | None:
    """Return a refused member without its own unreadable members; ``None`` if nothing is readable.

    A list is returned whole or not at all: with a missing item its sum would be wrong.
    """
    if name in schema.records:
        return _or_add_path(_cleaned(schema.records[name], value, path, unreadable), unreadable)
    if name not in schema.record_lists:
        unreadable.append(path)
        return None
    try:
        items = _items.decode(value)
    except msgspec.ValidationError:
        unreadable.append(path)
        return None
    cleaned = [
        _or_add_path(
            _cleaned(schema.record_lists[name], bytes(item), f"{path}[{index}]", unreadable),
            unreadable,
        )
        for index, item in enumerate(items)
    ]
    whole = [item for item in cleaned if item is not None]
    return b"[" + b",".join(whole) + b"]" if len(whole) == len(cleaned) else None


def _or_add_path(cleaned: bytes | _Fault, unreadable: list[str]) -> bytes | None:
    if isinstance(cleaned, bytes):
        return cleaned
    unreadable.append(cleaned.path)
    return None


def _reason(error: msgspec.ValidationError) -> str:
    return re.sub(r" - at `[^`]*`$", "", redacted_message(error))


def _record(
    cls: type[ResponseRecord], raw: bytes, redact: Redactor
) -> ResponseRecord | UnreadableRecord:
    schema = _schema(cls)
    unreadable: list[str] = []
    try:
        record: ResponseRecord = schema.decode(raw)
    except msgspec.ValidationError:
        cleaned = _cleaned(cls, raw, "", unreadable)
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
        force_setattr(record, "unreadable", tuple(unreadable))
    attach_raw(record, b'{"response":' + raw + b"}")
    return record


def _identifier(raw: bytes, name: str, redact: Redactor) -> str | None:
    """Return an identifier of a record that cannot be read; ``None`` if it is unreadable as well."""
    try:
        return redact(_text.decode(bytes(_members.decode(raw)[name])))
    except (msgspec.ValidationError, KeyError):
        return None


def _listing(cls: type[ResponseRecord], raws: Iterable[Raw], redact: Redactor) -> Listing[Any, Any]:
    records = [_record(cls, bytes(raw), redact) for raw in raws]
    return Listing(
        tuple(record for record in records if isinstance(record, ResponseRecord)),
        tuple(record for record in records if isinstance(record, UnreadableRecord)),
    )


class _RawPage(Struct):
    total: int
    next: int | bool | None
    list: tuple[Raw, ...]


_raw_page = msgspec.json.Decoder(_RawPage, strict=False)


def _read_page(cls: type[ResponseRecord], raw: bytes, redact: Redactor) -> Page[Any, Any]:
    page = _raw_page.decode(raw)
    listing = _listing(cls, page.list, redact)
    return Page(page.total, page.next, listing.list, listing.unreadable)


def _read_page_or_array(cls: type[ResponseRecord], raw: bytes, redact: Redactor) -> Page[Any, Any]:
    read = _read_listing if raw.lstrip().startswith(b"[") else _read_page
    return PageOrArray[Any, Any].of(read(cls, raw, redact))


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
    _members.decode(raw)  # Raises if it is not even an object.
    record = _record(cls, raw, redact)
    return record if isinstance(record, ResponseRecord) else unreadable_error([record])


class Reader(Struct, frozen=True):
    """Reads the ``response`` of an envelope without its unreadable fields."""

    record: type[ResponseRecord]
    """The class of the records in it."""
    depth: int
    """The nesting level, in the whole reply, of the values of a record's fields."""
    function: Callable[[type[ResponseRecord], bytes, Redactor], Any]

    def read(self, raw: bytes, redact: Redactor) -> Any:
        """Decode ``response``, or return an error; ``redact`` is applied to identifiers.

        Raises:
            DecodeError: The JSON around the records is not as expected.
            RecursionError: It is nested too deeply.
        """
        return self.function(self.record, raw, redact)


_READERS: dict[Any, tuple[int, Callable[[type[ResponseRecord], bytes, Redactor], Any]]] = {
    None: (3, _read_one),
    list: (4, _read_list),
    Listing: (4, _read_listing),
    Page: (5, _read_page),
    PageOrArray: (5, _read_page_or_array),
}


@lru_cache(maxsize=256)
def reader_for(response: Any) -> Reader | None:
    """Return the reader of a response type; ``None`` if it does not consist of records."""
    origin, record = get_origin(response), next(iter(get_args(response)), response)
    if origin not in _READERS:
        return None
    record = kinds_of(record)[-1]
    if not (isinstance(record, type) and issubclass(record, ResponseRecord)):
        return None
    depth, function = _READERS[origin]
    return Reader(record, depth, function)


# Levels: more than PortOne documents anywhere, and fewer than the decoder's limit.
_DEEPEST = 64
# Match up to the next bracket. Strings are skipped whole: a bracket inside one does not count.
_BRACKET = re.compile(rb'(?:[^"\[{\]}]++|"(?:[^"\\]++|\\.)*+"?)*+([\[{\]}])', re.DOTALL)
# No field has this type: a list whose item is a list.
_TOO_DEEP = b'[["nested too deeply"]]'


def shallow(body: bytes, depth: int) -> bytes:
    """Replace the values at ``depth`` that are nested too deeply for a recursive decoder."""
    pieces: list[bytes] = []
    level = deepest = begin = copied = 0
    for bracket in _BRACKET.finditer(body):
        if bracket[1] in b"[{":
            level += 1
            if level == depth:
                begin, deepest = bracket.start(1), level
            deepest = max(deepest, level)
        else:
            if level == depth and deepest > depth + _DEEPEST:
                pieces += [body[copied:begin], _TOO_DEEP]
                copied = bracket.end()
            level -= 1
    return b"".join([*pieces, body[copied:]])
