"""Generated payments for benchmarks, the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

__all__ = ("KST", "payments_of_a_day")

KST = timezone(timedelta(hours=9), "KST")
"""Korean time, by which Korean shops close their days."""

_DAY = 24 * 60 * 60
_COMMON: dict[str, Any] = {
    "card_code": "366",
    "card_name": "신한카드",
    "card_type": 0,
    "name": "테스트 상품",
    "pg_id": "INIpayTest",
    "pg_provider": "html5_inicis",
    "receipt_url": "https://iniweb.inicis.com/receipt/iniReceipt.jsp?noTid=1",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
}


def payments_of_a_day(number: int, day: date) -> Iterator[dict[str, Any]]:
    """Yield the fields of ``number`` payments, spread evenly over ``day`` in Korean time.

    The n-th belongs to order ``order-000000n`` and has 1000 + n % 50000 won. All are paid, except
    that of every thousand one is cancelled, one failed and one ready (n % 1000 is 250, 500, 750).
    Within the day is the time of the final status; the payment may have started before.
    """
    midnight = int(datetime.combine(day, time(), KST).timestamp())
    for n in range(1, number + 1):
        moment = midnight + (n - 1) * _DAY // number
        yield {
            **_COMMON,
            "imp_uid": f"imp_{n:012}",
            "merchant_uid": f"order-{n:07}",
            "amount": 1000 + n % 50_000,
            **_status_and_times(n, moment),
        }


def _status_and_times(n: int, moment: int) -> dict[str, Any]:
    # Buyers take 20 to 300 seconds, so payments are not started in the order they are paid in.
    started_at = moment - 20 - n * 37 % 280
    match n % 1000:
        case 250:
            return {
                "status": "cancelled",
                "started_at": started_at,
                "paid_at": started_at + 15,
                "cancelled_at": moment,
            }
        case 500:
            return {"status": "failed", "started_at": started_at, "failed_at": moment}
        case 750:
            return {"status": "ready", "started_at": moment}
        case _:
            return {"status": "paid", "started_at": started_at, "paid_at": moment}
