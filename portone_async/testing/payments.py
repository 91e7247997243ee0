"""The payments that the fake knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import count
from typing import Any

import msgspec

from portone_async.models import Payment, Sorting

from .clock import Clock
from .record import blank, complete, model, present, written

__all__ = ("Entry", "Payments")


class Entry:
    """One payment: its record, and what orders it among others."""

    def __init__(self, record: dict[str, Any], serial: int, changed: tuple[float, int]) -> None:
        self.record = record
        self.serial = serial
        self.changed = changed

    def time(self, name: str) -> float:
        return float(self.record[name] or 0)

    def body(self, *, extension: bool = False) -> dict[str, Any]:
        """The object in a reply's ``response``."""
        body = present(self.record)
        kept = body.pop("extension", None)
        return body | {"extension": kept} if extension else body


# Where times are equal, the payment that was added (or changed) last is the newest.
_KEYS: dict[str, Callable[[Entry], tuple[float, int]]] = {
    "started": lambda entry: (entry.time("started_at"), entry.serial),
    "paid": lambda entry: (entry.time("paid_at"), entry.serial),
    "updated": lambda entry: entry.changed,
}


class Payments:
    """What :meth:`FakePortOne.add` and the endpoints share."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._serials = count(1)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, payment: Payment | None, fields: dict[str, Any]) -> Payment:
        serial = next(self._serials)
        said = self._identified(serial, _said(payment) | written(fields))
        now = self._clock.now
        record = blank() | {"status": "paid", "amount": 1000, "currency": "KRW"}
        record |= {"pay_method": "card", "channel": "pc"} | said
        complete(record, said, now)
        stored = model(record)
        if stored.imp_uid in self._entries:
            raise ValueError(f"There is a payment {stored.imp_uid} already: update() changes it")
        self._entries[stored.imp_uid] = Entry(record, serial, (now, serial))
        return stored

    def update(self, imp_uid: str, fields: dict[str, Any]) -> Payment:
        said = written(fields)
        now = self._clock.now
        entry = self._entries[imp_uid]
        record = entry.record | said
        complete(record, said, now)
        stored = model(record)
        entry.record = record
        entry.changed = (now, next(self._serials))
        return stored

    def remove(self, imp_uid: str) -> None:
        del self._entries[imp_uid]

    def get(self, imp_uid: str) -> Entry | None:
        return self._entries.get(imp_uid)

    def of_order(
        self, merchant_uid: str, *, status: str | None = None, sorting: str | None = None
    ) -> list[Entry]:
        """The payments of one order number, the first by ``sorting`` first."""
        return _sorted(
            (
                entry
                for entry in self._entries.values()
                if entry.record["merchant_uid"] == merchant_uid
                and status in (None, entry.record["status"])
            ),
            sorting,
        )

    def among(self, imp_uids: Collection[str], merchant_uids: Collection[str]) -> list[Entry]:
        """All that bear one of these ids or order numbers, the newest started first."""
        return _sorted(
            (
                entry
                for entry in self._entries.values()
                if entry.record["imp_uid"] in imp_uids
                or entry.record["merchant_uid"] in merchant_uids
            ),
            None,
        )

    def _identified(self, serial: int, said: dict[str, Any]) -> dict[str, Any]:
        number = serial
        while (imp_uid := f"imp_{770000000000 + number}") in self._entries:
            number = next(self._serials)
        return {"imp_uid": imp_uid, "merchant_uid": f"ORD-{number:06}"} | said


def _said(payment: Payment | None) -> dict[str, Any]:
    """What a model says: a field at its default says nothing."""
    if payment is None:
        return {}
    fields = msgspec.structs.asdict(payment)
    defaults = {field.name: field.default for field in msgspec.structs.fields(payment)}
    return written({name: value for name, value in fields.items() if value != defaults[name]})


def _sorted(entries: Iterable[Entry], sorting: str | None) -> list[Entry]:
    # PortOne does not say what another word does; here it is as if nothing had been said.
    known = sorting if sorting in set(Sorting) else Sorting.STARTED_DESC
    assert known is not None
    return sorted(entries, key=_KEYS[known.removeprefix("-")], reverse=known.startswith("-"))
