"""The identity of a run: its orders, its period, its statuses and its shop. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import InvalidOperation
from hashlib import blake2b

import msgspec
from msgspec import Struct

from portone_async._worded import Worded
from portone_async.resources._windows import Window

from ._columns import canonical, to_money
from ._store import order_rows
from .finding import Order, Refund, UnreadableOrder

__all__ = ("Identity", "OrdersDigest", "Shop", "differences")

_BYTES = 32
_MODULUS = 1 << 8 * _BYTES
_NONE = Worded("none")

_encode = msgspec.msgpack.Encoder().encode


class Shop(Struct, frozen=True, kw_only=True):
    """The shop whose payments a run reads."""

    account: str
    """A digest of its API key (``imp_key``), as hexadecimal text."""
    tier: str | None
    """The code of the sub-merchant; ``None`` for the shop of the API keys."""


class Identity(Struct, frozen=True, kw_only=True):
    """The facts by which a store recognises its run."""

    since: int | None
    """The period's first second (Unix time); ``None`` for a run without a period."""
    until: int | None
    """The period's last second."""
    statuses: tuple[str, ...]
    """The statuses of the payments that are read, sorted; empty for a run without a period."""
    orders: int
    """The number of orders, unreadable ones included."""
    digest: str
    """The digest of the orders (:class:`OrdersDigest`), as hexadecimal text."""
    shop: Shop | None = None
    """The shop whose payments are read; ``None`` if it was not recorded."""

    @classmethod
    def of(
        cls,
        windows: Sequence[Window],
        statuses: Iterable[str],
        orders: OrdersDigest,
        shop: Shop | None,
    ) -> Identity:
        """Identify a run; the sequence of its statuses and of its orders does not matter."""
        return cls(
            since=windows[0].since if windows else None,
            until=windows[-1].until if windows else None,
            statuses=tuple(sorted(set(statuses))) if windows else (),
            orders=orders.count,
            digest=orders.hex(),
            shop=shop,
        )


class OrdersDigest:
    """A digest of orders that does not depend on their sequence: the sum of their hashes."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, items: Iterable[Order | Refund | UnreadableOrder]) -> None:
        """Add orders to the digest."""
        for item in items:
            self._sum += _hash(_encode_item(item))
            self.count += 1
        self._sum %= _MODULUS

    def add_columns(self, orders: Sequence[order_rows.Columns]) -> None:
        """Add orders by their columns, to the same digest.

        Raises:
            UnicodeEncodeError: One is not Unicode; none was added.
        """
        total = 0
        for columns in orders:
            total += _hash(_encode(_canonical(columns)))
        self._sum = (self._sum + total) % _MODULUS
        self.count += len(orders)

    def hex(self) -> str:
        """Return the digest as hexadecimal text."""
        return f"{self._sum:0{2 * _BYTES}x}"


def _hash(encoded: bytes) -> int:
    return int.from_bytes(blake2b(encoded, digest_size=_BYTES).digest())


def _encode_item(item: Order | Refund | UnreadableOrder) -> bytes:
    try:
        fields = _fields(item)
    except InvalidOperation:  # It still belongs to the run.
        fields = _as_they_are(item)
    try:
        return _encode(fields)
    except UnicodeEncodeError:
        # An order number that is not Unicode (half a surrogate pair) still belongs to the run.
        return _encode(
            [
                field.encode(errors="surrogatepass") if isinstance(field, str) else field
                for field in fields
            ]
        )


def _fields(item: Order | Refund | UnreadableOrder) -> tuple[str | int, ...]:
    if isinstance(item, UnreadableOrder):
        return (item.merchant_uid, item.reason)
    if isinstance(item, Refund):
        return (item.merchant_uid, canonical(to_money(item.amount)), item.currency)
    return _canonical(order_rows.to_columns(item))


def _as_they_are(item: Order | Refund | UnreadableOrder) -> tuple[str | int, ...]:
    if isinstance(item, Order):
        return order_rows.to_columns(item)
    assert isinstance(item, Refund)
    return (item.merchant_uid, to_money(item.amount), item.currency)


def _canonical(columns: order_rows.Columns) -> order_rows.Columns:
    """Return the same columns for equal orders."""
    merchant_uid, amount, currency, status, refunded = columns
    if isinstance(amount, int) and isinstance(refunded, int):
        return columns
    return merchant_uid, canonical(amount), currency, status, canonical(refunded)


def differences(stored: Identity, current: Identity) -> list[str]:
    """Describe the differences between a stored run and the current one."""
    result = _other_shop(stored.shop, current.shop)
    if (stored.since, stored.until) != (current.since, current.until):
        result.append(
            Worded(
                "its period was {old} and is now {new}", old=_period(stored), new=_period(current)
            )
        )
    if stored.statuses != current.statuses:
        result.append(
            Worded(
                "its statuses were {old} and are now {new}",
                old=_joined(stored.statuses),
                new=_joined(current.statuses),
            )
        )
    if stored.orders != current.orders:
        result.append(
            Worded("its orders were {old} and are now {new}", old=stored.orders, new=current.orders)
        )
    elif stored.digest != current.digest:
        result.append(
            Worded("its orders ({n}) are not the same as those of this run", n=stored.orders)
        )
    return result


def _other_shop(stored: Shop | None, current: Shop | None) -> list[str]:
    if current is None:
        return []
    if stored is None:
        return [Worded("its payments may be those of another shop, which it does not record")]
    result: list[str] = []
    if stored.account != current.account:
        result.append(Worded("its payments are those of another API key (imp_key)"))
    if stored.tier != current.tier:
        result.append(
            Worded(
                "its Tier was {old} and is now {new}",
                old=stored.tier or _NONE,
                new=current.tier or _NONE,
            )
        )
    return result


def _period(identity: Identity) -> str:
    if identity.since is None or identity.until is None:
        return _NONE
    first, after = (
        datetime.fromtimestamp(second, UTC).isoformat()
        for second in (identity.since, identity.until + 1)
    )
    return Worded("{since} until {until}", since=first, until=after)


def _joined(statuses: Iterable[str]) -> str:
    return " ".join(statuses) or _NONE
