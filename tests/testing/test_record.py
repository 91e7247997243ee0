"""PortOne's spelling of objects, derived from a model that the fake does not know."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from portone_async.testing.record import blank, encode


class Part(Struct):
    sent_at: datetime | None = None


class Parcel(Struct):
    id: str
    fee: Decimal
    is_sent: bool | None = None
    sent_at: Annotated[datetime, Meta(tz=True)] | None = None
    weight: int | None = None
    parts: tuple[Part, ...] = ()
    problems: Annotated[tuple[str, ...], Meta(max_length=0)] = ()


def test_blank_fields_follow_the_annotations() -> None:
    assert blank(Parcel) == {
        "id": None,
        "fee": 0,
        "is_sent": False,
        "sent_at": 0,
        "weight": None,
        "parts": [],
    }


def test_missing_times_are_encoded_as_0_also_in_nested_models() -> None:
    fields: dict[str, Any] = {"sent_at": None, "weight": None, "parts": [Part()]}
    assert encode(Parcel, fields) == {"sent_at": 0, "weight": None, "parts": [{"sent_at": 0}]}


def test_values_are_encoded_by_their_type() -> None:
    fields: dict[str, Any] = {
        "sent_at": datetime(2026, 2, 2, 2, 40, tzinfo=UTC),
        "fee": Decimal("2500.00"),
        "unknown": (Decimal("0.5"), UNSET),
    }
    encoded = encode(Parcel, fields)

    assert encoded == {"sent_at": 1770000000, "fee": 2500, "unknown": [Decimal("0.5"), UNSET]}
    assert isinstance(encoded["fee"], int)
    assert isinstance(encoded["unknown"][1], UnsetType)
