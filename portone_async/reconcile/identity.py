"""The identity of a run: its orders, its period and its statuses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec
from msgspec import Struct

from portone_async.models._record import EXACT
from portone_async.resources._windows import Window

from .finding import Order, Refund, UnreadableOrder

__all__ = ("Identity", "OrdersDigest", "differences")

_BYTES = 32

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
            hashed = blake2b(_encode(_fields(item)), digest_size=_BYTES).digest()
            self._sum = (self._sum + int.from_bytes(hashed)) % (1 << 8 * _BYTES)
            self.count += 1

    def hex(self) -> str:
        """Return the digest as hexadecimal text."""
        return f"{self._sum:0{2 * _BYTES}x}"


def _fields(item: Order | Refund | UnreadableOrder) -> tuple[bytes | str, ...]:
    # An order number that is not Unicode (half a surrogate pair) still belongs to the run.
    uid = item.merchant_uid.encode(errors="surrogatepass")
    if isinstance(item, UnreadableOrder):
        return (uid, item.reason.encode(errors="surrogatepass"))
    amount = str(EXACT.normalize(item.amount))
    currency = item.currency.encode(errors="surrogatepass")
    if isinstance(item, Refund):
        return (uid, amount, currency)
    refunded = str(EXACT.normalize(item.cancelled_amount))
    return (uid, amount, refunded, currency, item.status.encode(errors="surrogatepass"))


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
