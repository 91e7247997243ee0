"""Test spellings of statuses, sortings and verdicts: exact as arguments, tolerant in files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    InvalidRequestError,
    PaymentNotFoundError,
    PaymentStatus,
    PaymentStatusLike,
    PortOneClient,
    Sorting,
    SortingLike,
)
from portone_async.reconcile import Order, Store, Verdict, VerdictLike, reconcile
from portone_async.resources.payments._words import (
    LISTED,
    STATUSES,
    canonical,
    validate_sorting,
    validate_status,
    validate_statuses,
)
from portone_async.testing import FakePortOne

MISSPELT = [
    ("PAID", "paid"),
    ("Paid", "paid"),
    (" paid", "paid"),
    ("paid\n", "paid"),
    ("p a i d", "paid"),
    ("\uff50aid", "paid"),
    ("canceled", "cancelled"),
    ("Canceled", "cancelled"),
    ("CANCELLED", "cancelled"),
    ("Ready ", "ready"),
]


@pytest.mark.parametrize(("spelling", "word"), MISSPELT)
def test_misspelt_status_is_rejected_with_the_right_spelling(spelling: str, word: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        validate_status(spelling)

    assert caught.value.reason == f"status must be spelled '{word}', not {spelling!a}"
    assert canonical(spelling) == word


def test_misspelt_enum_member_is_rejected() -> None:
    with pytest.raises(InvalidRequestError, match="must be spelled 'paid'"):
        validate_status(PaymentStatus("PAID"))


@pytest.mark.parametrize("word", [*PaymentStatus, "on_hold-2", "PARTIALLY", "paids", "all"])
def test_known_and_unknown_statuses_are_accepted(word: str) -> None:
    assert validate_status(word) == word
    assert type(validate_status(word)) is str


@pytest.mark.parametrize("status", ["", " ", "a b", "a/b", "결제", "paid/x", None, 5])
def test_status_that_is_not_a_plain_word_is_rejected(status: object) -> None:
    with pytest.raises(InvalidRequestError, match=r"^status must be a plain word"):
        validate_status(status)


def test_all_is_a_status_of_lists_only() -> None:
    with pytest.raises(InvalidRequestError, match="must be spelled 'all'"):
        validate_status("ALL", known=LISTED)
    assert validate_status("ALL") == "ALL"


@given(word=st.sampled_from(sorted(STATUSES)), data=st.data())
def test_canonical_ignores_case_and_blanks(word: str, data: st.DataObject) -> None:
    spelling = "".join(
        data.draw(
            st.sampled_from([letter, letter.upper(), f"{letter} ", f"\t{letter}", f"{letter}_"])
        )
        for letter in word
    )

    assert canonical(spelling) == word


@given(st.text())
def test_canonical_returns_a_known_word_or_none(spelling: str) -> None:
    word = canonical(spelling)

    assert word is None or (word in STATUSES and canonical(word) == word)


def test_sorting_is_a_member_or_rejected_by_name() -> None:
    assert validate_sorting("-paid") is Sorting.PAID_DESC
    for spelling in ("-PAID", "- paid", "\uff0dpaid"):
        with pytest.raises(InvalidRequestError, match=r"^sorting must be spelled '-paid'"):
            validate_sorting(spelling)
    nonsense: tuple[object, ...] = ("", "newest", None, 5, [])
    for sorting in nonsense:
        with pytest.raises(
            InvalidRequestError, match=r"^sorting must be one of .*-started, started"
        ):
            validate_sorting(sorting)


def test_statuses_are_unique_and_spelled_correctly() -> None:
    assert validate_statuses(iter(["paid", PaymentStatus.PAID, "all"])) == ["paid", "all"]
    for statuses in ("paid", PaymentStatus.PAID, None, 5):
        with pytest.raises(InvalidRequestError, match=r"as in \['paid'\]"):
            validate_statuses(statuses)
    with pytest.raises(InvalidRequestError, match="at least one"):
        validate_statuses([])
    with pytest.raises(InvalidRequestError, match="must be spelled 'cancelled'"):
        validate_statuses(["paid", "canceled"])


def literals(alias: Any) -> list[str]:
    return [word for part in get_args(alias) for word in get_args(part)]


def test_literal_types_list_every_known_word() -> None:
    assert literals(PaymentStatusLike) == list(PaymentStatus)
    assert literals(SortingLike) == list(Sorting)
    assert literals(VerdictLike) == list(Verdict)


Invocation = Callable[[PortOneClient], Awaitable[object]]


async def read(stream: Any) -> list[object]:
    return [item async for item in stream]


async def run_reconcile(client: PortOneClient, **options: Any) -> object:
    return await reconcile(client, [], **options)


INVOCATIONS: dict[str, Invocation] = {
    "find": lambda client: client.payments.find("order-1", status="Paid"),
    "find, sorting": lambda client: client.payments.find("order-1", sorting="Paid"),
    "find_all": lambda client: read(client.payments.find_all("order-1", status="Paid")),
    "list": lambda client: read(client.payments.list("Paid")),
    "list, sorting": lambda client: read(client.payments.list("paid", sorting="Paid")),
    "find_many": lambda client: read(client.payments.find_many(["order-1"], status="Paid")),
    "reconcile": lambda client: run_reconcile(client, statuses=["Paid"]),
}


@pytest.mark.parametrize("invoke", INVOCATIONS.values(), ids=INVOCATIONS)
async def test_misspelt_word_is_rejected_before_any_request(
    server: FakePortOne, client: PortOneClient, invoke: Invocation
) -> None:
    server.add(merchant_uid="order-1")

    with pytest.raises(InvalidRequestError, match=r"must be spelled 'paid', not 'Paid'"):
        await invoke(client)

    assert not server.requests


async def test_unknown_status_is_sent(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1", status="on_hold")
    assert (await client.payments.find("order-1", status="on_hold")).merchant_uid == "order-1"
    with pytest.raises(PaymentNotFoundError):
        await client.payments.find("order-1", status="on_hold_2")


@pytest.mark.parametrize(("spelling", "word"), MISSPELT)
def test_order_rejects_a_misspelt_status(spelling: str, word: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"status must be spelled '{word}'"):
        Order("order-1", Decimal(1), status=spelling)


def test_order_accepts_known_and_unknown_statuses() -> None:
    for status in ("paid", PaymentStatus.PAID, "on_hold", "결제완료"):
        assert Order("order-1", Decimal(1), status=status).status == status


def test_unknown_verdict_is_rejected(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run.db") as store:
        for verdict in (Verdict.MISSING, "missing", None):
            assert list(store.findings(verdict)) == []
        with pytest.raises(InvalidRequestError, match="verdict must be spelled 'not_checked'"):
            store.findings("Not Checked")
        with pytest.raises(InvalidRequestError, match="verdict must be one of matched, missing"):
            store.findings("lost")
