"""What makes a run this run: its orders, its period and its statuses. Pure."""

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
    """A run, as its store knows it again."""

    since: int | None
    """The period's first second (Unix time); ``None`` for a run without a period."""
    until: int | None
    """The period's last second."""
    statuses: tuple[str, ...]
    orders: int
    """How many orders were given, those that could not be read included."""
    digest: str

    @classmethod
    def of(cls, parts: Sequence[Window], statuses: Iterable[str], orders: OrdersDigest) -> Identity:
        """Identify a run; the sequence of its statuses and of its orders does not matter."""
        return cls(
            since=parts[0].since if parts else None,
            until=parts[-1].until if parts else None,
            statuses=tuple(sorted(set(statuses))) if parts else (),
            orders=orders.count,
            digest=orders.hex(),
        )


class OrdersDigest:
    """A digest of orders that does not depend on their sequence: the sum of theirs."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, items: Iterable[Order | Refund | UnreadableOrder]) -> None:
        """Add orders to the digest."""
        for item in items:
            hashed = blake2b(_encode(_words(item)), digest_size=_BYTES).digest()
            self._sum = (self._sum + int.from_bytes(hashed)) % (1 << 8 * _BYTES)
            self.count += 1

    def hex(self) -> str:
        """Give the digest as text."""
        return f"{self._sum:0{2 * _BYTES}x}"


def _words(item: Order | Refund | UnreadableOrder) -> tuple[bytes | str, ...]:
    # A number that no encoding holds (half a surrogate) still belongs to the run.
    uid = item.merchant_uid.encode(errors="surrogatepass")
    if isinstance(item, UnreadableOrder):
        return (uid, item.reason.encode(errors="surrogatepass"))
    amount = str(EXACT.normalize(item.amount))
    currency = item.currency.encode(errors="surrogatepass")
    if isinstance(item, Refund):
        return (uid, amount, currency)
    refunded = str(EXACT.normalize(item.cancelled_amount))
    return (uid, amount, refunded, currency, item.status.encode(errors="surrogatepass"))


def differences(begun: Identity, given: Identity) -> list[str]:
    """Name what a run was begun with and what it is now, where they differ."""
    found: list[str] = []
    if (begun.since, begun.until) != (given.since, given.until):
        found.append(f"its period was {_period(begun)} and is now {_period(given)}")
    if begun.statuses != given.statuses:
        found.append(
            f"its statuses were {_listed(begun.statuses)} and are now {_listed(given.statuses)}"
        )
    if begun.orders != given.orders:
        found.append(f"its orders were {begun.orders} and are now {given.orders}")
    elif begun.digest != given.digest:
        found.append(f"its orders ({begun.orders}) are not the same as those given now")
    return found


def _period(identity: Identity) -> str:
    if identity.since is None or identity.until is None:
        return "none"
    first, after = (
        datetime.fromtimestamp(second, UTC).isoformat()
        for second in (identity.since, identity.until + 1)
    )
    return f"{first} until {after}"


def _listed(words: Iterable[str]) -> str:
    return " ".join(words) or "none"
