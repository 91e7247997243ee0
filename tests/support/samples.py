"""Sample response bodies of PortOne."""

from __future__ import annotations

import json
from typing import Any

CARD_PAID: dict[str, Any] = {
    "amount": 15000,
    "apply_num": "30012345",
    "bank_code": None,
    "bank_name": None,
    "buyer_addr": "서울특별시 강남구 테헤란로 1",
    "buyer_email": "buyer@example.com",
    "buyer_name": "홍길동",
    "buyer_postcode": "06234",
    "buyer_tel": "010-0000-0000",
    "cancel_amount": 0,
    "cancel_history": [],
    "cancel_reason": None,
    "cancel_receipt_urls": [],
    "cancelled_at": 0,
    "card_code": "366",
    "card_issuer_code": None,
    "card_issuer_name": None,
    "card_name": "신한카드",
    "card_number": "123456******7890",
    "card_publisher_code": None,
    "card_publisher_name": None,
    "card_quota": 0,
    "card_type": 0,
    "cash_receipt_issued": False,
    "channel": "pc",
    "currency": "KRW",
    "custom_data": '{"cart_id":"c-1","note":"문 앞"}',
    "customer_uid": None,
    "customer_uid_usage": None,
    "deposit_history": [],
    "emb_pg_provider": None,
    "escrow": False,
    "fail_reason": None,
    "failed_at": 0,
    "imp_uid": "imp_770000000101",
    "merchant_uid": "ORD-20260202-0001",
    "name": "테스트 상품 외 1건",
    "paid_at": 1770000062,
    "pay_method": "card",
    "pg_id": "INIpayTest",
    "pg_provider": "html5_inicis",
    "pg_tid": "StdpayCARDINIpayTest20260202114102000001",
    "promotion": None,
    "receipt_url": "https://iniweb.inicis.com/receipt/iniReceipt.jsp?noTid=1",
    "sandbox": False,
    "started_at": 1770000000,
    "status": "paid",
    "user_agent": "Mozilla/5.0",
    "vbank_code": None,
    "vbank_date": 0,
    "vbank_holder": None,
    "vbank_issued_at": 0,
    "vbank_name": None,
    "vbank_num": None,
}

PARTIALLY_CANCELLED: dict[str, Any] = CARD_PAID | {
    "amount": 50000,
    "cancel_amount": 18000,
    "cancel_history": [
        {
            "amount": 5000,
            "cancellation_id": "d1A0aB1dE2fG3hI4jK5l",
            "cancelled_at": 1770005000,
            "pg_tid": "T6980000000000001",
            "reason": "배송비 환불",
            "receipt_url": None,
        },
        {
            "amount": 13000,
            "cancelled_at": 1770007000,
            "pg_tid": "T6980000000000001",
            "reason": "상품 불량",
            "receipt_url": None,
        },
    ],
    "cancelled_at": 1770007000,
    "status": "cancelled",
}

NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}
UNAUTHORIZED = {"code": -1, "message": "Unauthorized", "response": None}
BAD_KEYS = {
    "code": -1,
    "message": "인증에 실패하였습니다. API키와 secret을 확인하세요.",
    "response": None,
}
GATEWAY_503 = b"""<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>503 Service Unavailable</title>
</head><body>
<h1>Service Unavailable</h1>
<p>The server is temporarily unable to service your
request due to maintenance downtime or capacity
problems. Please try again later.</p>
</body></html>
"""


def body(value: object) -> bytes:
    """Encode JSON as PHP does, with escaped slashes."""
    return json.dumps(value).replace("/", "\\/").encode()


def ok(response: object) -> bytes:
    """Encode the envelope of a successful response."""
    return body({"code": 0, "message": None, "response": response})
