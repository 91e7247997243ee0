"""The reasons that the report states for orders that could not be checked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import errors
from portone_async.cli.report.reasons import reason_of
from portone_async.models import UnreadablePayment
from portone_async.reconcile import (
    Refund,
    Store,
    Verdict,
)
from tests.support.report_run import finding, order


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.RequestTimeoutError, "timeout"),
        (errors.DeadlineExceededError, "timeout"),
        (errors.ConnectionFailedError, "connection"),
        (errors.CertificateError, "connection"),
        (errors.RateLimitedError, "busy"),
        (errors.ServerError, "server"),
        (errors.UnexpectedResponseError, "answer"),
        (errors.MalformedResponseError, "answer"),
        (errors.InvalidRequestError, "number"),
        (errors.ApiError, "other"),
    ],
)
def test_error_of_an_order_has_a_sentence(error: type[Exception], reason: str) -> None:
    failed = finding("a", Verdict.NOT_CHECKED, order("a"), error=f"{error.__name__}: x")

    assert reason_of(failed) == (reason, "")


@pytest.mark.parametrize(
    ("error", "reason", "place"),
    [
        ("orders.csv:12: no amount", "row", "orders.csv:12"),
        ("orders.db row 3: no amount: none", "row", "orders.db row 3"),
        ("UnexpectedResponseError: imp_1", "answer", ""),
    ],
)
def test_error_without_an_order_names_the_row(error: str, reason: str, place: str) -> None:
    assert reason_of(finding("", Verdict.NOT_CHECKED, None, error=error)) == (reason, place)


def test_contradicting_order_numbers_have_a_sentence(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([order("a", "1"), order("a", "2")])
        (contradicted,) = store.findings()

    assert reason_of(contradicted) == ("contradicted", "")


def test_refunds_exceeding_their_order_have_a_sentence(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders([order("a", "1"), Refund("a", Decimal(2), "KRW", "orders.csv:3")])
        settled = store.apply_refunds()

    assert settled is not None
    assert [reason_of(item) for item in settled] == [("refunds", "")]


def test_unreadable_payment_has_a_sentence() -> None:
    payment = UnreadablePayment(imp_uid=None, merchant_uid="a", path="$.amount", reason="text")
    failed = finding("a", Verdict.NOT_CHECKED, None, error=str(payment))

    assert reason_of(failed) == ("answer", "")


def test_finding_without_an_error_has_no_reason() -> None:
    assert reason_of(finding("a", Verdict.MISSING, order("a"))) == ("", "")
