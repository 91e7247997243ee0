"""The schedules of an account, which run when its clock reaches their time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import count
from typing import Any

import msgspec

from portone_async.models.schedules import Schedule
from portone_async.testing.account import Account
from portone_async.testing.endpoints.billing_keys import BillingKeys
from portone_async.testing.endpoints.billing_keys.state import DECLINED
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.guard import guarded
from portone_async.testing.record import blank, encode

__all__ = ("Schedules",)

_KST = timezone(timedelta(hours=9))
# The console's guide does not name the hour of Recovery: this one is invented.
_RECOVERY_HOUR = 10
_COPIED = (
    "amount",
    "buyer_addr",
    "buyer_email",
    "buyer_name",
    "buyer_postcode",
    "buyer_tel",
    "currency",
    "custom_data",
    "merchant_uid",
    "name",
)


class _Table:
    """The data of :class:`Schedules`."""

    def __init__(self, _: Account) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``merchant_uid``."""
        self.declined: dict[str, str] = {}
        self.recovery = False
        self.books_good_items = False
        self.serials = count(1)


class Schedules:
    """``server.schedules``: the schedules that the fake PortOne knows.

    Each runs when the server's clock reaches its time (``server.advance()``), and then makes a
    payment. Its charge fails if :meth:`decline`, or ``server.billing_keys.decline()``, has
    requested that, or if its billing key was deleted.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._table = account.state(_Table)

    def __len__(self) -> int:
        return len(self._table.records)

    @property
    def recovery(self) -> bool:
        """Whether the console's Recovery is on: failed charges of one day are made again the next.

        Off by default. It applies to charges that fail from then on.
        """
        return self._table.recovery

    @recovery.setter
    def recovery(self, is_on: bool) -> None:
        self._table.recovery = is_on

    @property
    def books_good_items(self) -> bool:
        """Whether a request with one bad item books the others.

        PortOne does not document it. Off by default: then it books none.
        """
        return self._table.books_good_items

    @books_good_items.setter
    def books_good_items(self, is_on: bool) -> None:
        self._table.books_good_items = is_on

    @guarded
    def add(self, schedule: Schedule | None = None, /, **fields: Any) -> Schedule:
        """Add a schedule and return it as the client will decode it.

        The defaults are a charge of 9900 KRW in a day, of a new key, with a new order
        number.

        Args:
            schedule: A model whose fields are copied, except those at their default.
            fields: Override those of ``schedule``, in the model's types or in PortOne's own.

        Raises:
            ValueError: There is a schedule of this ``merchant_uid``, or a time has no time zone.
        """
        given = {} if schedule is None else _changed(schedule)
        number = next(self._table.serials)
        record: dict[str, Any] = {
            "amount": 9900,
            "currency": "KRW",
            "customer_uid": f"member-{number}-card-1",
            "merchant_uid": f"SUB-{number:06}",
            "name": "월 이용료",
            "schedule_at": int(self._account.clock.now) + 24 * 60 * 60,
            "schedule_status": "scheduled",
        } | encode(Schedule, given | fields)
        if record["merchant_uid"] in self._table.records:
            raise ValueError(f"There is a schedule {record['merchant_uid']} already")
        self._store(dict(blank(Schedule)) | {"amount": 0} | record)
        return msgspec.convert(self.body(record["merchant_uid"]), Schedule, strict=False)

    def __contains__(self, merchant_uid: object) -> bool:
        return merchant_uid in self._table.records

    @guarded
    def body(self, merchant_uid: str) -> dict[str, Any]:
        """Return the JSON object of a schedule, with the present status of its payment.

        Raises:
            KeyError: There is no such schedule.
        """
        record = dict(self._table.records[merchant_uid])
        payment = self._account.state(Payments).get(record.get("imp_uid") or "")
        return record if payment is None else record | {"payment_status": payment.status}

    @guarded
    def bodies(self) -> list[dict[str, Any]]:
        """Return all schedules, in the order of their bookings."""
        return [self.body(merchant_uid) for merchant_uid in self._table.records]

    @guarded
    def decline(self, merchant_uid: str, reason: str = DECLINED) -> None:
        """Let the charges of a schedule fail from now on."""
        self._table.declined[merchant_uid] = reason

    @guarded
    def accept(self, merchant_uid: str) -> None:
        """Let the charges of a schedule succeed again."""
        self._table.declined.pop(merchant_uid, None)

    # Operations

    @guarded
    def book(self, customer_uid: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """Book one item of a request, with the buyer that is stored with the key."""
        key = self._account.state(BillingKeys).body(customer_uid)
        buyer = {
            name: key.get(name.replace("buyer_", "customer_"))
            for name in _COPIED
            if name.startswith("buyer_")
        }
        sent = {name: item[name] for name in (*_COPIED, "promotion_id") if item.get(name)}
        self._store(
            {
                **blank(Schedule),
                **{name: key.get(name) for name in ("pg_id", "pg_provider", "customer_id")},
                **buyer,
                **encode(Schedule, {"currency": "KRW"} | sent),
                "customer_uid": customer_uid,
                "schedule_at": int(item["schedule_at"]),
                "schedule_status": "scheduled",
            }
        )
        return self.body(item["merchant_uid"])

    @guarded
    def revoke(
        self, merchant_uids: Iterable[str] | None, customer_uid: str | None
    ) -> list[dict[str, Any]]:
        """Revoke what has not run yet, and return it."""
        now = int(self._account.clock.now)
        revoked: list[dict[str, Any]] = []
        for record in self._table.records.values():
            is_named = merchant_uids is None or record["merchant_uid"] in merchant_uids
            is_of_key = customer_uid in (None, record["customer_uid"])
            if is_named and is_of_key and record["schedule_status"] == "scheduled":
                record |= {"schedule_status": "revoked", "revoked_at": now}
                revoked.append(dict(record))
        return revoked

    @guarded
    def move(self, merchant_uid: str, schedule_at: int) -> dict[str, Any]:
        """Change the time of a schedule, or book it again after it failed or was revoked.

        Whether PortOne keeps the result of the earlier charge is not documented: it is removed.
        """
        record = self._table.records[merchant_uid]
        for name in ("executed_at", "fail_reason", "imp_uid", "payment_status", "revoked_at"):
            record[name] = blank(Schedule)[name]
        self._store(record | {"schedule_at": schedule_at, "schedule_status": "scheduled"})
        return self.body(merchant_uid)

    @guarded
    def charge(self, merchant_uid: str, at: float) -> dict[str, Any]:
        """Charge a schedule, and return the payment, which may have failed.

        What PortOne does with an order number that has a paid payment is not documented. Here it
        is charged, since that is worse for a shop.
        """
        record = self._table.records[merchant_uid]
        reason = self._decline_of(record)
        payment = self._pay(record, reason, int(at))
        record |= {
            "executed_at": int(at),
            "fail_reason": reason,
            "imp_uid": payment["imp_uid"],
            "payment_status": payment["status"],
            "revoked_at": 0,
            "schedule_status": "executed",
        }
        if reason is not None and self.recovery:
            due = _next_recovery(at)
            self._account.agenda.add(due, partial(self._recover, merchant_uid, int(at), due))
        return payment

    def _store(self, record: dict[str, Any]) -> None:
        merchant_uid, due = record["merchant_uid"], record["schedule_at"]
        self._table.records[merchant_uid] = record
        if record["schedule_status"] == "scheduled":
            self._account.agenda.add(due, partial(self._run, merchant_uid, due))

    def _run(self, merchant_uid: str, due: int) -> None:
        """Run a schedule, unless it was moved, revoked or charged meanwhile."""
        record = self._table.records[merchant_uid]
        if (record["schedule_status"], record["schedule_at"]) == ("scheduled", due):
            self.charge(merchant_uid, due)

    def _recover(self, merchant_uid: str, failed_at: int, due: float) -> None:
        """Charge a failed schedule again, unless that has happened meanwhile."""
        body = self.body(merchant_uid)
        if body["payment_status"] == "failed" and body["executed_at"] == failed_at:
            self.charge(merchant_uid, due)

    def _decline_of(self, record: Mapping[str, Any]) -> str | None:
        keys = self._account.state(BillingKeys)
        if record["customer_uid"] not in keys:
            return "등록된 고객정보가 없습니다."
        declined = self._table.declined.get(record["merchant_uid"])
        return declined or keys.take_decline(record["customer_uid"])

    def _pay(self, record: Mapping[str, Any], reason: str | None, at: int) -> dict[str, Any]:
        keys, payments = self._account.state(BillingKeys), self._account.state(Payments)
        customer_uid = record["customer_uid"]
        key = keys.payment_fields(customer_uid) if customer_uid in keys else {}
        outcome = {"paid_at": at} if reason is None else {"failed_at": at, "fail_reason": reason}
        imp_uid = payments.new_imp_uid()
        payments.add(
            **key
            | {name: record[name] for name in _COPIED}
            | outcome
            | {
                "imp_uid": imp_uid,
                "status": "paid" if reason is None else "failed",
                "started_at": at,
                "customer_uid": customer_uid,
                "customer_uid_usage": "payment.scheduled",
            }
        )
        entry = payments.get(imp_uid)
        assert entry is not None
        return entry.body()


def _next_recovery(failed_at: float) -> float:
    day = datetime.fromtimestamp(failed_at, UTC).astimezone(_KST).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, _RECOVERY_HOUR, tzinfo=_KST).timestamp()


def _changed(schedule: Schedule) -> dict[str, Any]:
    """Return the fields of a model that are not at their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(schedule)}
    return {
        name: value
        for name, value in msgspec.structs.asdict(schedule).items()
        if value != defaults[name] and name != "unreadable"
    }
