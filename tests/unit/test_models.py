"""Test how payments are decoded, validated, copied and printed."""

from __future__ import annotations

import copy
import decimal
import enum
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    Cancellation,
    Deposit,
    Payment,
    PaymentStatus,
    Promotion,
    Sorting,
    UnexpectedResponseError,
)
from portone_async.models._record import attach_raw
from tests.support.samples import CARD_PAID, PARTIALLY_CANCELLED, body

MINIMAL = {"imp_uid": "imp_1", "merchant_uid": "order-1", "status": "paid", "amount": 1000}
TIMES = ("started_at", "paid_at", "failed_at", "cancelled_at", "vbank_date", "vbank_issued_at")
OPTIONAL = sorted(set(Payment.__struct_fields__) - set(MINIMAL))
TEXTS = [name for name in OPTIONAL if CARD_PAID.get(name, 0) is None and name != "promotion"]


def decoded(value: dict[str, Any], **changes: Any) -> Payment:
    return msgspec.json.decode(body(value | changes), type=Payment, strict=False)


def amount_of(text: str) -> Decimal:
    raw = b'{"imp_uid":"i","merchant_uid":"m","status":"paid","amount":' + text.encode() + b"}"
    return msgspec.json.decode(raw, type=Payment, strict=False).amount


def test_every_field_of_a_recorded_payment_is_modelled() -> None:
    assert set(CARD_PAID) <= set(Payment.__struct_fields__)


def test_recorded_payment_decodes_to_its_values() -> None:
    payment = decoded(CARD_PAID)

    assert (payment.imp_uid, payment.merchant_uid) == ("imp_770000000101", "ORD-20260202-0001")
    assert (payment.status, payment.currency, payment.card_code) == ("paid", "KRW", "366")
    assert payment.amount == 15000
    assert payment.paid_at == datetime(2026, 2, 2, 2, 41, 2, tzinfo=UTC)
    assert payment.failed_at is None
    assert payment.buyer_name == "홍길동"


def test_cancellations_decode_with_and_without_an_id() -> None:
    first, second = decoded(PARTIALLY_CANCELLED).cancel_history

    assert first == Cancellation(
        amount=Decimal(5000),
        cancelled_at=datetime.fromtimestamp(1770005000, UTC),
        pg_tid="T6980000000000001",
        reason="배송비 환불",
        cancellation_id="d1A0aB1dE2fG3hI4jK5l",
    )
    assert second.cancellation_id is None


def test_deposits_and_promotions_decode() -> None:
    payment = decoded(
        MINIMAL,
        deposit_history=[
            {"pg_tid": "t", "amount": 5, "depositor_name": "김", "deposited_at": 1770000000}
        ],
        promotion={"id": "p-1", "discount": 1.5},
    )

    assert payment.deposit_history == (
        Deposit(
            amount=Decimal(5),
            pg_tid="t",
            depositor_name="김",
            deposited_at=datetime.fromtimestamp(1770000000, UTC),
        ),
    )
    assert payment.promotion == Promotion(id="p-1", discount=Decimal("1.5"))


@pytest.mark.parametrize("text", ["10.05", "0.1", "1234567.89", '"10.05"', "1e3", "0", '"0"'])
def test_money_is_exact(text: str) -> None:
    assert amount_of(text) == Decimal(text.strip('"'))


@given(st.decimals("-1e15", "1e15", allow_nan=False, allow_infinity=False, places=4))
def test_money_is_exact_for_any_amount(amount: Decimal) -> None:
    assert amount_of(str(amount)) == amount


def test_amount_in_krw_equals_an_integer() -> None:
    assert decoded(MINIMAL).amount == 1000


