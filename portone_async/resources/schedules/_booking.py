"""Book schedules: each once, however often the answer is lost.

An order number is booked once: PortOne refuses a second time. So a booked one is compared with what
was sent, and those that are missing are sent again under the same number. With card data or a test
charge nothing is sent again, since these are carried out before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec
from msgspec import Struct

from portone_async._redact import SecretDict, SecretList
from portone_async.call import Call, Caller, Repeat
from portone_async.errors import (
    ApiError,
    Difference,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.schedules import Schedule, ScheduleItem, ScheduleListing
from portone_async.resources._charge import DEFAULT_CURRENCY, charge_amount, charge_number
from portone_async.resources._confidential import secrets_in
from portone_async.resources._request import money, unix_seconds
from portone_async.resources._settle import is_open, is_refusal, settle
from portone_async.resources.payments import Payments

from ._calls import create_call, get_call
from ._errors import PartlyBookedError, ScheduleMismatchError, ScheduleNotFoundError

__all__ = ("Booking", "Wanted", "validate_items")

_PARTS = ("tax_free", "vat_amount")
_YEAR_10000 = 253402300800  # In Unix seconds.


class Wanted(Struct, frozen=True):
    """A schedule to book."""

    merchant_uid: str
    schedule_at: int
    amount: Decimal
    currency: str
    item: SecretDict
    """Its parameters."""

    @classmethod
    def of(cls, source: ScheduleItem | SecretDict) -> Wanted:
        """Validate an item of a request.

        Raises:
            InvalidRequestError: A parameter is missing, or can never be right.
        """
        given = msgspec.structs.asdict(source) if isinstance(source, Struct) else source
        item = SecretDict({name: value for name, value in given.items() if value is not None})
        for name in ("merchant_uid", "schedule_at", "amount"):
            if name not in item:
                raise InvalidRequestError(f"an item of schedules has no {name}")
        merchant_uid = charge_number(item["merchant_uid"])
        currency = str(item.get("currency", DEFAULT_CURRENCY))
        try:
            item |= _time_and_money(item, currency)
        except InvalidRequestError as error:
            error.identifiers = {"merchant_uid": merchant_uid}
            raise
        return cls(merchant_uid, item["schedule_at"], item["amount"], currency, item)

    def differences(self, schedule: Schedule, customer_uid: str) -> tuple[Difference, ...]:
        """Return in what a booked schedule differs from this one, or may differ."""
        at = schedule.schedule_at
        pairs: dict[str, tuple[object, object]] = {
            "customer_uid": (customer_uid, schedule.customer_uid),
            "amount": (self.amount, schedule.amount),
            "currency": (self.currency.upper(), (schedule.currency or "KRW").upper()),
            "schedule_at": (self.schedule_at, None if at is None else int(at.timestamp())),
        }
        found = [Difference(n, str(a), str(b)) for n, (a, b) in pairs.items() if a != b]
        if schedule.schedule_status == "revoked":
            found.append(Difference("schedule_status", "scheduled", "revoked"))
        return tuple(found)


def validate_items(items: object) -> Sequence[Wanted]:
    """Validate the items of a request.

    Raises:
        InvalidRequestError: There is none, two have the same number, or one is not right.
    """
    if not isinstance(items, Iterable) or isinstance(items, str | Mapping):
        raise InvalidRequestError("schedules must be a list of items")
    # First, so that no frame of a later error holds a dict of the caller.
    hidden = [_item(item) for item in cast("Iterable[object]", items)]
    wanted = [Wanted.of(item) for item in hidden]
    if not wanted:
        raise InvalidRequestError("schedules must have at least one item")
    if len({item.merchant_uid for item in wanted}) < len(wanted):
        raise InvalidRequestError("two items of schedules have the same merchant_uid")
    return wanted


def _seconds(time: object) -> int:
    """Return the time of an item in Unix seconds, which a dict may have as a number."""
    if not isinstance(time, int) or isinstance(time, bool):
        return unix_seconds("schedule_at", time)
    if not 0 < time < _YEAR_10000:
        raise InvalidRequestError(
            "schedule_at must be a datetime, or Unix seconds: not milliseconds"
        )
    return time


def _time_and_money(item: SecretDict, currency: str) -> SecretDict:
    """Return the time and the amounts of an item, in the API's types."""
    parts = {name: money(name, item[name]) for name in _PARTS if name in item}
    return SecretDict(
        schedule_at=_seconds(item["schedule_at"]),
        amount=charge_amount(item["amount"], currency=currency, **parts),
        **parts,
    )


def _item(item: object) -> ScheduleItem | SecretDict:
    if isinstance(item, ScheduleItem):
        return item
    if isinstance(item, Mapping):
        return SecretDict(cast("Mapping[str, Any]", item))
    raise InvalidRequestError(
        f"an item of schedules must be a ScheduleItem or a dict, not {type(item).__name__}"
    )


