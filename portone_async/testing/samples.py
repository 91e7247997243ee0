"""Samples for ``python -m portone_async.testing``: payments, and one of each other thing."""

from __future__ import annotations

from decimal import Decimal

from .server import FakePortOne

__all__ = ("ORDERS", "add_other_samples", "add_samples")

ORDERS = "ORD-PAID ORD-READY ORD-FAILED ORD-CANCELLED ORD-PARTIAL ORD-PENDING ORD-USD ORD-SANDBOX"
"""The agency's orders of :func:`add_samples`."""
_OTHERS = """\
  billing key         member-1-card-1
  schedule            SUB-1, which is charged in a day
  virtual account     of ORD-READY, waits for 1000 KRW
  cash receipt        of ORD-PAID ({paid})
  escrow              ORD-ESCROW ({escrow}), not delivered yet
  Naver Pay           ORD-NAVER ({naver}) with product order {product}
  identity check      {check}
  sub-merchants       A01 with ORD-PAID, B02 with ORD-USD
  KCP quick pay       member quick-1
  Benepia             benepia_user user-1, benepia_password password-1, 100000 points
"""
"""What :func:`add_other_samples` adds."""

_DAY = 24 * 60 * 60


def add_samples(server: FakePortOne) -> None:
    """Add one payment of each kind, and one to each of two sub-merchants."""
    usd = {"pay_method": "paypal", "currency": "USD"}
    server.add(merchant_uid="ORD-PAID", amount=15000)
    server.add(
        merchant_uid="ORD-READY",
        status="ready",
        pay_method="vbank",
        vbank_code="088",
        vbank_name="신한은행",
        vbank_num="56211100000000",
    )
    server.add(merchant_uid="ORD-FAILED", status="failed")
    server.add(merchant_uid="ORD-CANCELLED", status="cancelled", amount=20000)
    server.add(merchant_uid="ORD-PARTIAL", status="cancelled", amount=20000, cancel_amount=5000)
    server.add(merchant_uid="ORD-PENDING", status="pending", amount=30, **usd)
    server.add(merchant_uid="ORD-USD", amount=Decimal("12.34"), **usd)
    server.add(merchant_uid="ORD-SANDBOX", sandbox=True)
    server.add(merchant_uid="ORD-PAID", amount=15000, tier="A01")
    server.add(merchant_uid="ORD-USD", amount=Decimal("12.34"), tier="B02", **usd)


def add_other_samples(server: FakePortOne) -> str:
    """Add one of each other thing to the payments of :func:`add_samples`; return their list."""
    server.billing_keys.add(customer_uid="member-1-card-1", customer_name="홍길동")
    server.schedules.add(customer_uid="member-1-card-1", merchant_uid="SUB-1")
    paid = server.payments.of_order("ORD-PAID")[0].imp_uid
    server.cash_receipts.add(paid, amount=15000, vat=1364)
    # Ten days old, so that it is not among the payments of today.
    at = {"started_at": int(server.now) - 10 * _DAY, "paid_at": int(server.now) - 10 * _DAY}
    escrow = server.add(
        merchant_uid="ORD-ESCROW", amount=30000, escrow=True, pg_provider="html5_inicis", **at
    )
    naver = server.add(merchant_uid="ORD-NAVER", amount=25000, pg_provider="naverco", **at)
    product = server.naver.add(naver.imp_uid)
    check = server.certifications.add()
    server.kcp_quick.add_member("quick-1")
    server.benepia.add("user-1", "password-1")
    return _OTHERS.format(
        paid=paid,
        escrow=escrow.imp_uid,
        naver=naver.imp_uid,
        product=product.product_order_id,
        check=check.imp_uid,
    )