@pytest.mark.parametrize(
    "text", ['"NaN"', '"Infinity"', "1e24", "1E+400", '"-sNaN"', '"abc"', '""']
)
def test_invalid_amount_is_rejected(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.amount|amount of money"):
        amount_of(text)


@pytest.mark.parametrize("text", ["9.9e23", "1e-23", "-5", "-9.9e23"])
def test_very_large_and_small_amounts_are_accepted(text: str) -> None:
    assert amount_of(text) == Decimal(text)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Payment, "amount"),
        (Payment, "cancel_amount"),
        (Cancellation, "amount"),
        (Deposit, "amount"),
        (Promotion, "discount"),
    ],
)
@pytest.mark.parametrize("text", ["NaN", "1e24", "-1e24", "1e-24"])
def test_every_money_field_rejects_invalid_amounts(kind: type[Any], name: str, text: str) -> None:
    fields = (MINIMAL if kind is Payment else {}) | {name: text}

    with pytest.raises(msgspec.ValidationError, match="Expected an amount of money"):
        msgspec.json.decode(body(fields), type=kind, strict=False)


def test_cancel_amount_and_discount_default_to_zero() -> None:
    assert decoded(MINIMAL).cancel_amount == Promotion().discount == 0


@pytest.mark.parametrize("second", [1, 0.5])
def test_time_before_the_epoch_is_none(second: float) -> None:
    at = datetime.fromtimestamp(second, UTC)

    assert decoded(MINIMAL, paid_at=second).paid_at == at
    assert decoded(MINIMAL, paid_at=-second).paid_at is None


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [0, None, "0", 0.0])
def test_zero_or_null_time_is_none(name: str, value: object) -> None:
    assert getattr(decoded(MINIMAL, **{name: value}), name) is None


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [1770000062, 1770000062.0, "1770000062"])
def test_time_is_an_aware_utc_datetime(name: str, value: object) -> None:
    time = getattr(decoded(MINIMAL, **{name: value}), name)

    assert time == datetime(2026, 2, 2, 2, 41, 2, tzinfo=UTC)
    assert time.tzinfo is UTC


def test_time_of_another_zone_is_converted_to_utc() -> None:
    seoul = datetime(2026, 2, 2, 11, 41, 2, tzinfo=timezone(timedelta(hours=9)))
    payment = Payment(
        imp_uid="i", merchant_uid="m", status=PaymentStatus.PAID, amount=Decimal(1), paid_at=seoul
    )

    assert payment.paid_at is not None
    assert payment.paid_at == seoul
    assert payment.paid_at.tzinfo is UTC


@pytest.mark.parametrize("name", ["cancelled_at", "deposited_at"])
def test_zero_time_in_a_history_is_none(name: str) -> None:
    kind: type[Cancellation | Deposit] = Cancellation if name == "cancelled_at" else Deposit
    record = msgspec.json.decode(body({"amount": 1, name: 0}), type=kind, strict=False)

    assert getattr(record, name) is None


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_field_may_be_missing(name: str) -> None:
    without = {key: value for key, value in CARD_PAID.items() if key != name}

    assert decoded(without).imp_uid == CARD_PAID["imp_uid"]


@pytest.mark.parametrize("name", TEXTS)
def test_null_text_is_none(name: str) -> None:
    assert getattr(decoded(CARD_PAID, **{name: None}), name) is None


@pytest.mark.parametrize("name", ["cancel_history", "deposit_history", "cancel_receipt_urls"])
def test_null_list_is_empty(name: str) -> None:
    assert getattr(decoded(CARD_PAID, **{name: None}), name) == ()


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_absent_required_field_is_named(name: str) -> None:
    without = {key: value for key, value in CARD_PAID.items() if key != name}

    with pytest.raises(msgspec.ValidationError, match=name):
        decoded(without)


def test_unknown_fields_are_available_in_raw() -> None:
    source = {"response": MINIMAL | {"enable_webhook": True, "fee": 1.10}}
    payment = decoded(MINIMAL, enable_webhook=True)
    attach_raw(payment, b'{"response":' + body(source["response"]) + b"}")

    assert payment.raw["enable_webhook"] is True
    assert payment.raw["fee"] == Decimal("1.1")


def test_raw_is_empty_without_a_reply() -> None:
    assert decoded(MINIMAL).raw == {}


