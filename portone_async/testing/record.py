"""PortOne's spelling of an object, derived from the annotations of the client's model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.inspect import BoolType, DateTimeType, DecimalType, Field, UnionType, VarTupleType

__all__ = ("blank", "encode")

# Encoded already. Nearly all values are, and there may be millions.
_PLAIN = frozenset({bool, int, str})


@cache
def blank(model: type[Struct]) -> Mapping[str, Any]:
    """Return every field that PortOne sends, each with the value that stands for "nothing"."""
    return {field.encode_name: _blank(field) for field in _fields(model) if _is_sent(field)}


def encode(model: type[Struct], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Convert fields to PortOne's types. A value that has one of these already is unchanged.

    Raises:
        ValueError: A time has no time zone.
    """
    times = _times(model)
    return {
        name: 0 if value is None and name in times else _encode(value)
        for name, value in fields.items()
    }


def _encode(value: Any) -> Any:  # noqa: PLR0911 (one per type)
    if type(value) in _PLAIN:
        return value
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError("Times need a time zone")
            return int(value.timestamp())
        case Decimal():
            # PHP writes 1000, never 1000.00.
            return int(value) if value == value.to_integral_value() else value
        case Enum():
            return value.value
        case Struct():
            return encode(type(value), msgspec.structs.asdict(value))
        case dict():
            return {name: _encode(item) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case list() | tuple():
            return [_encode(item) for item in value]  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case _:
            return value


@cache
def _times(model: type[Struct]) -> frozenset[str]:
    return frozenset(f.encode_name for f in _fields(model) if isinstance(_type(f), DateTimeType))


def _fields(model: type[Struct]) -> tuple[Field, ...]:
    info = msgspec.inspect.type_info(model)
    assert isinstance(info, msgspec.inspect.StructType)
    return info.fields


def _type(field: Field) -> msgspec.inspect.Type:
    """Return the type of a field that may also be null."""
    kind = field.type
    return kind.types[0] if isinstance(kind, UnionType) else kind


def _is_sent(field: Field) -> bool:
    """Tell PortOne's fields from those that the client adds, which accept nothing but ``[]``."""
    return getattr(field.type, "max_length", None) != 0


def _blank(field: Field) -> Any:
    match _type(field):
        case DateTimeType() | DecimalType():
            return 0
        case BoolType():
            return False
        case VarTupleType():
            return []
        case _:
            return None
