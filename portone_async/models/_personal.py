"""The names of the fields that are personal, from the declarations of the records."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec
from msgspec.inspect import StructType, Type, UnionType, VarTupleType

from ._record import Record

__all__ = ("personal_names",)


@cache
def personal_names(cls: type[Record]) -> frozenset[str]:
    """Return PortOne's names of the fields that ``to_dict()`` omits, those of parts included."""
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, StructType)
    public = cls.columns()
    names = {field.encode_name for field in info.fields if field.encode_name not in public}
    parts = (part for field in info.fields for part in _records(field.type))
    return frozenset(names.union(*map(personal_names, parts)))


def _records(kind: Type) -> Iterator[type[Record]]:
    """Yield the classes of the records in a field."""
    match kind:
        case StructType(cls=part) if issubclass(part, Record):
            yield part
        case VarTupleType(item_type=item):
            yield from _records(item)
        case UnionType(types=types):
            for member in types:
                yield from _records(member)
        case _:
            pass
