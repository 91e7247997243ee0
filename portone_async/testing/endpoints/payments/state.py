"""The payments of an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from msgspec import UNSET

from portone_async.models import Payment
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.record import encode

from .entry import SORTED_BY, Entry, sort_entries
from .record import decode, fields_of, fill_defaults, validate
from .shape import Shape
from .timeline import Timeline

__all__ = ("Payments",)


class _Ids:
    """The ids of all payments: they are unique over the agency and its Tiers."""

    def __init__(self, _: Account) -> None:
        self.serials = count(1)
        self.taken: set[str] = set()
        self._api_serials = count(1)

    def new_imp_uid(self) -> str:
        while (imp_uid := f"imps_{780000000000 + next(self._api_serials)}") in self.taken:
            pass
        return imp_uid


class Payments:
    """``server.payments``: the payments that the fake PortOne knows.

    No look-up reads all payments: a benchmark requests a thousand pages of a million of them.
    """

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._entries: dict[str, Entry] = {}
        self._orders: dict[str, tuple[Entry, ...]] = {}
        self._timelines: dict[str | None, Timeline] = {}
        """By status; ``None`` for all."""
        self._shapes: dict[tuple[tuple[str, ...], ...], Shape] = {}
        """By the names of the fields, and of those that are not sent."""
        self._ids = account.agency.state(_Ids)

    def __len__(self) -> int:
        return len(self._entries)

    @guarded
    def add(self, payment: Payment | None = None, /, **fields: Any) -> Payment:
        """Add a payment and return it as the client will decode it.

        The defaults are a paid, live card payment of 1000 KRW, started now, with new ids. Fields
        that the status implies (``paid_at``, ``cancel_amount`` ...) are filled in.

        Args:
            payment: A model whose fields are copied, except those at their default.
            fields: Override those of ``payment``, in the model's types or in PortOne's own
                (Unix seconds). Names without a field in the model are sent, too; ``None`` is sent
                as ``null`` (0 for a time); ``msgspec.UNSET`` omits the field.

        Raises:
            ValueError: There is a payment with this ``imp_uid``, or a time has no time zone.
            msgspec.ValidationError: No client could decode it.
        """
        explicit = {} if payment is None else fields_of(payment)
        serial, record = self._new_record(explicit | encode(Payment, fields))
        added = decode(record)
        entry = self._entry(record, serial=serial, changed_serial=serial)
        self._register(entry)
        for timeline in self._timelines_of(entry):
            timeline.add(entry)
        return added

    def add_many(self, payments: Iterable[Mapping[str, Any]]) -> None:
        """Add many payments, each with the fields that :meth:`add` takes.

        A million take some 15 seconds and 0.8 GB. An invalid one raises as in :meth:`add`; those
        before it stay.
        """
        # Locked for one payment at a time, so that requests are answered in between.
        try:
            for fields in payments:
                self._append(fields)
        finally:
            self._settle()

    @guarded
    def _append(self, fields: Mapping[str, Any]) -> None:
        serial, record = self._new_record(encode(Payment, fields))
        validate(record)
        entry = self._entry(record, serial=serial, changed_serial=serial)
        self._register(entry)
        for timeline in self._timelines_of(entry):
            timeline.append(entry)

    @guarded
    def _settle(self) -> None:
        """Sort now, not while the next request waits."""
        for timeline in self._timelines.values():
            timeline.settle()

    @guarded
    def update(self, imp_uid: str, **fields: Any) -> Payment:
        """Change a payment, as when a buyer pays or a shop cancels, and return it.

        Fields that the new status implies are filled in. The payment becomes the one updated last.

        Raises:
            KeyError: There is no such payment.
        """
        old = self._entries[imp_uid]
        explicit = encode(Payment, fields)
        record = old.record | explicit
        fill_defaults(record, explicit, self._clock.now)
        updated = decode(record)
        entry = self._entry(record, serial=old.serial, changed_serial=next(self._ids.serials))
        self.remove(imp_uid)
        self._register(entry)
        for timeline in self._timelines_of(entry):
            timeline.add(entry)
        return updated

    @guarded
    def remove(self, imp_uid: str) -> None:
        """Delete a payment: look-ups then report it missing.

        Raises:
            KeyError: There is no such payment.
        """
        entry = self._entries.pop(imp_uid)
        self._ids.taken.remove(imp_uid)
        others = tuple(other for other in self._orders[entry.merchant_uid] if other is not entry)
        if others:
            self._orders[entry.merchant_uid] = others
        else:
            del self._orders[entry.merchant_uid]
        for timeline in self._timelines_of(entry):
            timeline.remove(entry)

    @guarded
    def new_imp_uid(self) -> str:
        """Return an unused id for a payment that the API makes."""
        return self._ids.new_imp_uid()

    def get(self, imp_uid: str) -> Entry | None:
        """Return the payment with this id."""
        return self._entries.get(imp_uid)

    @guarded
    def of_order(
        self, merchant_uid: str, *, status: str | None = None, sorting: str | None = None
    ) -> list[Entry]:
        """Return the payments of one order number, sorted."""
        entries = self._orders.get(merchant_uid, ())
        return sort_entries((e for e in entries if status in (None, e.status)), sorting)

    @guarded
    def of_key(self, customer_uid: str) -> list[Entry]:
        """Return the payments of one billing key, the newest started first. It reads them all."""
        entries = self._entries.values()
        return sort_entries((e for e in entries if e.has("customer_uid", customer_uid)), None)

    @guarded
    def among(self, imp_uids: Iterable[str], merchant_uids: Iterable[str]) -> list[Entry]:
        """Return the payments with any of these ids or order numbers, the newest started first."""
        matches = [self._entries[imp_uid] for imp_uid in imp_uids if imp_uid in self._entries]
        for merchant_uid in merchant_uids:
            matches += self._orders.get(merchant_uid, ())
        return sort_entries({entry.imp_uid: entry for entry in matches}.values(), None)

    def between(
        self, since: float, until: float, *, status: str | None, sorting: str | None
    ) -> list[Entry]:
        """Return the payments that reached their status in a period, sorted."""
        return self.page_between(since, until, slice(None), status=status, sorting=sorting)[0]

    @guarded
    def page_between(
        self, since: float, until: float, page: slice, *, status: str | None, sorting: str | None
    ) -> tuple[list[Entry], int]:
        """Return a page of :meth:`between`, and the number of all: :meth:`Timeline.between`."""
        return self._timeline(status).between(since, until, sorting, page)

    def _new_record(self, explicit: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the serial and the record of a new payment."""
        serial = next(self._ids.serials)
        # The ids of payments that were made by the API have a prefix of their own.
        prefix = "imps_" if explicit.get("channel") == "api" else "imp_"
        record = self._defaults(serial, prefix) | explicit
        fill_defaults(record, explicit, self._clock.now)
        return serial, record

    def _defaults(self, serial: int, prefix: str) -> dict[str, Any]:
        number = serial
        while (imp_uid := f"{prefix}{770000000000 + number}") in self._ids.taken:
            number = next(self._ids.serials)
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
        return Entry.of(
            record,
            self._shape_of(record),
            serial=serial,
            changed_at=self._clock.now,
            changed_serial=changed_serial,
        )

    def _timelines_of(self, entry: Entry) -> tuple[Timeline, Timeline]:
        """Return the timeline of all payments, and that of the status of one."""
        return self._timeline(None), self._timeline(entry.status)

    def _timeline(self, status: str | None) -> Timeline:
        if status not in self._timelines:
            self._timelines[status] = Timeline(SORTED_BY.get(status))
        return self._timelines[status]

    def _shape_of(self, record: dict[str, Any]) -> Shape:
        omitted: tuple[str, ...] = ()
        if UNSET in record.values():
            omitted = tuple(name for name, value in record.items() if value is UNSET)
        key = (tuple(record), omitted)
        if key not in self._shapes:
            self._shapes[key] = Shape(*key)
        return self._shapes[key]

    def _register(self, entry: Entry) -> None:
        if entry.imp_uid in self._ids.taken:
            raise ValueError(f"There is a payment {entry.imp_uid} already: update() changes it")
        self._ids.taken.add(entry.imp_uid)
        self._entries[entry.imp_uid] = entry
        others = self._orders.get(entry.merchant_uid, ())
        self._orders[entry.merchant_uid] = (*others, entry)
