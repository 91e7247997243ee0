"""The payments that the fake knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import msgspec

from portone_async.models import Payment

from .clock import Clock
from .entry import Entry, in_order
from .guard import guarded
from .record import check, complete, model, written
from .timeline import Timeline

__all__ = ("Payments",)


class Payments:
    """What :meth:`FakePortOne.add` and the endpoints share.

    No look-up reads the whole store: a benchmark asks for a thousand pages of a million payments.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._orders: dict[str, tuple[Entry, ...]] = {}
        self._timelines: defaultdict[str | None, Timeline] = defaultdict(Timeline)
        """By status; ``None`` for all."""
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._serials = count(1)

    def __len__(self) -> int:
        return len(self._entries)

    @guarded
    def add(self, payment: Payment | None, fields: Mapping[str, Any]) -> Payment:
        serial, record = self._completed(_said(payment) | written(fields))
        added = model(record)
        entry = self._entry(record, serial=serial, changed_serial=serial)
        self._register(entry)
        for status in (None, entry.status):
            self._timelines[status].add(entry)
        return added

    def add_many(self, payments: Iterable[Mapping[str, Any]]) -> None:
        # Each is a step of its own, so that a request is answered while a million come in.
        try:
            for fields in payments:
                self._append(fields)
        finally:
            self._settle()

    @guarded
    def _append(self, fields: Mapping[str, Any]) -> None:
        serial, record = self._completed(written(fields))
        check(record)
        entry = self._entry(record, serial=serial, changed_serial=serial)
        self._register(entry)
        for status in (None, entry.status):
            self._timelines[status].append(entry)

    @guarded
    def _settle(self) -> None:
        """Sort now, not while the next request waits."""
        for timeline in self._timelines.values():
            timeline.settle()

    @guarded
    def update(self, imp_uid: str, fields: Mapping[str, Any]) -> Payment:
        old = self._entries[imp_uid]
        said = written(fields)
        record = old.record | said
        complete(record, said, self._clock.now)
        updated = model(record)
        entry = self._entry(record, serial=old.serial, changed_serial=next(self._serials))
        self.remove(imp_uid)
        self._register(entry)
        for status in (None, entry.status):
            self._timelines[status].add(entry)
        return updated

    @guarded
    def remove(self, imp_uid: str) -> None:
        entry = self._entries.pop(imp_uid)
        others = tuple(each for each in self._orders[entry.merchant_uid] if each is not entry)
        if others:
            self._orders[entry.merchant_uid] = others
        else:
            del self._orders[entry.merchant_uid]
        for status in (None, entry.status):
            self._timelines[status].remove(entry)

    def get(self, imp_uid: str) -> Entry | None:
        return self._entries.get(imp_uid)

    @guarded
    def of_order(
        self, merchant_uid: str, *, status: str | None = None, sorting: str | None = None
    ) -> list[Entry]:
        """The payments of one order number, the first by ``sorting`` first."""
        entries = self._orders.get(merchant_uid, ())
        return in_order((each for each in entries if status in (None, each.status)), sorting)

    @guarded
    def among(self, imp_uids: Iterable[str], merchant_uids: Iterable[str]) -> list[Entry]:
        """All that bear one of these ids or order numbers, each once, the newest started first."""
        found = [self._entries[imp_uid] for imp_uid in imp_uids if imp_uid in self._entries]
        for merchant_uid in merchant_uids:
            found += self._orders.get(merchant_uid, ())
        return in_order({entry.imp_uid: entry for entry in found}.values(), None)

    @guarded
    def between(
        self, since: float, until: float, *, status: str | None, sorting: str | None
    ) -> list[Entry]:
        """Those whose final status was reached in a period: see :meth:`Timeline.between`."""
        return self._timelines[status].between(since, until, sorting)

    def _completed(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The serial and the record of a new payment."""
        serial = next(self._serials)
        record = self._untold(serial) | said
        complete(record, said, self._clock.now)
        return serial, record

    def _untold(self, serial: int) -> dict[str, Any]:
        number = serial
        while (imp_uid := f"imp_{770000000000 + number}") in self._entries:
            number = next(self._serials)
        return {
            "imp_uid": imp_uid,
            "merchant_uid": f"ORD-{number:06}",
            "status": "paid",
            "amount": 1000,
            "currency": "KRW",
            "pay_method": "card",
            "channel": "pc",
        }

    def _entry(self, record: dict[str, Any], *, serial: int, changed_serial: int) -> Entry:
        names = tuple(record)
        return Entry.of(
            record,
            self._names.setdefault(names, names),
            serial=serial,
            changed_at=self._clock.now,
            changed_serial=changed_serial,
        )

    def _register(self, entry: Entry) -> None:
        if entry.imp_uid in self._entries:
            raise ValueError(f"There is a payment {entry.imp_uid} already: update() changes it")
        self._entries[entry.imp_uid] = entry
        others = self._orders.get(entry.merchant_uid, ())
        self._orders[entry.merchant_uid] = (*others, entry)


def _said(payment: Payment | None) -> dict[str, Any]:
    """What a model says: a field at its default says nothing."""
    if payment is None:
        return {}
    fields = msgspec.structs.asdict(payment)
    del fields["unreadable"]  # what the client found, not what PortOne sends
    defaults = {field.name: field.default for field in msgspec.structs.fields(payment)}
    return written({name: value for name, value in fields.items() if value != defaults[name]})