class Booking:
    """The schedules of one request, and which of them are booked.

    Args:
        client: The client.
        customer_uid: The key that is charged.
        wanted: What to book.
        body: The request for all of them.
    """

    def __init__(
        self,
        client: Caller,
        customer_uid: str,
        wanted: Sequence[Wanted],
        body: SecretDict,
    ) -> None:
        self._client = client
        self._customer_uid = customer_uid
        self._wanted = {item.merchant_uid: item for item in wanted}
        self._body = body
        # A key for a card, and a test charge, would be made again.
        self._is_repeatable = not (body.get("card_number") or body.get("checking_amount"))
        self._booked: dict[str, Schedule] = {}
        self._refusal: ApiError | None = None
        self._is_answer_lost = False

    def validate(self) -> None:
        """Refuse what cannot be sent, before any look-up.

        Raises:
            InvalidRequestError: It cannot be encoded.
        """
        self._call(self._wanted.values()).payload()

    async def carry_out(self, seconds: float) -> list[Schedule]:
        """Book all of them, and return them in the order of the request."""
        if not self._missing():
            return self._result()
        try:
            return await settle(
                self._send,
                self._look,
                seconds=seconds,
                resend=self._is_repeatable,
                secrets=secrets_in(self._body),
            )
        except OutcomeUnknownError as error:
            if self._refusal is None or self._is_answer_lost:
                error.evidence += (f"not known to be booked: {', '.join(self._missing())}",)
                raise
            # Only what an earlier delivery did could not be looked up.
            refusal = self._refused(self._refusal)
        raise refusal

    async def check_numbers(self) -> None:
        """Look for payments of the order numbers: one request for a hundred.

        A payment that an earlier delivery of this very schedule has made is not another use.

        Raises:
            OrderNumberUsedError: A number has a payment of anything else.
        """
        async with Payments(self._client).get_many(list(self._wanted)) as groups:
            used = [group async for group in groups if group.payments or group.unreadable]
        for group in used:
            if await self._find(group.uid) is None:
                error = OrderNumberUsedError(
                    "nothing was sent: this order number has a payment that no schedule made",
                    payments=group.payments,
                )
                error.identifiers = {"merchant_uid": group.uid}
                raise error

    async def _send(self) -> list[Schedule]:
        """Send those that are missing, until none is, or PortOne books none of them."""
        while missing := self._missing():
            try:
                listing = await self._request(missing.values())
            except ApiError as refusal:
                if not is_refusal(refusal):
                    raise
                if not await self._has_booked_some(missing):
                    raise self._refused(refusal)  # noqa: B904 (its cause is set)
                continue
            for schedule in listing.list:
                self._accept(schedule)
            if missing.keys() & self._missing().keys():
                raise UnexpectedResponseError("PortOne answered without some of the schedules")
        return self._result()

    async def _request(self, items: Iterable[Wanted]) -> ScheduleListing:
        """Send some items, and remember how that ended."""
        self._refusal = None
        try:
            return await self._client.call(self._call(items))
        except PortOneError as error:
            self._is_answer_lost |= is_open(error)
            if is_refusal(error):
                self._refusal = error
            raise

    def _call(self, items: Iterable[Wanted]) -> Call[ScheduleListing]:
        numbers = [item.merchant_uid for item in items]
        # In the order of the request, of which these are all or some.
        pairs = zip(self._wanted, self._body["schedules"], strict=True)
        schedules = SecretList(item for number, item in pairs if number in numbers)
        body = SecretDict(self._body | {"schedules": schedules})
        repeat = Repeat.GUARDED if self._is_repeatable else Repeat.UNSAFE
        return create_call(self._customer_uid, body, numbers, repeat)

    async def _has_booked_some(self, missing: Mapping[str, Wanted]) -> bool:
        """Look whether those that are refused are booked, and the others may be sent again."""
        try:
            for merchant_uid in missing:
                await self._find(merchant_uid)
        except ApiError as error:
            if is_open(error):
                raise  # Looked up again.
        left = self._missing()
        return not left or (self._is_repeatable and len(left) < len(missing))

    async def _look(self) -> list[Schedule] | PortOneError | None:
        try:
            for merchant_uid in self._missing():
                await self._find(merchant_uid)
        except ScheduleMismatchError as error:
            return error
        if not self._missing():
            return self._result()
        return None if self._refusal is None else self._refused(self._refusal)

    async def _find(self, merchant_uid: str) -> Schedule | None:
        """Look a schedule up; ``None`` if it is not booked.

        Raises:
            ScheduleMismatchError: The number is booked for something else.
        """
        try:
            schedule = await self._client.call(get_call(merchant_uid))
        except ScheduleNotFoundError:
            return None
        self._accept(schedule)
        return schedule

    def _accept(self, schedule: Schedule) -> None:
        differences = self._wanted[schedule.merchant_uid].differences(schedule, self._customer_uid)
        if differences:
            reason = "; ".join(map(str, differences))
            error = ScheduleMismatchError(reason, schedule=schedule, differences=differences)
            error.identifiers = {"merchant_uid": schedule.merchant_uid}
            raise error
        self._booked[schedule.merchant_uid] = schedule

    def _missing(self) -> dict[str, Wanted]:
        return {uid: item for uid, item in self._wanted.items() if uid not in self._booked}

    def _result(self) -> list[Schedule]:
        return [self._booked[merchant_uid] for merchant_uid in self._wanted]

    def _refused(self, refusal: ApiError) -> PortOneError:
        """Return the error of a refusal: another one if some are booked all the same."""
        if not self._booked:
            return refusal.with_traceback(None)
        missing = tuple(self._missing())
        error = PartlyBookedError(
            f"{len(self._booked)} of {len(self._wanted)} schedules are booked: {refusal.reason}",
            booked=tuple(self._booked.values()),
            missing=missing,
        )
        error.endpoint, error.identifiers = refusal.endpoint, refusal.identifiers
        error.__cause__ = refusal
        return error
