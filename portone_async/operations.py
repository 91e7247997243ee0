"""The eighty operations of PortOne V1, and the method of the client for each.

Source: https://developers.portone.io/api/rest-v1
"""

from __future__ import annotations

from msgspec import Struct

from .call import Repeat

__all__ = ("OPERATIONS", "Operation")

_READ, _SET, _GUARDED, _UNSAFE = Repeat.READ, Repeat.SET, Repeat.GUARDED, Repeat.UNSAFE


class Operation(Struct, frozen=True):
    """One operation of the API."""

    method: str
    """The HTTP method."""
    route: str
    """The path's template."""
    call: str | None
    """The method of the client, as in ``payments.cancel``; ``None`` if the client calls it by
    itself."""
    repeat: Repeat
    """What a second request does, if the first one may have been processed."""
    response: str | None
    """The record that it returns, or lists; ``None`` if it returns nothing."""

    @property
    def endpoint(self) -> str:
        """Method and route, as in :attr:`Call.endpoint`."""
        return f"{self.method} {self.route}"


OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "/users/getToken", None, _READ, None),
    Operation("GET", "/users/pg", "account.pg_settings", _READ, "PgSetting"),
    Operation("GET", "/tiers/{tier_code}", "account.tier", _READ, "Tier"),
    Operation("POST", "/benepia/point", "benepia.points", _READ, "BenepiaPoints"),
    Operation("POST", "/benepia/payment", "benepia.pay", _UNSAFE, "Payment"),
    Operation("POST", "/subscribe/customers/{customer_uid}", "billing_keys.issue", _UNSAFE, "BillingKey"),
    Operation("GET", "/subscribe/customers/{customer_uid}", "billing_keys.get", _READ, "BillingKey"),
    Operation("GET", "/subscribe/customers", "billing_keys.get_many", _READ, "BillingKey"),
    Operation("DELETE", "/subscribe/customers/{customer_uid}", "billing_keys.delete", _GUARDED, "BillingKey"),
    Operation("GET", "/subscribe/customers/{customer_uid}/payments", "billing_keys.payments", _READ, "Payment"),
    Operation("GET", "/subscribe/customers/{customer_uid}/schedules", "billing_keys.schedules", _READ, "Schedule"),
    Operation("GET", "/receipts/{imp_uid}", "cash_receipts.get", _READ, "Receipt"),
    Operation("POST", "/receipts/{imp_uid}", "cash_receipts.issue", _GUARDED, "Receipt"),
    Operation("DELETE", "/receipts/{imp_uid}", "cash_receipts.cancel", _GUARDED, "Receipt"),
    Operation("GET", "/receipts/external/{merchant_uid}", "cash_receipts.get_external", _READ, "ExternalReceipt"),
    Operation("POST", "/receipts/external/{merchant_uid}", "cash_receipts.issue_external", _GUARDED, "ExternalReceipt"),
    Operation("DELETE", "/receipts/external/{merchant_uid}", "cash_receipts.cancel_external", _GUARDED, "ExternalReceipt"),
    Operation("GET", "/certifications/{imp_uid}", "certifications.get", _READ, "Certification"),
    Operation("DELETE", "/certifications/{imp_uid}", "certifications.delete", _GUARDED, "Certification"),
    Operation("POST", "/certifications/otp/request", "certifications.request_otp", _UNSAFE, "OtpRequest"),
    Operation("POST", "/certifications/otp/confirm/{imp_uid}", "certifications.confirm_otp", _GUARDED, "Certification"),
    Operation("POST", "/subscribe/payments/again", "charges.with_billing_key", _UNSAFE, "Payment"),
    Operation("POST", "/subscribe/payments/onetime", "charges.with_card", _UNSAFE, "Payment"),
    Operation("GET", "/cards", "codes.cards", _READ, "StandardCode"),
    Operation("GET", "/cards/{card_standard_code}", "codes.card", _READ, "StandardCode"),
    Operation("GET", "/banks", "codes.banks", _READ, "StandardCode"),
    Operation("GET", "/banks/{bank_standard_code}", "codes.bank", _READ, "StandardCode"),
    Operation("POST", "/cvs", "convenience_store.issue", _UNSAFE, "Payment"),
    Operation("DELETE", "/cvs/{imp_uid}", "convenience_store.close", _GUARDED, "Payment"),
    Operation("GET", "/escrows/logis/{imp_uid}", "escrow.get", _READ, "EscrowDelivery"),
    Operation("POST", "/escrows/logis/{imp_uid}", "escrow.register", _GUARDED, "EscrowDelivery"),
    Operation("PUT", "/escrows/logis/{imp_uid}", "escrow.update", _SET, "EscrowDelivery"),
    Operation("POST", "/kcpquick/prepare/{merchant_uid}", "kcp_quick.prepare", _GUARDED, None),
    Operation("PUT", "/kcpquick/prepare/{merchant_uid}", "kcp_quick.update_prepared", _SET, None),
    Operation("POST", "/kcpquick/payment/money", "kcp_quick.pay_with_money", _UNSAFE, "Payment"),
    Operation("POST", "/kcpquick/payment/autopay", "kcp_quick.pay_automatically", _UNSAFE, "Payment"),
    Operation("DELETE", "/kcpquick/members/{member_id}", "kcp_quick.delete_member", _GUARDED, "KcpQuickMember"),
    Operation("DELETE", "/kcpquick/autopay/{customer_uid}", "kcp_quick.delete_billing_key", _GUARDED, "KcpQuickKey"),
    Operation("POST", "/kcpquick/members/{member_id}/fido/release", "kcp_quick.release_fido", _GUARDED, "KcpQuickFido"),
    Operation("POST", "/payments/{imp_uid}/naver/cancel", "naver.cancel", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/approve-cancel", "naver.approve_cancel", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/place", "naver.place", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/ship", "naver.ship", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/ship-exchanged", "naver.ship_exchanged", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/collect-exchanged", "naver.collect_exchanged", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/request-return", "naver.request_return", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/approve-return", "naver.approve_return", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/reject-return", "naver.reject_return", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/withhold-return", "naver.withhold_return", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/resolve-return", "naver.resolve_return", _UNSAFE, "NaverProductOrder"),
    Operation("POST", "/payments/{imp_uid}/naver/confirm", "naver.confirm", _UNSAFE, None),
    Operation("POST", "/payments/{imp_uid}/naver/point", "naver.give_points", _UNSAFE, None),
    Operation("GET", "/payments/{imp_uid}/naver/product-orders", "naver.product_orders", _READ, "NaverProductOrder"),
    Operation("GET", "/naver/product-orders/{product_order_id}", "naver.product_order", _READ, "NaverProductOrder"),
    Operation("GET", "/naver/reviews", "naver.reviews", _READ, "NaverReview"),
    Operation("GET", "/payments/{imp_uid}/naver/cash-amount", "naver.cash_amount", _READ, "NaverCashAmount"),
    Operation("POST", "/partners/receipts/{imp_uid}", "partners.issue_receipt", _UNSAFE, "PartnerReceiptResult"),
    Operation("POST", "/payco/orders/status/{imp_uid}", "payco.set_order_status", _SET, "PaycoStatus"),
    Operation("GET", "/payments/{imp_uid}", "payments.get", _READ, "Payment"),
    Operation("GET", "/payments", "payments.get_many", _READ, "Payment"),
    Operation("GET", "/payments/find/{merchant_uid}/{payment_status}", "payments.find", _READ, "Payment"),
    Operation("GET", "/payments/findAll/{merchant_uid}/{payment_status}", "payments.find_all", _READ, "Payment"),
    Operation("GET", "/payments/status/{payment_status}", "payments.list", _READ, "Payment"),
    Operation("POST", "/payments/cancel", "payments.cancel", _UNSAFE, "Payment"),
    Operation("GET", "/payments/{imp_uid}/balance", "payments.balance", _READ, "PaymentBalance"),
    Operation("POST", "/paymentwall/delivery", "paymentwall.register_delivery", _SET, "PaymentwallDelivery"),
    Operation("POST", "/payments/prepare", "prepared.create", _GUARDED, "PreparedPayment"),
    Operation("PUT", "/payments/prepare", "prepared.update", _SET, "PreparedPayment"),
    Operation("GET", "/payments/prepare/{merchant_uid}", "prepared.get", _READ, "PreparedPayment"),
    Operation("POST", "/subscribe/payments/schedule", "schedules.create", _GUARDED, "Schedule"),
    Operation("GET", "/subscribe/payments/schedule/{merchant_uid}", "schedules.get", _READ, "Schedule"),
    Operation("GET", "/subscribe/payments/schedule", "schedules.list", _READ, "Schedule"),
    Operation("GET", "/subscribe/payments/schedule/customers/{customer_uid}", "schedules.for_customer", _READ, "Schedule"),
    Operation("PUT", "/subscribe/payments/schedule/{merchant_uid}", "schedules.update", _SET, "Schedule"),
    Operation("POST", "/subscribe/payments/unschedule", "schedules.cancel", _GUARDED, "Schedule"),
    Operation("POST", "/subscribe/payments/schedule/{merchant_uid}/reschedule", "schedules.reschedule", _GUARDED, "Schedule"),
    Operation("POST", "/subscribe/payments/schedule/{merchant_uid}/retry", "schedules.retry", _UNSAFE, "Payment"),
    Operation("POST", "/vbanks", "virtual_accounts.issue", _UNSAFE, "Payment"),
    Operation("PUT", "/vbanks/{imp_uid}", "virtual_accounts.update", _SET, "Payment"),
    Operation("DELETE", "/vbanks/{imp_uid}", "virtual_accounts.close", _GUARDED, "Payment"),
)  # fmt: skip
"""Every operation, once, in the order of the client's sections."""
