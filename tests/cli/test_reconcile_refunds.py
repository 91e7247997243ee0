"""``reconcile`` on order files with refunds, from the file to the verdict."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from portone_async.cli import main
from portone_async.testing import FakePortOne


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


Run = Callable[..., Awaitable[tuple[int, list[tuple[str, str, str]]]]]


@pytest.fixture(name="run")
def _run(environment: None, capsys: pytest.CaptureFixture[str]) -> Run:

    async def run(content: str, *options: str) -> tuple[int, list[tuple[str, str, str]]]:
        Path("orders.csv").write_text(content, encoding="cp949")
        arguments = ["reconcile", "orders.csv", "--out", "found.jsonl", *options]
        code = await asyncio.to_thread(main, arguments)
        capsys.readouterr()
        lines = Path("found.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return code, [(item["merchant_uid"], item["verdict"], item["error"] or "") for item in rows]

    return run


SALE_AND_REFUND = "주문번호,결제금액,구분\nR-1,10000,결제\nR-1,-10000,취소\n"


async def test_sale_and_refund_known_to_portone_are_one_match(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="R-1", amount=10_000, status="cancelled")

    assert await run(SALE_AND_REFUND) == (0, [("R-1", "matched", "")])
    assert await run(SALE_AND_REFUND, "--columns", "status=구분") == (0, [("R-1", "matched", "")])


async def test_refund_unknown_to_portone_is_one_finding(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="R-1", amount=10_000)

    assert await run(SALE_AND_REFUND) == (1, [("R-1", "status_differs", "")])


async def test_declared_partial_refund_is_matched(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="R-1", amount=10_000, cancel_amount=3000)
    server.add(merchant_uid="R-2", amount=10_000, cancel_amount=3000)
    content = "주문번호,결제금액,상태,환불금액\nR-1,10000,부분취소,3000\nR-2,10000,부분취소,2000\n"

    assert await run(content) == (
        1,
        [("R-1", "matched", ""), ("R-2", "partially_cancelled", "")],
    )


async def test_refund_without_its_sale_names_the_order(run: Run) -> None:
    code, rows = await run("주문번호,결제금액\nR-1,-10000\n")

    assert code == 3
    assert rows == [
        (
            "R-1",
            "not_checked",
            (
                "orders.csv:2: amount of order 'R-1' is negative, -10000: a refund, "
                "but no readable row has the order itself"
            ),
        )
    ]


async def test_bad_negative_row_names_the_order(run: Run) -> None:
    code, rows = await run("주문번호,결제금액,상태\nR-1,-10000,결제완료\n")

    assert code == 3
    assert [(uid, verdict) for uid, verdict, _ in rows] == [("R-1", "not_checked")]
    assert "negative" in rows[0][2]
