"""The identity of a run: its orders, its period and its statuses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from portone_async.models._record import EXACT
from portone_async.resources._windows import Window

from .finding import Order, Refund, UnreadableOrder

__all__ = ("Identity", "OrdersDigest", "differences")

_BYTES = 32
# Longer amounts are written with an exponent.
_MOST_DIGITS = 29

_encode = msgspec.msgpack.Encoder().encode


class Identity(Struct, frozen=True, kw_only=True):
    """The features by which a store recognises its run."""

    since: int | None
    """The period's first second (Unix time); ``None`` for a run without a period."""
    until: int | None
    """The period's last second."""
    statuses: tuple[str, ...]
    orders: int
    """The number of orders, unreadable ones included."""
    digest: str

    @classmethod
    def of(
        cls, windows: Sequence[Window], statuses: Iterable[str], orders: OrdersDigest
    ) -> Identity:
        """Identify a run; the sequence of its statuses and of its orders does not matter."""
        return cls(
            since=windows[0].since if windows else None,
            until=windows[-1].until if windows else None,
            statuses=tuple(sorted(set(statuses))) if windows else (),
            orders=orders.count,
            digest=orders.hex(),
        )


class OrdersDigest:
    """A digest of orders that does not depend on their sequence: the sum of their hashes."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, items: Iterable[Order | Refund | UnreadableOrder]) -> None:
        """Add orders to the digest."""
        for item in items:
            hashed = blake2b(_encode_item(item), digest_size=_BYTES).digest()
            self._sum += int.from_bytes(hashed)
            self.count += 1
        self._sum %= 1 << 8 * _BYTES

    def hex(self) -> str:
        """Return the digest as hexadecimal text."""
        return f"{self._sum:0{2 * _BYTES}x}"


def _encode_item(item: Order | Refund | UnreadableOrder) -> bytes:
    fields = _fields(item)
    try:
        return _encode(fields)
    except UnicodeEncodeError:
        # An order number that is not Unicode (half a surrogate pair) still belongs to the run.
        return _encode([field.encode(errors="surrogatepass") for field in fields])


def _fields(item: Order | Refund | UnreadableOrder) -> tuple[str, ...]:
    if isinstance(item, UnreadableOrder):
        return (item.merchant_uid, item.reason)
    if isinstance(item, Refund):
        return (item.merchant_uid, _canonical(item.amount), item.currency)
    refunded = _canonical(item.cancelled_amount)
    return (item.merchant_uid, _canonical(item.amount), refunded, item.currency, item.status)


def _canonical(amount: Decimal) -> str:
    """Return the same text for equal amounts, such as ``1000``, ``1000.00`` and ``1E+3``."""
    text = str(amount)
    if len(text) <= _MOST_DIGITS and text.isdecimal():
        return text
    normal = EXACT.normalize(amount)
    is_short = -_MOST_DIGITS < normal.adjusted() < _MOST_DIGITS
    return f"{normal:f}" if is_short else str(normal)


def differences(stored: Identity, current: Identity) -> list[str]:
    """Describe the differences between a stored run and the current one."""
    result: list[str] = []
    if (stored.since, stored.until) != (current.since, current.until):
        result.append(f"its period was {_period(stored)} and is now {_period(current)}")
    if stored.statuses != current.statuses:
        result.append(
            f"its statuses were {_joined(stored.statuses)} and are now {_joined(current.statuses)}"
        )
    if stored.orders != current.orders:
        result.append(f"its orders were {stored.orders} and are now {current.orders}")
    elif stored.digest != current.digest:
        result.append(f"its orders ({stored.orders}) are not the same as those of this run")
    return result


def _period(identity: Identity) -> str:
    if identity.since is None or identity.until is None:
        return "none"
    first, after = (
        datetime.fromtimestamp(second, UTC).isoformat()
        for second in (identity.since, identity.until + 1)
    )
    return f"{first} until {after}"


def _joined(statuses: Iterable[str]) -> str:
    return " ".join(statuses) or "none"
