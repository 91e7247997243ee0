"""The JSON of a record of any class, with every field, and a canary in every text."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from portone_async import models
from portone_async.models import Record, ResponseRecord
from portone_async.models.cash_receipts import _Receipt  # pyright: ignore[reportPrivateUsage] (a class that others inherit from)

__all__ = ("RECORDS", "UNKNOWN", "canary", "full_json", "full_record", "texts_in")

R = TypeVar("R", bound=Record)

_INHERITED = (Record, ResponseRecord, _Receipt)

UNKNOWN = "field_of_a_later_version"
"""A field that no record declares."""


def _records() -> Iterator[type[Record]]:
    """Yield the classes of all modules, without those that only others inherit from."""
    for module in pkgutil.iter_modules(models.__path__, f"{models.__name__}."):
        for value in vars(import_module(module.name)).values():
            is_record = isinstance(value, type) and issubclass(value, Record)
            if is_record and value.__module__ == module.name and value not in _INHERITED:
                yield value


RECORDS = sorted(_records(), key=lambda record: record.__name__)
"""All classes of records."""


def canary(record: type[Record], name: str) -> str:
    """Return the text in a field, by PortOne's name for it."""
    return f"planted-{record.__name__}-{name}-심어둔"


def full_json(record: type[Record]) -> dict[str, Any]:
    """Return JSON in which each field of a record is set, and one that it does not declare."""
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    members = {
        field.encode_name: _value(field.type, canary(record, field.encode_name))
        for field in info.fields
        if field.name != "unreadable"
    }
    return members | {UNKNOWN: {"text": canary(record, UNKNOWN)}}


def full_record(record: type[R]) -> R:
    """Return a record in which each field is set."""
    text = msgspec.json.Encoder(decimal_format="number").encode(full_json(record))
    return msgspec.json.decode(text, type=record, strict=False)


def _value(kind: inspect.Type, text: str) -> Any:  # noqa: PLR0911 (one per type)
    match kind:
        case inspect.UnionType(types=types):
            (kind,) = (part for part in types if not isinstance(part, inspect.NoneType))
            return _value(kind, text)
        case inspect.VarTupleType(item_type=item):
            return [_value(item, text)]
        case inspect.StructType(cls=part):
            assert issubclass(part, Record)
            return full_json(part)
        case inspect.StrType() | inspect.EnumType():
            return text
        case inspect.DictType():
            return {"text": text, "fee": 0.5}
        case inspect.DecimalType():
            return Decimal("10.50")
        case inspect.DateType():
            return "1990-02-03"
        case inspect.BoolType():
            return True
        case _:
            return 1_770_000_000  # A number, or Unix seconds.


def texts_in(value: Any) -> Iterator[str]:
    """Yield the canaries in JSON."""
    parts: Any = value
    if isinstance(value, str) and value.startswith("planted-"):
        yield value
    elif isinstance(value, Mapping):
        for part in parts.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in parts:
            yield from texts_in(part)
