"""``client.schedules``: charges of billing keys at a time in the future.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.payment
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from portone_async.call import Repeat, validate_identifier
from portone_async.errors import UnexpectedResponseError
from portone_async.models import Payment
from portone_async.models.schedules import Schedule, ScheduleItem
from portone_async.resources._charge import Charge, carry_out, charge_call
from portone_async.resources._confidential import confidential
from portone_async.resources._request import Money, json_body, path_value, unix_seconds, whole_money
from portone_async.resources._settle import validate_settle
from portone_async.resources._windows import utc_now

from ._booking import Booking, validate_items
from ._calls import move_call, schedule_error
from ._changes import Move, cancel_each, numbers_of
from ._errors import (
    PartlyBookedError,
    ScheduleExecutedError,
    ScheduleMismatchError,
    ScheduleNotFoundError,
)
from ._lookups import Lookups

__all__ = (
    "PartlyBookedError",
    "ScheduleExecutedError",
    "ScheduleMismatchError",
    "ScheduleNotFoundError",
    "Schedules",
)

# cancel_all() lists so far back, for charges that are due and not made yet, and so far ahead.
_OVERDUE = timedelta(days=7)
_AHEAD = timedelta(days=3 * 365)


class Schedules(Lookups):
    """The operations of ``/subscribe/payments/schedule``.

    A schedule is a charge that PortOne makes at its time by itself. Its ``merchant_uid`` is that of
    the payment, and is used up by it.

    If the console's *Recovery* is on, PortOne charges the failed schedules of one day again the next.
    A shop that charges a failed schedule under a new ``merchant_uid`` may then be paid twice.
    """

    @confidential()
    async def create(
        self,
        customer_uid: str,
        *,
        schedules: Iterable[ScheduleItem | Mapping[str, Any]],
        customer_id: str | None = None,
        checking_amount: Money | None = None,
        card_number: str | None = None,
        expiry: str | None = None,
        birth: str | None = None,
        pwd_2digit: str | None = None,
        cvc: str | None = None,
        channel_key: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        check_number: bool = True,
        settle: float = 90,
    ) -> list[Schedule]:
        """Book charges of a billing key, and return them in the order of ``schedules``.

        An order number is booked once, so a second call of the same job books nothing twice, and
        returns what is booked, or executed, already. After a lost answer each schedule is looked up,
        and the missing ones are sent again under the same number, unless the request has card data
        or a ``checking_amount``.

        Args:
            customer_uid: The shop's name for the key.
            schedules: What to charge and when, each a :class:`ScheduleItem` or a ``dict`` of its
                fields. The order numbers must be new, and have 40 characters at most and no slash.
            customer_id: The shop's name for the buyer; ``tosspayments`` requires it.
            checking_amount: Charge this amount to test the card, and cancel it at once. It is a
                whole number.
            card_number: Issue the key for this card first: it replaces a key of this name. 14 to 16
                digits, with or without hyphens.
            expiry: ``YYYY-MM``.
            birth: ``YYMMDD``, or the 10 digits of the business that has the card.
            pwd_2digit: The first two digits of the card's password.
            cvc: 3 or 4 digits, for ``paymentwall``, which requires them.
            channel_key: The console's channel.
            extra_body: Parameters that this package does not know.
            check_number: Whether to look for payments of the order numbers first, by one request for
                a hundred of them.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ScheduleMismatchError: A number is booked for another key, amount, currency or time, or
                was revoked.
            OrderNumberUsedError: A number has a payment that no schedule made; nothing was sent.
            PartlyBookedError: PortOne refused some; the others are booked.
            OutcomeUnknownError: Whether all are booked is unknown. It is safe to call this again,
                unless the request has card data or a ``checking_amount``, which may have left a
                payment.
            BillingKeyNotFoundError: PortOne reports no such key (``resources.billing_keys``).
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused the request.
            PortOneError: Any other failure: nothing was booked.

        Whether PortOne books the others if it refuses one, and the maximum of items, are not
        documented: only a booking would show it.

        Source: ``POST /subscribe/payments/schedule``.
        """
        validate_identifier("customer_uid", customer_uid)
        seconds = validate_settle(settle)
        checking = (
            None if checking_amount is None else whole_money("checking_amount", checking_amount)
        )
        wanted = validate_items(schedules)
        body = json_body(
            extra_body,
            customer_uid=customer_uid,
            schedules=[item.item for item in wanted],
            customer_id=customer_id,
            checking_amount=checking,
            card_number=card_number,
            expiry=expiry,
            birth=birth,
            pwd_2digit=pwd_2digit,
            cvc=cvc,
            channel_key=channel_key,
        )
        booking = Booking(self._client, customer_uid, wanted, body)
        booking.validate()
        if check_number:
            await booking.check_numbers()
        return await booking.carry_out(seconds)

    @confidential()
    async def update(
        self,
        merchant_uid: str,
        *,
        schedule_at: datetime,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Schedule:
        """Move a schedule that has not run yet to another time.

        Args:
            merchant_uid: The shop's order number; without a slash.
            schedule_at: When to charge, with a time zone.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ScheduleExecutedError: It is too late: the charge was made before.
            ScheduleNotFoundError: PortOne reports that there is none.
            OutcomeUnknownError: Whether it was moved is unknown. It is safe to call this again.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused it, as for a time in the past.

        Source: ``PUT /subscribe/payments/schedule/{merchant_uid}``.
        """
        number, seconds = path_value("merchant_uid", merchant_uid), validate_settle(settle)
        body = json_body(extra_body, schedule_at=unix_seconds("schedule_at", schedule_at))
        return await self._move(Repeat.SET, number, body).carry_out(seconds)

    @confidential()
    async def reschedule(
        self,
        merchant_uid: str,
        *,
        schedule_at: datetime,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Schedule:
        """Book a schedule again, under the same ``merchant_uid``, that failed or was revoked.

        It is looked up first: if it is booked for this time already, nothing is sent. Whether
        PortOne keeps the result of the earlier charge is not documented: only a booking would show
        it.

        Args:
            merchant_uid: The shop's order number; without a slash.
            schedule_at: When to charge, with a time zone.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ScheduleNotFoundError: PortOne reports that there is none.
            OutcomeUnknownError: Whether it is booked is unknown. It is safe to call this again.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused it: it is paid, running, or still to run.

        Source: ``POST /subscribe/payments/schedule/{merchant_uid}/reschedule``.
        """
        number, seconds = path_value("merchant_uid", merchant_uid), validate_settle(settle)
        body = json_body(extra_body, schedule_at=unix_seconds("schedule_at", schedule_at))
        move = self._move(Repeat.GUARDED, number, body)
        booked = await self.get(number)
        if booked.schedule_status == "scheduled" and move.is_at_time(booked):
            return booked
        return await move.carry_out(seconds)

    @confidential()
    async def cancel(
        self,
        merchant_uid: str | Iterable[str],
        *,
        customer_uid: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[Schedule]:
        """Revoke schedules that have not run yet, and return them.

        What is revoked already is returned as well, so it is safe to call this again.

        Args:
            merchant_uid: One order number, or several. For all of a key, see :meth:`cancel_all`.
            customer_uid: Revoke them only if they charge this key.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ScheduleExecutedError: It is too late: ``schedules`` were charged before. The others are
                revoked.
            ScheduleNotFoundError: PortOne reports that there is none of one of the numbers.
            OutcomeUnknownError: Whether they are revoked is unknown.
            InvalidRequestError: An argument can never be right, as no number at all: PortOne would
                revoke everything of a key. Nothing was sent.
            ApiError: PortOne refused it, as for a schedule of another key.

        Source: ``POST /subscribe/payments/unschedule``.
        """
        seconds = validate_settle(settle)
        numbers = numbers_of(merchant_uid)
        if customer_uid is not None:
            validate_identifier("customer_uid", customer_uid)
        body = json_body(extra_body, customer_uid=customer_uid, merchant_uid=numbers)
        return await cancel_each(self._client, numbers, body, seconds)

    async def cancel_all(
        self, customer_uid: str, *, until: datetime | None = None, settle: float = 90
    ) -> list[Schedule]:
        """Revoke every schedule of a billing key that has not run yet, and return them.

        They are listed first and revoked by their numbers, so that a late repetition does not
        revoke what was booked meanwhile.

        Args:
            customer_uid: The shop's name for the key; without a slash.
            until: Which to list, by ``schedule_at``; ``None`` for those of the next three years.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Returns:
            Those that are revoked: none, if the key has none.

        Raises:
            ScheduleExecutedError: Some were charged before they could be revoked. The others are
                revoked.
            OutcomeUnknownError: Whether they are revoked is unknown. It is safe to call this again.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure: call this again.

        Source: ``POST /subscribe/payments/unschedule``.
        """
        now = utc_now()
        end = now + _AHEAD if until is None else until
        listed = self.for_customer(
            customer_uid, since=now - _OVERDUE, until=end, schedule_status="scheduled"
        )
        numbers = [schedule.merchant_uid async for schedule in listed]
        if not numbers:
            return []
        return await self.cancel(numbers, customer_uid=customer_uid, settle=settle)

    @confidential()
    async def retry(
        self,
        merchant_uid: str,
        *,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Payment:
        """Charge a schedule now that failed or was revoked, and return the payment when it is paid.

        It is a charge: it is sent once, and looked up while its outcome is open. If the schedule is
        paid already, its payment is returned and nothing is sent.

        Args:
            merchant_uid: The shop's order number; without a slash.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ChargeFailedError: The charge failed again.
            OutcomeUnknownError: Whether it was charged is unknown. Do not charge under another number.
            ScheduleNotFoundError: PortOne reports that there is no such schedule, or no key.
            OrderNumberUsedError: The number has another payment, as a cancelled one; nothing was sent.
            PaymentMismatchError: A payment was made, but differs from the schedule.
            ChargedTwiceError: The number has more than one paid payment.
            InvalidRequestError: The number cannot be part of a path; nothing was sent.
            ApiError: PortOne refused it, as for a schedule that has not run yet.

        Source: ``POST /subscribe/payments/schedule/{merchant_uid}/retry``.
        """
        number, seconds = path_value("merchant_uid", merchant_uid), validate_settle(settle)
        call = charge_call(
            "/subscribe/payments/schedule/{merchant_uid}/retry",
            json_body(extra_body),
            path={"merchant_uid": number},
            merchant_uid=number,
            classify=schedule_error,
        )
        call.payload()  # Refused here, before the look-up.
        schedule = await self.get(number)
        if schedule.amount is None:
            raise UnexpectedResponseError("PortOne returned the schedule without its amount")
        return await carry_out(
            self._client,
            call,
            Charge(
                merchant_uid=merchant_uid,
                amount=schedule.amount,
                currency=schedule.currency,
                customer_uid=schedule.customer_uid,
                has_promotion=schedule.promotion_id is not None,
                is_retry=True,
            ),
            seconds=seconds,
        )

    def _move(self, repeat: Repeat, number: str, body: Mapping[str, Any]) -> Move:
        is_set = repeat is Repeat.SET
        method, suffix = ("PUT", "") if is_set else ("POST", "/reschedule")
        call = move_call(method, suffix, number, body, repeat)
        call.payload()  # Refused here, before any look-up.
        return Move(self._client, call, number, body["schedule_at"])
