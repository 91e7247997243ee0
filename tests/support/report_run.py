"""Findings for report tests: every verdict, two currencies, hostile order numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from portone_async.reconcile.bridges import bridges
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Summary, Verdict

__all__ = (
    "HOSTILE",
    "KST",
    "NOON",
    "PERIOD",
    "day",
    "finding",
    "order",
    "snapshot",
    "summary_of",
)

KST = timezone(timedelta(hours=9))
PERIOD = (datetime(2026, 11, 1, tzinfo=KST), datetime(2026, 11, 2, tzinfo=KST))
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
"""In UTC; in Korea it is noon."""

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "\"quoted' & <b>bold</b>",
    "\u202egpj.exe\u2066",
    "line\u2028and\u2029paragraph",
    "\x00\x1b[31m\x07",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    '=HYPERLINK("http://evil.example")',
    "주문-2026-가나다",
    "lone\udcffsurrogate",
)


def order(uid: str, amount: str = "10000", currency: str = "KRW", status: str = "paid") -> Order:
    return Order(uid, Decimal(amount), currency, status)


def snapshot(
    uid: str,
    amount: str = "10000",
    *,
    imp_uid: str = "imp_000000000001",
    status: str = "paid",
    cancelled: str = "0",
    currency: str | None = "KRW",
    sandbox: bool | None = False,
    paid_at: datetime | None = NOON,
) -> PaymentSnapshot:
    return PaymentSnapshot(
        imp_uid=imp_uid,
        merchant_uid=uid,
        status=status,
        amount=Decimal(amount),
        cancel_amount=Decimal(cancelled),
        currency=currency,
        sandbox=sandbox,
        paid_at=paid_at,
    )


def finding(
    uid: str,
    verdict: Verdict,
    wanted: Order | None,
    *payments: PaymentSnapshot,
    error: str | None = None,
) -> Finding:
    return Finding(merchant_uid=uid, verdict=verdict, order=wanted, payments=payments, error=error)


def day(*, matched: int = 20) -> list[Finding]:
    """Return findings of every verdict, then a missing order for each hostile number."""
    findings = [
        finding(f"good-{n}", Verdict.MATCHED, order(f"good-{n}"), snapshot(f"good-{n}"))
        for n in range(matched)
    ]
    findings += [
        finding("gone", Verdict.MISSING, order("gone", "1234567")),
        finding(
            "less", Verdict.AMOUNT_DIFFERS, order("less", "182100"), snapshot("less", "182000")
        ),
        finding(
            "dollar",
            Verdict.AMOUNT_DIFFERS,
            order("dollar", "19.99", "USD"),
            snapshot("dollar", "20.00", currency="USD"),
        ),
        finding(
            "coin",
            Verdict.CURRENCY_DIFFERS,
            order("coin", "500"),
            snapshot("coin", "500", currency="USD"),
        ),
        finding(
            "unpaid",
            Verdict.STATUS_DIFFERS,
            order("unpaid", "70000"),
            snapshot("unpaid", "70000", status="ready", paid_at=None),
        ),
        finding(
            "part",
            Verdict.PARTIALLY_CANCELLED,
            order("part", "9000"),
            snapshot("part", "9000", status="cancelled", cancelled="4000"),
        ),
        finding(
            "twice",
            Verdict.PAID_TWICE,
            order("twice", "41900"),
            snapshot("twice", "41900", imp_uid="imp_twice_2", paid_at=NOON + timedelta(hours=1)),
            snapshot("twice", "41900", imp_uid="imp_twice_1"),
        ),
        finding(
            "test",
            Verdict.TEST_PAYMENT,
            order("test", "300"),
            snapshot("test", "300", sandbox=True),
        ),
        finding("orphan", Verdict.ORPHAN, None, snapshot("orphan", "2000")),
        finding(
            "unknown",
            Verdict.NOT_CHECKED,
            order("unknown", "10"),
            error="RequestTimeoutError: <b>no answer</b> within 10 s",
        ),
        finding("", Verdict.NOT_CHECKED, None, error="orders.csv, line 7: no amount"),
    ]
    return findings + [finding(uid, Verdict.MISSING, order(uid, "100")) for uid in HOSTILE]


def summary_of(findings: Iterable[Finding]) -> Summary:
    """Return the summary of findings."""
    all_findings = list(findings)
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, dict[str, Decimal]] = {verdict: {} for verdict in Verdict}
    for item in all_findings:
        counts[item.verdict] += 1
        money = [(item.order.currency, item.order.amount)] if item.order else []
        if item.verdict is Verdict.ORPHAN:
            money = [(payment.currency or "", payment.amount) for payment in item.payments]
        for currency, amount in money:
            sums = amounts[item.verdict]
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return Summary(
        counts=counts,
        amounts=amounts,
        requests=1124,
        retries=7,
        seconds=83.4,
        bridge=bridges(all_findings),
    )
