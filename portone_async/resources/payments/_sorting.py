"""Sort payments as PortOne does, where its answer has no order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portone_async.models import Payment, Sorting, UnreadablePayment

__all__ = ("sort_payments", "unsortable")


def sort_payments(
    payments: Iterable[Payment], sorting: Sorting, *, status: str | None = None
) -> list[Payment]:
    """Return the payments of a status, sorted as the API does: a missing time counts as 0."""
    names = _sorted_by(sorting)

    def key(payment: Payment) -> float:
        times = (getattr(payment, name) for name in names)
        return max((time.timestamp() for time in times if time is not None), default=0.0)

    of_status = (p for p in payments if status is None or p.status == status)
    return sorted(of_status, key=key, reverse=sorting.startswith("-"))


def unsortable(payments: Sequence[Payment], sorting: Sorting) -> tuple[UnreadablePayment, ...]:
    """Return the payments that cannot be sorted among several: a time that decides is unreadable."""
    if len(payments) < 2:
        return ()
    return tuple(
        UnreadablePayment(
            imp_uid=payment.imp_uid,
            merchant_uid=payment.merchant_uid,
            path=f"$.{name}",
            reason="Expected a time to sort by",
        )
        for payment in payments
        for name in _sorted_by(sorting)
        if name in payment.unreadable
    )


def _sorted_by(sorting: Sorting) -> tuple[str, ...]:
    match sorting.removeprefix("-"):
        case "started":
            return ("started_at",)
        case "paid":
            return ("paid_at",)
        case _:
            return ("started_at", "paid_at", "failed_at", "cancelled_at")
