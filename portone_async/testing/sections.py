"""The sections of the fake PortOne, as properties of the server."""

from __future__ import annotations

from .account import Account
from .endpoints.account import AccountSettings
from .endpoints.benepia import Benepia
from .endpoints.billing_keys import BillingKeys
from .endpoints.cash_receipts import CashReceipts
from .endpoints.certifications import Certifications
from .endpoints.charges import Charges
from .endpoints.convenience_store import ConvenienceStore
from .endpoints.escrow import EscrowDeliveries
from .endpoints.kcp_quick import KcpQuick
from .endpoints.naver import Naver
from .endpoints.partners import Partners
from .endpoints.payments import Payments, Refunds
from .endpoints.schedules import Schedules
from .endpoints.virtual_accounts import VirtualAccounts

__all__ = ("Sections",)


class Sections:
    """The state of each section that a test sets up: one property each.

    ``server.tier("A01")`` has those of a sub-merchant.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def account_settings(self) -> AccountSettings:
        """The channels and sub-merchants, which ``client.account`` reads."""
        return self._account.state(AccountSettings)

    @property
    def benepia(self) -> Benepia:
        """Accounts with Benepia points."""
        return self._account.state(Benepia)

    @property
    def billing_keys(self) -> BillingKeys:
        """The billing keys, and which cards and charges are refused."""
        return self._account.state(BillingKeys)

    @property
    def cash_receipts(self) -> CashReceipts:
        """The cash receipts, and whether the PG refuses them."""
        return self._account.state(CashReceipts)

    @property
    def certifications(self) -> Certifications:
        """The identity checks, and the code of every SMS."""
        return self._account.state(Certifications)

    @property
    def charges(self) -> Charges:
        """What happens to the next charges."""
        return self._account.state(Charges)

    @property
    def convenience_store(self) -> ConvenienceStore:
        """The barcodes, which a test pays."""
        return ConvenienceStore(self._account)

    @property
    def escrow(self) -> EscrowDeliveries:
        """The deliveries of escrow payments."""
        return self._account.state(EscrowDeliveries)

    @property
    def kcp_quick(self) -> KcpQuick:
        """Transactions and members of KCP quick pay."""
        return self._account.state(KcpQuick)

    @property
    def naver(self) -> Naver:
        """The product orders, reviews and points of Naver Pay."""
        return self._account.state(Naver)

    @property
    def partners(self) -> Partners:
        """The parts of sub-shops that were registered."""
        return self._account.state(Partners)

    @property
    def payments(self) -> Payments:
        """The payments, which ``client.payments`` looks up."""
        return self._account.state(Payments)

    @property
    def refunds(self) -> Refunds:
        """How refunds are made: promotions, and refunds that take days."""
        return self._account.state(Refunds)

    @property
    def schedules(self) -> Schedules:
        """The schedules, and which of their charges fail."""
        return Schedules(self._account)

    @property
    def virtual_accounts(self) -> VirtualAccounts:
        """The virtual accounts, into which a test pays."""
        return VirtualAccounts(self._account)
