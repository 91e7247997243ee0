"""The sections of PortOne's reference, one module each.

A module has its ``ROUTES`` and, if the section has state, a class for it, whose instance the
handlers get with ``account.state(...)``. To add a section, write the module, list it here, and
return its state from a property of :class:`FakePortOne`.
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import (
    billing_keys,
    cash_receipts,
    codes,
    convenience_store,
    escrow,
    payments,
    prepared,
    users,
    virtual_accounts,
)

__all__ = ("ROUTES",)

ROUTES: tuple[Route, ...] = (
    *billing_keys.ROUTES,
    *cash_receipts.ROUTES,
    *codes.ROUTES,
    *convenience_store.ROUTES,
    *escrow.ROUTES,
    *payments.ROUTES,
    *prepared.ROUTES,
    *users.ROUTES,
    *virtual_accounts.ROUTES,
)
