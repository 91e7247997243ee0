"""Charge subscriptions every month: ``python examples/subscription.py COMMAND DATABASE ...``.

```text
add DATABASE SUBSCRIPTION CUSTOMER_UID AMOUNT DAY   begin a subscription with a stored billing key
run DATABASE DAY                                    charge what is due on this day, for a daily job
show DATABASE                                       print every charge
```

A charge happens once, also if the job is killed, delivered twice, or its answer is lost:

- The order number is computed from the subscription, the period and the number of the attempt.
- It is stored before the charge is sent. The next run takes up what has no result, by this number.
- Only a charge that failed for certain gets another number, with the next attempt on the next day.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET``. Without an account, run
``python -m portone_async.testing``, which prints the variables to set and has a billing key.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from typing import NamedTuple

from portone_async import (
    ApiError,
    AuthenticationError,
    ChargeFailedError,
    OrderNumberUsedError,
    Payment,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    TransientError,
    UnauthorizedError,
    order_number,
)

ATTEMPTS = 4
"""How often a period is tried, once a day. After that, ask the customer for another card."""
GRACE = float(os.environ.get("SUBSCRIPTION_GRACE", "300"))
"""Seconds for which an attempt without a result is left alone: another run may still be working on
it, and of a run that was killed PortOne may not show the payment yet."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS subscription (
    id TEXT PRIMARY KEY,
    customer_uid TEXT NOT NULL,
    amount INTEGER NOT NULL,
    due TEXT NOT NULL  -- the period to charge next
);
CREATE TABLE IF NOT EXISTS charge (
    merchant_uid TEXT PRIMARY KEY,
    subscription TEXT NOT NULL REFERENCES subscription,
    period TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    day TEXT NOT NULL,
    sent_at REAL NOT NULL,
    state TEXT NOT NULL,  -- open (sent, perhaps), paid, failed
    imp_uid TEXT,
    UNIQUE (subscription, period, attempt)
);
"""


class Due(NamedTuple):
    """One attempt to charge one period of one subscription."""

    subscription: str
    customer_uid: str
    amount: int
    period: date
    attempt: int

    @property
    def merchant_uid(self) -> str:
        """The order number: the same for every run that makes this attempt."""
        return order_number(self.subscription, self.period, self.attempt, prefix="SUB")


class Result(NamedTuple):
    """The result of an attempt."""

    state: str
    """``paid``, ``failed``, or ``open`` for one that the next run takes up."""
    text: str
    imp_uid: str | None = None


def opened(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(SCHEMA)
    return database


def all_due(database: sqlite3.Connection, day: date) -> list[Due]:
    """List what to charge on this day: new periods, open attempts, and failed ones once a day."""
    rows = database.execute(
        "SELECT id, customer_uid, amount, due FROM subscription WHERE due <= ?", [day.isoformat()]
    ).fetchall()
    due: list[Due] = []
    for subscription, customer_uid, amount, period in rows:
        attempt = next_attempt(database, subscription, period, day)
        if attempt is not None:
            period_day = date.fromisoformat(period)
            due.append(Due(subscription, customer_uid, amount, period_day, attempt))
    return due


def next_attempt(
    database: sqlite3.Connection, subscription: str, period: str, day: date
) -> int | None:
    """Return the number of the attempt to make now; ``None`` to make none."""
    last = database.execute(
        "SELECT attempt, state, day FROM charge WHERE subscription = ? AND period = ?"
        " ORDER BY attempt DESC",
        [subscription, period],
    ).fetchone()
    if last is None:
        return 1
    attempt: int
    attempt, state, last_day = last
    if state == "open":
        return attempt
    return attempt + 1 if attempt < ATTEMPTS and last_day < day.isoformat() else None


def begin(database: sqlite3.Connection, due: Due, day: date) -> bool:
    """Store an attempt before it is sent: from here on, it has this number.

    One statement, so that of two runs at the same time only one makes the attempt.

    Returns:
        Whether this run may make it.
    """
    now = time.time()
    stored = database.execute(
        "INSERT INTO charge VALUES (?, ?, ?, ?, ?, ?, 'open', NULL) ON CONFLICT DO UPDATE"
        " SET day = excluded.day, sent_at = excluded.sent_at"
        " WHERE state = 'open' AND sent_at <= excluded.sent_at - ?",
        [
            due.merchant_uid,
            due.subscription,
            due.period.isoformat(),
            due.attempt,
            day.isoformat(),
            now,
            GRACE,
        ],
    )
    return stored.rowcount > 0


def end(database: sqlite3.Connection, due: Due, result: Result) -> None:
    """Store the result of an attempt; after a payment, the next period is due."""
    with database:
        database.execute("BEGIN")
        database.execute(
            "UPDATE charge SET state = ?, imp_uid = ? WHERE merchant_uid = ?",
            [result.state, result.imp_uid, due.merchant_uid],
        )
        if result.state == "paid":
            database.execute(
                "UPDATE subscription SET due = ? WHERE id = ? AND due = ?",
                [month_after(due.period).isoformat(), due.subscription, due.period.isoformat()],
            )


def month_after(period: date) -> date:
    """Return the same day of the next month."""
    first = (period.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(day=period.day)


async def charge(client: PortOneClient, due: Due) -> Result:
    """Charge one attempt. To call it again is safe: its number is charged once."""
    try:
        payment = await client.charges.with_billing_key(
            due.customer_uid,
            merchant_uid=due.merchant_uid,
            amount=due.amount,
            name=f"Subscription {due.period:%Y-%m}",
        )
    except ChargeFailedError as error:
        return Result("failed", "failed, tried again tomorrow", imp_uid_of(error.payment))
    except OrderNumberUsedError as error:
        # A run that was killed has sent this attempt, and it failed.
        if all(payment.status == PaymentStatus.FAILED for payment in error.payments):
            imp_uid = imp_uid_of(error.payments[0])
            return Result("failed", "had failed, tried again tomorrow", imp_uid)
        return Result("open", f"look at it: {error}")
    except (AuthenticationError, UnauthorizedError):
        raise  # Every other charge would fail in the same way.
    except PortOneError as error:
        if isinstance(error, ApiError) and not isinstance(error, TransientError):
            return Result("failed", f"refused, tried again tomorrow: {error}")
        # OutcomeUnknownError above all: under another number it might be charged twice.
        return Result("open", f"not known, taken up by a later run: {error}")
    return Result("paid", "paid", payment.imp_uid)


def imp_uid_of(payment: Payment | None) -> str | None:
    return None if payment is None else payment.imp_uid


async def run(path: str, day: date) -> None:
    """Charge all that is due, one after another."""
    with closing(opened(path)) as database:
        async with PortOneClient.from_env() as client:
            for due in all_due(database, day):
                text = "left to the run that has begun it"
                if begin(database, due, day):
                    result = await charge(client, due)
                    end(database, due, result)
                    text = result.text
                print(f"{due.subscription} {due.period} attempt {due.attempt}: {text}")


async def add(path: str, subscription: str, customer_uid: str, amount: int, day: date) -> None:
    """Begin a subscription, if PortOne has its billing key.

    The key comes from a payment window, or from ``client.billing_keys.issue(...)`` with
    ``only_new=True``, which never replaces another card of the customer.
    """
    if day.day > 28:
        raise ValueError("begin on a day that every month has")
    async with PortOneClient.from_env() as client:
        key = await client.billing_keys.get(customer_uid)
    with closing(opened(path)) as database:
        database.execute(
            "INSERT INTO subscription VALUES (?, ?, ?, ?)",
            [subscription, key.customer_uid, amount, day.isoformat()],
        )
    print(f"{subscription}: {amount} KRW monthly from {day}")


def show(path: str) -> None:
    with closing(opened(path)) as database:
        for row in database.execute(
            "SELECT subscription, period, attempt, state, merchant_uid FROM charge ORDER BY 1, 2, 3"
        ):
            print(*row)


def main(arguments: Sequence[str]) -> str | None:
    """Run a command; return the error message, if any."""
    try:
        match arguments:
            case ["add", path, subscription, customer_uid, amount, day]:
                new = (subscription, customer_uid, int(amount), date.fromisoformat(day))
                asyncio.run(add(path, *new))
            case ["run", path, day]:
                asyncio.run(run(path, date.fromisoformat(day)))
            case ["show", path]:
                show(path)
            case _:
                return "usage: subscription.py add|run|show DATABASE ..."
    except (PortOneError, sqlite3.Error, ValueError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