def test_unknown_status_is_its_string() -> None:
    payment = decoded(MINIMAL, status="on_hold")

    assert payment.status == "on_hold"
    assert isinstance(payment.status, PaymentStatus)
    assert not payment.is_paid
    assert payment.status not in set(PaymentStatus)
    assert pickle.loads(pickle.dumps(payment.status)) == "on_hold"
    assert hash(payment.status) == hash("on_hold")
    assert (payment.status.name, payment.status.value) == ("ON_HOLD", "on_hold")


def test_known_status_is_the_enum_member() -> None:
    assert decoded(MINIMAL).status is PaymentStatus.PAID


def test_status_that_is_not_text_is_rejected() -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(MINIMAL, status=5)
    with pytest.raises(ValueError, match="5"):
        PaymentStatus(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


def test_null_card_type_is_not_credit() -> None:
    assert decoded(MINIMAL, card_type=None).card_type is None
    assert decoded(MINIMAL, card_type=0).card_type == 0
    assert decoded(MINIMAL, card_type="null").card_type is None


def test_missing_sandbox_is_none() -> None:
    assert decoded(MINIMAL).sandbox is None


@pytest.mark.parametrize(
    ("amount", "cancelled", "balance", "is_partial"),
    [
        ("1000", "0", "1000", False),
        ("12.34", "2.04", "10.30", True),
        ("1000", "0.01", "999.99", True),
        ("1000", "999.99", "0.01", True),
        ("5", "5", "0", False),
        # 46 digits: more than Python's default decimal context holds.
        ("9e23", "9e-23", "899999999999999999999999.99999999999999999999991", True),
    ],
)
def test_balance_is_amount_minus_cancel_amount(
    amount: str, cancelled: str, balance: str, is_partial: bool
) -> None:
    payment = decoded(MINIMAL, amount=amount, cancel_amount=cancelled)

    assert payment.balance == Decimal(balance)
    assert payment.is_partially_cancelled is is_partial


def test_balance_ignores_the_callers_decimal_context() -> None:
    payment = decoded(MINIMAL, amount="1234567.89", cancel_amount="0.01")

    with decimal.localcontext(prec=3):
        assert payment.balance == Decimal("1234567.88")


@pytest.mark.parametrize("status", ["ready", "failed", "cancelled", "pending"])
def test_is_paid_is_true_only_for_status_paid(status: str) -> None:
    assert decoded(MINIMAL).is_paid
    assert not decoded(MINIMAL, status=status).is_paid


class Cart(msgspec.Struct):
    cart_id: str


def test_custom_data_decodes_as_a_dict_or_as_a_type() -> None:
    payment = decoded(CARD_PAID)

    assert payment.custom() == {"cart_id": "c-1", "note": "문 앞"}
    assert payment.custom(Cart) == Cart("c-1")
    assert decoded(MINIMAL, custom_data='["1","2"]').custom(list[int]) == [1, 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "there is none"),
        ("홍길동 님", "not JSON"),
        ("[1]", "Expected `object`"),
        ('{"a":' * 99999, "not JSON"),
    ],
    ids=["none", "text", "list", "deep"],
)
def test_invalid_custom_data_raises_without_quoting_it(data: str | None, message: str) -> None:
    with pytest.raises(UnexpectedResponseError, match=message) as caught:
        decoded(MINIMAL, custom_data=data).custom()

    assert "imp_1" in str(caught.value)
    assert "홍길동" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("is_rich", [False, True])
def test_repr_of_a_payment_omits_personal_data(is_rich: bool) -> None:
    payment = decoded(PARTIALLY_CANCELLED)
    text = repr(payment.__rich_repr__()) if is_rich else repr(payment)

    for fact in ("imp_770000000101", "ORD-20260202-0001", "cancelled", "50000", "18000", "KRW"):
        assert fact in text
    for private in ("홍길동", "buyer@example.com", "010-0000", "테헤란로", "7890", "c-1", "환불"):
        assert private not in text


