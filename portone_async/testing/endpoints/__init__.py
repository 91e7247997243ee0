"""The sections of PortOne's reference, one module each.

A module has its ``ROUTES`` and, if the section has state, a class for it, whose instance the
handlers get with ``account.state(...)``. To add a section, write the module, list it here, and
return its state from a property of :class:`FakePortOne`.
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import (
    account,
    benepia,
    billing_keys,
    cash_receipts,
    certifications,
    charges,
    codes,
    convenience_store,
    escrow,
    kcp_quick,
    naver,
    partners,
    payco,
    payments,
    paymentwall,
    prepared,
    schedules,
    users,
    virtual_accounts,
)

__all__ = ("ROUTES",)

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *benepia.ROUTES,
    *billing_keys.ROUTES,
    *cash_receipts.ROUTES,
    *charges.ROUTES,
    *certifications.ROUTES,
    *codes.ROUTES,
    *convenience_store.ROUTES,
    *escrow.ROUTES,
    *naver.ROUTES,
    *partners.ROUTES,
    *payco.ROUTES,
    *kcp_quick.ROUTES,
    *payments.ROUTES,
    *paymentwall.ROUTES,
    *prepared.ROUTES,
    *schedules.ROUTES,
    *users.ROUTES,
    *virtual_accounts.ROUTES,
)
