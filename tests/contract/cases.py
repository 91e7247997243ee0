"""Each sample body, with the method that receives it, and the result or the class of the error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from portone_async.operations import OPERATIONS
from tests.support.sample_bodies import SAMPLES

from .recorder import Arguments

__all__ = ("CASES", "ENDPOINTS", "PAGES", "TOKENS", "Case")

PAYMENTS = {
    name: sample.body["response"]
    for name, sample in SAMPLES.items()
    if name.startswith("cancel_") and sample.body["code"] == 0
}


class Case(NamedTuple):
    """A sample, the method that receives it, and its expected result."""

    sample: str
    method: str
    outcome: str
    """The class of the record or error; ``2 StandardCode`` for a list of two."""
    arguments: Arguments = {}  # noqa: RUF012 (never changed)
    before: Mapping[str, Any] = {}
    """Responses to the look-ups around the call."""


KEY = {"customer_uid": "member-1001-card-1"}
MISSING_KEY = {"customer_uid": "member-9999"}
SCHEDULED = {
    "GET /subscribe/payments/schedule/{merchant_uid}": (
        SAMPLES["schedule_single_scheduled"].body["response"]
    ),
}
AGAIN = KEY | {"amount": 9900}

PRODUCT_ORDERS = {
    "GET /payments/{imp_uid}/naver/product-orders": SAMPLES["naver_product_orders_ok"].body[
        "response"
    ]
}


def cancel(sample: str, outcome: str, target: str, before: int, amount: Any) -> Case:
    """Make the case of a refund of a payment of which an amount was refunded before."""
    payment = PAYMENTS[target] | {"cancel_amount": before, "cancel_history": [], "status": "paid"}
    if before:
        payment["cancel_history"] = PAYMENTS[target]["cancel_history"][:-1]
    arguments = {"imp_uid": payment["imp_uid"], "amount": amount, "reason": "r", "settle": 0}
    return Case(sample, "payments.cancel", outcome, arguments, {"GET /payments/{imp_uid}": payment})


CASES = [
    # Look-ups
    Case("card_paid", "payments.find", "Payment", {"merchant_uid": "ORD-20260202-0001"}),
    Case("vbank_ready", "payments.find", "Payment", {"merchant_uid": "ORD-20260202-0002"}),
    Case("vbank_paid", "payments.find", "Payment", {"merchant_uid": "ORD-20260202-0002"}),
    Case("failed", "payments.find", "Payment", {"merchant_uid": "ORD-20260202-0005"}),
    Case("cancelled_full", "payments.find", "Payment", {"merchant_uid": "ORD-20260202-0006"}),
    Case("foreign_usd_decimal_paid", "payments.get", "Payment", {"imp_uid": "imp_770000000108"}),
    Case("subscription_customer_uid", "payments.get", "Payment", {"imp_uid": "imps_770000000111"}),
    Case("extension_true", "payments.get", "Payment", {"imp_uid": "imp_770000000114"}),
    Case("not_found_404", "payments.find", "PaymentNotFoundError"),
    Case("unauthorized_401", "payments.find", "UnauthorizedError"),
    Case("find_all_duplicates", "payments.find_all", "2 Payment", {"merchant_uid": "ORD-DUP-1"}),
    Case("paged_list_last", "payments.list", "2 Payment", {"status": "all"}),
    Case("multi_200", "payments.get_many", "2 Group", {
        "merchant_uids": ["ORD-20260203-0009", "ORD-20260203-0008"], "imp_uids": [],
    }),
    Case("balance_ok", "payments.balance", "PaymentBalance"),
    Case("balance_not_available_404", "payments.balance", "NotFoundError"),
    # Refunds
    cancel("cancel_full_ok", "Payment", "cancel_full_ok", 0, 15_000),
    cancel("cancel_first_partial_ok", "Payment", "cancel_first_partial_ok", 0, 20_000),
    cancel("cancel_ok_partial", "Payment", "cancel_ok_partial", 15_000, 3_000),
    cancel("cancel_paypal_pending", "CancelPendingError", "cancel_paypal_pending", 0, "10.05"),
    cancel("cancel_already_code1", "CancelRefusedError", "cancel_full_ok", 0, 15_000),
    cancel("cancel_target_missing_code1", "CancelRefusedError", "cancel_full_ok", 0, 15_000),
    cancel("cancel_too_large_minus1", "CancelRefusedError", "cancel_full_ok", 0, 15_000),
    cancel("cancel_pg_already_cancelled_minus1", "CancelRefusedError", "cancel_full_ok", 0, 15_000),
    cancel("cancel_checksum_mismatch", "CancelRefusedError", "cancel_first_partial_ok", 0, 20_000),
    # Prepared amounts
    Case("prepare_ok", "prepared.create", "PreparedPayment", {
        "merchant_uid": "ORD-20260202-0001", "amount": 15_000,
    }),
    Case("prepare_duplicate_code1", "prepared.create", "ApiError"),
    Case("prepare_not_found_404", "prepared.get", "NotFoundError"),
    Case("prepare_updated_ok", "prepared.update", "PreparedPayment", {
        "merchant_uid": "ORD-20260301-0004", "amount": 17_000,
    }),
    # Billing keys
    Case("billing_key_issue_ok", "billing_keys.issue", "BillingKey", KEY),
    Case("billing_key_replaced_ok", "billing_keys.issue", "BillingKey", KEY),
    Case("billing_key_issue_rejected_minus1", "billing_keys.issue", "ApiError", KEY),
    Case("super_billing_key_partial", "billing_keys.issue", "BillingKey", {
        "customer_uid": "member-1003-card-1", "channel_group_id": "group-1",
    }),
    Case("billing_key_get_ok", "billing_keys.get", "BillingKey", KEY),
    Case("billing_key_legacy_ok", "billing_keys.get", "BillingKey", {
        "customer_uid": "member-1002-card-1",
    }),
    Case("billing_key_missing_code1", "billing_keys.get", "BillingKeyNotFoundError", MISSING_KEY),
    Case("billing_key_missing_404", "billing_keys.get", "BillingKeyNotFoundError", MISSING_KEY),
    Case("billing_key_batch_200", "billing_keys.get_many", "2 BillingKeyGroup", {
        "customer_uids": ["member-1001-card-1", "member-1001-card-2"],
    }),
    Case("billing_key_batch_207", "billing_keys.get_many", "2 BillingKeyGroup", {
        "customer_uids": ["member-1001-card-1", "member-9999"],
    }),
    Case("billing_key_delete_ok", "billing_keys.delete", "BillingKey", KEY, {
        "GET /subscribe/customers/{customer_uid}": (
            SAMPLES["billing_key_delete_ok"].body["response"]
        ),
    }),
    Case("customer_payments_page", "billing_keys.payments", "1 Payment", KEY),
    # Charges
    Case("again_paid", "charges.with_billing_key", "Payment", AGAIN | {
        "merchant_uid": "SUB-20260301-0002",
    }),
    Case("again_failed_status", "charges.with_billing_key", "ChargeFailedError", AGAIN | {
        "merchant_uid": "SUB-20260301-0003",
    }),
    Case("again_unknown_customer_code1", "charges.with_billing_key", "ApiError", AGAIN),
    Case("again_rejected_minus1", "charges.with_billing_key", "ApiError", AGAIN),
    Case("again_duplicate_merchant_uid", "charges.with_billing_key", "ApiError", AGAIN),
    Case("onetime_paid", "charges.with_card", "Payment", {
        "merchant_uid": "KEY-20260301-0001", "amount": 32_000,
    }),
    Case("onetime_card_rejected_minus1", "charges.with_card", "ApiError"),
    # Schedules
    Case("schedule_create_ok", "schedules.create", "2 Schedule", KEY | {
        "schedules": [
            {name: item[name] for name in ("merchant_uid", "schedule_at", "amount", "name")}
            for item in SAMPLES["schedule_create_ok"].body["response"]
        ],
    }),
    Case("schedule_duplicate_code1", "schedules.create", "ApiError", KEY),
    Case("schedule_no_customer_code1", "schedules.create", "ApiError", KEY),
    Case("schedule_card_rejected_code1", "schedules.create", "ApiError", KEY),
    Case("schedule_list_bare", "schedules.for_customer", "1 Schedule", KEY),
    Case("schedule_single_scheduled", "schedules.get", "Schedule", {
        "merchant_uid": "SUB-20260401-0001",
    }),
    Case("schedule_single_failed", "schedules.get", "Schedule", {
        "merchant_uid": "SUB-20260401-0001",
    }),
    Case("schedule_single_missing_404", "schedules.get", "ScheduleNotFoundError"),
    Case("schedule_reschedule_too_early_400", "schedules.reschedule", "ApiError", {
        "merchant_uid": "SUB-20260401-0001",
    }, SCHEDULED),
    Case("schedule_retry_failed_again", "schedules.retry", "ChargeFailedError", {
        "merchant_uid": "SUB-20260401-0001",
    }, SCHEDULED),
    Case("unschedule_ok", "schedules.cancel", "1 Schedule", KEY | {
        "merchant_uid": ["SUB-20260401-0001"],
    }),
    Case("unschedule_none_code1", "schedules.cancel", "ApiError", {
        "merchant_uid": "SUB-20260401-0001",
    }, SCHEDULED),
    # Virtual accounts
    Case("vbank_created_ready", "virtual_accounts.issue", "Payment", {
        "merchant_uid": "VB-20260301-0001", "amount": 44_000,
    }),
    Case("vbank_modified", "virtual_accounts.update", "Payment", {
        "imp_uid": "imps_770000000211", "amount": 42_000,
    }),
    Case("vbank_revoked", "virtual_accounts.close", "Payment", {"imp_uid": "imps_770000000211"}),
    Case("vbank_not_ready_400", "virtual_accounts.close", "ApiError"),
    # Cash receipts
    Case("receipt_issue_ok", "cash_receipts.issue", "Receipt", {"imp_uid": "imps_770000000211"}),
    Case("receipt_get_cancelled_ok", "cash_receipts.get", "Receipt", {
        "imp_uid": "imps_770000000211",
    }),
    Case("receipt_missing_404", "cash_receipts.get", "ReceiptNotFoundError"),
    Case("receipt_already_issued_400", "cash_receipts.issue", "ApiError"),
    Case("receipt_pg_not_supported_501", "cash_receipts.issue", "ApiError"),
    Case("external_receipt_ok", "cash_receipts.get_external", "ExternalReceipt", {
        "merchant_uid": "CASH-20260301-0001",
    }),
    # Escrow
    Case("escrow_logis_ok", "escrow.get", "EscrowDelivery"),
    Case("escrow_no_payment_404", "escrow.register", "NotFoundError"),
    Case("escrow_not_allowed_409", "escrow.register", "ApiError"),
    Case("escrow_pg_not_supported_400", "escrow.register", "ApiError"),
    # Certifications
    Case("certification_danal_ok", "certifications.get", "Certification", {
        "imp_uid": "imp_770000000212",
    }),
    Case("certification_inicis_nulls", "certifications.get", "Certification", {
        "imp_uid": "imp_770000000213",
    }),
    Case("certification_uncertified", "certifications.get", "Certification", {
        "imp_uid": "imp_770000000214",
    }),
    Case("certification_missing_404", "certifications.get", "CertificationNotFoundError"),
    Case("otp_request_ok", "certifications.request_otp", "OtpRequest"),
    # Naver Pay
    Case("naver_product_orders_ok", "naver.product_orders", "2 NaverProductOrder"),
    Case("naver_cancel_207", "naver.cancel", "ProductOrdersRefusedError", {
        "product_order_id": ["2026030100000001", "2026030100000002"],
    }, PRODUCT_ORDERS),
    Case(
        "naver_cancel_all_failed_500",
        "naver.cancel",
        "ProductOrdersRefusedError",
        before=PRODUCT_ORDERS,
    ),
    Case("naver_point_ok", "naver.give_points", "NoneType"),
    Case("naver_reviews_ok", "naver.reviews", "1 NaverReview"),
    Case("naver_cash_amount_ok", "naver.cash_amount", "NaverCashAmount"),
    # The others
    Case("cards_ok", "codes.cards", "3 StandardCode"),
    Case("banks_ok", "codes.banks", "3 StandardCode"),
    Case("bank_single_ok", "codes.bank", "StandardCode", {"bank_standard_code": "004"}),
    Case("payco_status_ok", "payco.set_order_status", "PaycoStatus", {"status": "DELIVERY_START"}),
    Case("payco_status_bad", "payco.set_order_status", "ApiError"),
    Case("users_pg_ok", "account.pg_settings", "3 PgSetting"),
    Case("tier_ok", "account.tier", "Tier", {"tier_code": "A01"}),
    Case("paymentwall_delivery_ok", "paymentwall.register_delivery", "PaymentwallDelivery"),
    Case("paymentwall_delivery_failed", "paymentwall.register_delivery", "PortOneError"),
    Case("partner_receipt_ok", "partners.issue_receipt", "PartnerReceiptResult"),
    Case("benepia_point_ok", "benepia.points", "BenepiaPoints"),
    Case("kcpquick_member_deleted_ok", "kcp_quick.delete_member", "KcpQuickMember", {
        "member_id": "member-1001",
    }),
    Case("kcpquick_autopay_deleted_ok", "kcp_quick.delete_billing_key", "KcpQuickKey", {
        "customer_uid": "kcpq-1001",
    }),
    Case("kcpquick_fido_failed", "kcp_quick.release_fido", "ApiError"),
]  # fmt: skip
TOKENS = {name for name in SAMPLES if name.startswith("get_token")}
"""Responses that the client receives by itself: the tests of the token have them."""
PAGES = {"paged_list_page1": "payments.list", "schedule_list_page": "schedules.list"}
"""First pages of several: a method reads on, so these are decoded alone."""
ENDPOINTS = {operation.call: operation.endpoint for operation in OPERATIONS}