def test_repr_of_nested_records_omits_personal_data() -> None:
    payment = decoded(
        MINIMAL,
        cancel_history=[{"amount": 1, "reason": "홍길동 요청"}],
        deposit_history=[{"amount": 2, "depositor_name": "홍길동"}],
        promotion={"id": "p", "discount": 3},
    )

    text = repr((payment.cancel_history, payment.deposit_history, payment.promotion))
    assert "홍길동" not in text
    assert all(f"Decimal('{amount}')" in text for amount in (1, 2, 3))


@pytest.mark.parametrize("sample", [MINIMAL, CARD_PAID, PARTIALLY_CANCELLED])
def test_payment_survives_pickle_and_copies(sample: dict[str, Any]) -> None:
    payment = decoded(sample, extension={"REMITTER": "x"})
    attach_raw(payment, body({"response": sample}))

    for twin in (pickle.loads(pickle.dumps(payment)), copy.copy(payment), copy.deepcopy(payment)):
        assert twin == payment
        assert hash(twin) == hash(payment)
        assert twin.raw == payment.raw != {}


def test_payment_is_immutable() -> None:
    with pytest.raises(AttributeError):
        decoded(MINIMAL).amount = Decimal(0)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point


def test_sortings_match_the_api() -> None:
    assert set(Sorting) == {"-started", "started", "-paid", "paid", "-updated", "updated"}


def test_payment_constructor_accepts_a_plain_status_string() -> None:
    payment = Payment(
        imp_uid="i",
        merchant_uid="m",
        status="paid",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as tests write it
        amount=Decimal(1),
    )

    assert payment.status is PaymentStatus.PAID
    assert "paid" in repr(payment)


def test_constructor_rejects_an_amount_that_is_not_decimal() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Payment(imp_uid="i", merchant_uid="m", status=PaymentStatus.PAID, amount=1000)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


@pytest.mark.parametrize("number", ["1e99999999999999999999", "9" * 6000, "1.10"])
def test_raw_accepts_any_number_and_survives_pickle(number: str) -> None:
    payment = decoded(MINIMAL)
    attach_raw(payment, b'{"response":{"odd":' + number.encode() + b"}}")

    assert str(payment.raw["odd"]) == number
    assert pickle.loads(pickle.dumps(payment)).raw == payment.raw


def test_raw_of_a_list_item_is_exact_and_survives_pickle() -> None:
    payment = decoded(MINIMAL)
    attach_raw(payment, b'{"response":[{"fee":0.1},{"fee":0.10000000000000000000000001}]}', 1)

    assert payment.raw == {"fee": Decimal("0.10000000000000000000000001")}
    assert pickle.loads(pickle.dumps(payment)).raw == payment.raw


def test_rich_repr_lists_the_declared_fields() -> None:
    payment = decoded(
        PARTIALLY_CANCELLED, deposit_history=[{"amount": 1}], promotion={"id": "p", "discount": 3}
    )
    money = "amount cancel_amount currency sandbox"
    times = "started_at paid_at failed_at cancelled_at"
    assert payment.promotion is not None
    for record, names in (
        (payment, f"imp_uid merchant_uid status {money} {times}"),
        (payment.cancel_history[0], "amount cancelled_at cancellation_id"),
        (payment.deposit_history[0], "amount deposited_at"),
        (payment.promotion, "id discount"),
    ):
        fields = record.__rich_repr__()
        assert fields == [(name, getattr(record, name)) for name in names.split()]
        assert repr(record).startswith(f"{type(record).__name__}({names.split()[0]}=")


class Size(enum.Enum):
    SMALL = "s"


class Cup(msgspec.Struct):
    size: Size


def test_unknown_enum_value_in_custom_data_is_not_quoted() -> None:
    with pytest.raises(UnexpectedResponseError) as caught:
        decoded(MINIMAL, custom_data='{"size":"홍길동"}').custom(Cup)

    assert "홍길동" not in str(caught.value)
    assert "$.size" in str(caught.value)
