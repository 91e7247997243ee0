"""One payment of the fake, and the sorting of several."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from msgspec import Struct

from portone_async.models import Sorting

from .record import pad
from .shape import Shape

__all__ = ("SORTED_BY", "Entry", "encode_entries", "sort_entries")

# https://developers.portone.io/api/rest-v1/payment: a period is compared with the time of the
# final status. "pending" is not documented; here it is treated as "ready".
_TIMES = {"paid": "paid_at", "cancelled": "cancelled_at", "failed": "failed_at"}

SORTED_BY: dict[str | None, str] = {"ready": "started", "paid": "paid"}
"""The words for the time that a period is compared with, by status, where there is one."""

# Sort keys, the primary one last. Of equal times, the payment added (or changed) last is the newest.
_KEYS = {
    "started": (attrgetter("serial"), attrgetter("started")),
    "paid": (attrgetter("serial"), attrgetter("paid")),
    "updated": (attrgetter("changed_serial"), attrgetter("changed_at")),
}


# Names and values are stored apart: a million payments share a few shapes.
class Entry(Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One payment. Immutable: a change replaces the entry."""

    shape: Shape
    values: tuple[Any, ...]
    imp_uid: str
    merchant_uid: str
    status: str
    started: float
    paid: float
    moment: float
    """The time that a period is compared with."""
    serial: int
    changed_at: float
    changed_serial: int

    @classmethod
    def of(
        cls,
        record: dict[str, Any],
        shape: Shape,
        *,
        serial: int,
        changed_at: float,
        changed_serial: int,
    ) -> Entry:
        return cls(
            shape=shape,
            values=tuple(record.values()),
            imp_uid=record["imp_uid"],
            merchant_uid=record["merchant_uid"],
            status=record["status"],
            started=_seconds(record.get("started_at")),
            paid=_seconds(record.get("paid_at")),
            moment=_seconds(record.get(_TIMES.get(record["status"], "started_at"))),
            serial=serial,
            changed_at=changed_at,
            changed_serial=changed_serial,
        )

    @property
    def record(self) -> dict[str, Any]:
        return dict(zip(self.shape.names, self.values, strict=True))

    def has(self, name: str, value: Any) -> bool:
        """Return whether a field has this value."""
        names = self.shape.names
        return name in names and self.values[names.index(name)] == value

    def body(self, *, extension: bool = False) -> dict[str, Any]:
        """Return the JSON object for a reply's ``response``."""
        body = pad(self.record)
        extra = body.pop("extension", None)
        return body | {"extension": extra} if extension else body


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """Return the JSON array of the bodies of payments."""
    pieces = [b"["]
    for shape, run in groupby(entries, key=attrgetter("shape")):
        pieces += shape.encode([entry.values for entry in run])
    pieces[-1] = pieces[-1].removesuffix(b",")
    return b"".join([*pieces, b"]"])


def sort_entries(entries: Iterable[Entry], sorting: str | None) -> list[Entry]:
    """Sort payments by one of PortOne's six words."""
    # PortOne does not document what another word does; here it is treated as none at all.
    known = sorting if sorting in set(Sorting) else Sorting.STARTED_DESC
    assert known is not None
    ordered = list(entries)
    for key in _KEYS[known.removeprefix("-")]:
        ordered.sort(key=key, reverse=known.startswith("-"))
    return ordered


def _seconds(time: Any) -> float:
    return time if type(time) is int else float(time or 0)
