"""``server.virtual_accounts``: virtual accounts, into which a test pays.

API: https://developers.portone.io/api/rest-v1/vbank
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portone_async.models import Deposit, Payment
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.record import encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .codes import BANKS
from .payments import Payments, payment_not_found
from .payments.unpaid import (
    add_unpaid,
    body_of,
    close_unpaid,
    common_fields,
    refuse_paid_order,
)

__all__ = ("ROUTES", "VirtualAccounts")

# The status is documented, the text is not.
_NOT_WAITING = failure(400, "입금대기 중인 가상계좌가 아닙니다.")
# PortOne documents that a hashData error comes; its code, status and text are invented.
_BAD_KEY = failure(200, "hashData가 일치하지 않습니다.")


class _Settings:
    def __init__(self, _: Account) -> None:
        self.pg_provider = "settle"
        self.pg_api_key = "fake-iniapi-key"


class VirtualAccounts:
    """The virtual accounts of the fake. They are payments as well: ``server.payments``."""

    def __init__(self, account: Account) -> None:
        self._payments = account.state(Payments)
        self._settings = account.state(_Settings)
        self._clock = account.clock

    @property
    def pg_provider(self) -> str:
        """The PG that issues the next accounts: ``settle`` at first.

        ``html5_inicis`` requires ``pg_api_key``; only ``settle`` changes an account.
        """
        return self._settings.pg_provider

    @pg_provider.setter
    def pg_provider(self, pg_provider: str) -> None:
        self._settings.pg_provider = pg_provider

    @property
    def pg_api_key(self) -> str:
        """The INIAPI key that ``html5_inicis`` requires."""
        return self._settings.pg_api_key

    @guarded
    def deposit(
        self, imp_uid: str, amount: int | Decimal | None = None, *, depositor_name: str = "홍길동"
    ) -> Payment:
        """Pay into an account, and return its payment.

        A waiting account becomes ``paid``. Money that comes into a closed one leaves it
        ``cancelled``, as with settle's unlimited accounts; ``deposit_history`` shows it.

        Args:
            imp_uid: The payment that the account belongs to.
            amount: KRW; ``None`` for the amount of the payment.
            depositor_name: The name on the transfer.

        Raises:
            KeyError: There is no such payment.
        """
        entry = self._payments.get(imp_uid)
        if entry is None:
            raise KeyError(imp_uid)
        now = int(self._clock.now)
        record = entry.record
        paid = {"amount": amount or record["amount"], "deposited_at": now}
        deposit = encode(Deposit, {**paid, "depositor_name": depositor_name, "pg_tid": None})
        changes: dict[str, Any] = {"deposit_history": [*record.get("deposit_history", ()), deposit]}
        if record["status"] == "ready":
            changes |= {"status": "paid", "paid_at": now}
        else:
            changes |= {name: record.get(name, 0) for name in ("paid_at", "cancel_amount")}
            changes["cancel_history"] = record.get("cancel_history", [])
        return self._payments.update(imp_uid, **changes)


def issue(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Issue an account, also for an order that has a waiting one."""
    parameters = Parameters.of(request)
    parameters.require("channel_key", "merchant_uid", "vbank_code", "vbank_due")
    if not parameters.flag("fixed_unlimited_vbank"):
        parameters.require("amount")
    _validate_others(parameters)
    fields = common_fields(parameters) | _account(parameters, account.clock.now)
    if not _is_key_right(account, request, account.state(_Settings).pg_provider):
        return _BAD_KEY
    refusal = refuse_paid_order(account, fields["merchant_uid"])
    if refusal is not None:
        return refusal
    fields["pg_provider"] = account.state(_Settings).pg_provider
    return envelope(add_unpaid(account, fields))


def _validate_others(parameters: Parameters) -> None:
    """Check the types of the parameters that leave no trace in the payment."""
    parameters.text("channel_key")
    parameters.text("product_type", words=("real", "digital"))
    for name in ("vbank_key", "business_registration_number", "escrow_password"):
        parameters.text(name)
    parameters.integer("tax_free")
    parameters.money("vat_amount")
    parameters.integer("product_count")


def _account(parameters: Parameters, now: float) -> dict[str, Any]:
    """Return the fields of a payment that describe its account. Invented: bank, number, holder."""
    # A PG's own code, as in BK04 or 04; the payment has the standard one.
    is_unlimited = parameters.flag("fixed_unlimited_vbank")
    digits = "".join(char for char in parameters.text("vbank_code") or "" if char.isdecimal())
    code = digits.zfill(3)
    return {
        "pay_method": "vbank",
        # An unlimited account ignores the amount.
        "amount": 0 if is_unlimited else parameters.money("amount"),
        "vbank_code": code,
        "vbank_name": BANKS.get(code, "은행"),
        "vbank_num": parameters.text("vbank_num") or "00000000000000",
        "vbank_holder": parameters.text("vbank_holder") or "포트원상점",
        "vbank_date": parameters.time("vbank_due"),
        "vbank_issued_at": int(now),
        "started_at": int(now),
    }


def update(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Change the amount or the deadline of a waiting account."""
    parameters = Parameters.of(request)
    amount, due = parameters.integer("amount"), parameters.time("vbank_due")
    waiting = _waiting(account, path["imp_uid"])
    if isinstance(waiting, Reply):
        return waiting
    if waiting.get("pg_provider") not in (None, "settle"):
        # That only settle can is documented; how the others refuse is not.
        return failure(400, "현재 지원되지 않는 PG사입니다.")
    changes: dict[str, Any] = {"amount": amount, "vbank_date": due}
    payments = account.state(Payments)
    given = {name: value for name, value in changes.items() if value is not None}
    payments.update(path["imp_uid"], **given)
    return envelope(body_of(payments, path["imp_uid"]))


def close(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Close a waiting account."""
    waiting = _waiting(account, path["imp_uid"])
    if isinstance(waiting, Reply):
        return waiting
    if not _is_key_right(account, request, waiting.get("pg_provider")):
        return _BAD_KEY
    return envelope(close_unpaid(account, path["imp_uid"]))


def _waiting(account: Account, imp_uid: str) -> dict[str, Any] | Reply:
    """Return the record of an account that waits for money, or the refusal."""
    entry = account.state(Payments).get(imp_uid)
    if entry is None:
        return payment_not_found()
    record = entry.record
    is_waiting = record.get("pay_method") == "vbank" and record["status"] == "ready"
    return record if is_waiting else _NOT_WAITING


def _is_key_right(account: Account, request: RecordedRequest, pg_provider: str | None) -> bool:
    if pg_provider != "html5_inicis":
        return True
    # In the query: PortOne does not find it in the body.
    return dict(request.query).get("pg_api_key") == account.state(_Settings).pg_api_key


def holder(_: Account, request: RecordedRequest, __: Mapping[str, str]) -> Reply:
    """Name the holder of an account: an operation that PortOne no longer documents."""
    query = dict(request.query)
    if not (query.get("bank_code") and query.get("bank_num")):
        # Status and text are invented.
        return failure(400, "bank_code, bank_num 파라메터가 누락되었습니다.")
    return envelope({"bank_holder": "홍길동"})


ROUTES = (
    Route("POST", "/vbanks", refusing(issue)),
    Route("PUT", "/vbanks/{imp_uid}", refusing(update)),
    Route("DELETE", "/vbanks/{imp_uid}", close),
    Route("GET", "/vbanks/holder", holder),
)
