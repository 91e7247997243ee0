"""``reconcile --confirm``, and the announcement of the confirmations."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from portone_async.cli.language import set_language
from portone_async.cli.reconcile import announcement as module
from portone_async.cli.reconcile.announcement import announcement
from portone_async.reconcile import Confirm, ConfirmationPlan
from portone_async.testing import FakePortOne
from tests.cli.test_reconcile_process import findings, start, wait_for_requests

ENGLISH = "confirming 3 orders that differ, the largest difference first: "
ENGLISH_HINT = ". --confirm batch needs a hundredth of the requests (see --help)"
KOREAN = "차이가 있는 주문 3건을 차액이 큰 것부터 확인 조회합니다. "
KOREAN_HINT = ". --confirm batch를 쓰면 요청이 100분의 1로 줄어듭니다(--help 참고)"
Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture(name="run")
def _run(reconcile_command: Callable[..., Awaitable[tuple[int, str, str]]]) -> Run:
    Path("orders.csv").write_text("order_id,amount\na,1\nb,2\nc,3\n")

    async def run(*arguments: str) -> tuple[int, str]:
        code, _, err = await reconcile_command("orders.csv", *arguments)
        return code, err

    return run


@pytest.mark.parametrize(
    ("language", "confirm", "expected"),
    [
        ("en", "single", f"{ENGLISH}3 requests, at least 0 s{ENGLISH_HINT}\n"),
        ("en", "batch", f"{ENGLISH}1 requests, at least 0 s\n"),
        ("ko", "single", f"{KOREAN}요청 3건에 0초 이상 걸립니다{KOREAN_HINT}\n"),
        ("ko", "batch", f"{KOREAN}요청 1건에 0초 이상 걸립니다\n"),
    ],
)
async def test_announcement_has_the_orders_and_the_requests(
    run: Run, monkeypatch: pytest.MonkeyPatch, language: str, confirm: str, expected: str
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setattr(module, "_LONG", 0.0)
    assert await run("--confirm", confirm, "--rate", "10000") == (1, expected)


async def test_short_confirmations_are_not_announced(run: Run) -> None:
    assert await run("--rate", "10000") == (1, "")


async def test_confirm_option_chooses_the_requests(server: FakePortOne, run: Run) -> None:
    await run()
    assert server.count("/payments/findAll") == 3
    server.clear_requests()
    await run("--confirm", "batch")
    assert server.count("/payments") == 2


async def test_unknown_way_to_confirm_exits_2(run: Run) -> None:
    assert (await run("--confirm", "twice"))[0] == 2


@pytest.mark.parametrize(
    ("orders", "confirm", "english", "korean"),
    [
        (1_000, "single", "1,000 requests, at least 20 s", "요청 1,000건에 20초 이상"),
        (5_999, "single", "5,999 requests, at least 119 s", "요청 5,999건에 119초 이상"),
        (100_000, "single", "100,000 requests, at least 33 min", "요청 100,000건에 33분 이상"),
        (100_000, "batch", "1,000 requests, at least 20 s", "요청 1,000건에 20초 이상"),
        (
            1_000_000,
            "single",
            "1,000,000 requests, at least 5 h 33 min",
            "요청 1,000,000건에 5시간 33분 이상",
        ),
    ],
)
def test_announced_time_is_rounded_down(
    monkeypatch: pytest.MonkeyPatch, orders: int, confirm: Confirm, english: str, korean: str
) -> None:
    requests = orders // 100 if confirm == "batch" else orders
    plan = ConfirmationPlan(orders=orders, requests=requests, seconds=None)
    for language, expected in (("en", english), ("ko", korean)):
        monkeypatch.setenv("LANGUAGE", language)
        set_language()
        text = announcement(plan, requests / 50, confirm)
        assert f"{orders:,}" in text
        assert expected in text


async def test_run_killed_amid_confirmations_ends_like_an_undisturbed_one(
    server: FakePortOne, tmp_path: Path
) -> None:
    rows = "".join(f"none-{number},{number}\n" for number in range(1, 201))
    (tmp_path / "orders.csv").write_text(f"order_id,amount\n{rows}")
    whole = await start(server, tmp_path, "whole.db", rate=10_000)
    assert (await whole.communicate())[1] == b""

    server.clear_requests()
    process = await start(server, tmp_path, "killed.db", rate=10)
    assert process.stderr is not None
    announced = await process.stderr.readline()
    assert announced.startswith(b"confirming 200 orders that differ")
    await wait_for_requests(server, 2 + 5)  # The look-ups of 200 orders, and some confirmations.
    process.kill()
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    largest = {finding.merchant_uid for finding in findings(tmp_path / "killed.db")}
    assert largest <= {f"none-{number}" for number in range(151, 201)}

    last = await start(server, tmp_path, "killed.db", rate=10_000)
    assert (await last.communicate())[1] == b""
    assert findings(tmp_path / "killed.db") == findings(tmp_path / "whole.db")
    assert len(findings(tmp_path / "whole.db")) == 200
