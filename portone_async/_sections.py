"""The sections of the API, as properties of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .call import Caller
    from .resources.account import Account
    from .resources.benepia import Benepia
    from .resources.billing_keys import BillingKeys
    from .resources.cash_receipts import CashReceipts
    from .resources.certifications import Certifications
    from .resources.charges import Charges
    from .resources.codes import Codes
    from .resources.convenience_store import ConvenienceStore
    from .resources.escrow import Escrow
    from .resources.kcp_quick import KcpQuick
    from .resources.naver import Naver
    from .resources.partners import Partners
    from .resources.payco import Payco
    from .resources.payments import Payments
    from .resources.paymentwall import Paymentwall
    from .resources.prepared import Prepared
    from .resources.schedules import Schedules
    from .resources.virtual_accounts import VirtualAccounts

__all__ = ("Sections",)


# Each module is imported on first use: a program pays only for the sections that it uses.
# ruff: noqa: PLC0415
class Sections:
    """The sections of the API: one property each."""

    @property
    def account(self: Caller) -> Account:
        """Channels of the account, and its sub-merchants."""
        from .resources.account import Account

        return Account(self)

    @property
    def benepia(self: Caller) -> Benepia:
        """Payments with Benepia points."""
        from .resources.benepia import Benepia

        return Benepia(self)

    @property
    def billing_keys(self: Caller) -> BillingKeys:
        """Stored cards that are charged without a payment window."""
        from .resources.billing_keys import BillingKeys

        return BillingKeys(self)

    @property
    def cash_receipts(self: Caller) -> CashReceipts:
        """Cash receipts of payments and of other money."""
        from .resources.cash_receipts import CashReceipts

        return CashReceipts(self)

    @property
    def certifications(self: Caller) -> Certifications:
        """Identity checks."""
        from .resources.certifications import Certifications

        return Certifications(self)

    @property
    def charges(self: Caller) -> Charges:
        """Charges without a payment window, by a billing key or by a card."""
        from .resources.charges import Charges

        return Charges(self)

    @property
    def codes(self: Caller) -> Codes:
        """Names of card companies and banks."""
        from .resources.codes import Codes

        return Codes(self)

    @property
    def convenience_store(self: Caller) -> ConvenienceStore:
        """Barcodes that a convenience store takes money for."""
        from .resources.convenience_store import ConvenienceStore

        return ConvenienceStore(self)

    @property
    def escrow(self: Caller) -> Escrow:
        """Deliveries of escrow payments."""
        from .resources.escrow import Escrow

        return Escrow(self)

    @property
    def kcp_quick(self: Caller) -> KcpQuick:
        """Quick payments of KCP: transactions, members, keys."""
        from .resources.kcp_quick import KcpQuick

        return KcpQuick(self)

    @property
    def naver(self: Caller) -> Naver:
        """Product orders, points, reviews and cash amounts of Naver Pay."""
        from .resources.naver import Naver

        return Naver(self)

    @property
    def partners(self: Caller) -> Partners:
        """Parts of sub-shops in receipts."""
        from .resources.partners import Partners

        return Partners(self)

    @property
    def payco(self: Caller) -> Payco:
        """The order states of PAYCO."""
        from .resources.payco import Payco

        return Payco(self)

    @property
    def payments(self: Caller) -> Payments:
        """Look-ups and refunds of payments."""
        from .resources.payments import Payments

        return Payments(self)

    @property
    def paymentwall(self: Caller) -> Paymentwall:
        """Deliveries that Paymentwall needs to know."""
        from .resources.paymentwall import Paymentwall

        return Paymentwall(self)

    @property
    def prepared(self: Caller) -> Prepared:
        """Amounts that payment windows must charge."""
        from .resources.prepared import Prepared

        return Prepared(self)

    @property
    def schedules(self: Caller) -> Schedules:
        """Charges of billing keys at a time in the future."""
        from .resources.schedules import Schedules

        return Schedules(self)

    @property
    def virtual_accounts(self: Caller) -> VirtualAccounts:
        """Bank accounts that wait for the money of one order."""
        from .resources.virtual_accounts import VirtualAccounts

        return VirtualAccounts(self)
