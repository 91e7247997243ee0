"""``--profile`` of the commands, whose keys win over those of the environment."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portone_async import Payment, _profiles
from portone_async._profiles import load_profile
from portone_async.cli.reconcile import worker
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.testing import FakePortOne
from tests.support.canaries import KEY, SECRET, canary_server
from tests.support.command import Ran, Terminal, run_command

NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)
PERIOD = ("--since", "2026-11-01", "--until", "2026-11-03")


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="shop")
async def _shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakePortOne]:
    """Run the shop of the profile "shop"; the environment has the keys of no shop."""
    monkeypatch.chdir(tmp_path)
    async with canary_server() as shop:
        path = tmp_path / "profiles.toml"
        path.write_text(
            f'[shop]\nimp_key = "{KEY}"\nimp_secret = "{SECRET}"\nbase_url = "{shop.url}"\n'
            f'tier = "A01"\n[other]\nimp_key = "k"\nimp_secret = "s"\nbase_url = "{shop.url}"\n',
            encoding="utf-8",
        )
        path.chmod(0o600)
        monkeypatch.setenv("PORTONE_PROFILES_FILE", str(path))
        for name in ("BASE_URL", "TIER", "PROFILE"):
            monkeypatch.delenv(f"PORTONE_{name}", raising=False)
        for name in ("IMP_KEY", "IMP_SECRET"):
            monkeypatch.setenv(f"PORTONE_{name}", "key-of-no-shop")
        Path("orders.csv").write_text(
            "merchant_uid,amount,ordered_at\na,1000,2026-11-01\n", encoding="utf-8"
        )
        yield shop


@pytest.fixture(name="payment")
def _payment(shop: FakePortOne) -> Payment:
    return shop.add(merchant_uid="a", amount=1000, paid_at=NOON, started_at=NOON, tier="A01")


@pytest.fixture(name="run")
def _run(shop: FakePortOne, capsys: pytest.CaptureFixture[str]) -> Run:
    async def run(*arguments: str) -> Ran:
        return await run_command(capsys, *arguments, secrets=(KEY, SECRET, shop.token))

    return run


COMMANDS = {
    "find": ("find", "a"),
    "reconcile": ("reconcile", "orders.csv"),
    "partitions": ("reconcile", "orders.csv", *PERIOD, "--every", "1d"),
    "call": ("call", "GET", "/payments/find/a"),
    "cancel": ("cancel", "imp_1", "--all", "--reason", "r", "--yes"),
    "doctor": ("doctor", "--rate", "100000"),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
async def test_keys_of_the_profile_win_over_the_environment(
    shop: FakePortOne, run: Run, arguments: tuple[str, ...]
) -> None:
    shop.add(
        imp_uid="imp_1", merchant_uid="a", amount=1000, paid_at=NOON, started_at=NOON, tier="A01"
    )

    ran = await run(*arguments, "--profile", "shop")
    assert ran.code == 0, ran.err
    calls = [request for request in shop.requests if "getToken" not in request.target]
    assert {request.headers.get("tier") for request in calls} == {"A01"}


async def test_partitions_are_of_the_profile_that_was_read_once(
    payment: Payment, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def load(name: str) -> _profiles.Profile:
        names.append(name)
        return load_profile(name)

    monkeypatch.setattr(_profiles, "load_profile", load)

    assert (await run(*COMMANDS["partitions"], "--profile", "shop")).code == 0
    assert names == ["shop"]


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
async def test_missing_profile_ends_the_command(
    shop: FakePortOne, run: Run, arguments: tuple[str, ...]
) -> None:
    ran = await run(*arguments, "--profile", "none")

    assert ran.code == 2
    assert "there is no profile 'none' in " in ran.err
    assert "the file has 'shop', 'other'" in ran.err
    assert not shop.requests


async def test_option_wins_over_the_variable(
    shop: FakePortOne, payment: Payment, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_PROFILE", "other")
    refused = await run("find", payment.merchant_uid)
    assert (refused.code, "PORTONE_PROFILE and PORTONE_IMP_KEY are both set" in refused.err) == (
        2,
        True,
    )

    assert (await run("find", payment.merchant_uid, "--profile", "shop")).code == 0


async def test_cancel_prints_the_profile_before_the_question(
    shop: FakePortOne, payment: Payment, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    monkeypatch.delenv("PORTONE_IMP_KEY")
    monkeypatch.delenv("PORTONE_IMP_SECRET")
    monkeypatch.setenv("PORTONE_PROFILE", "shop")
    ran = await run("cancel", payment.imp_uid, "--all", "--reason", "r")

    assert ran.code == 2
    assert ran.err.splitlines()[0] == "Profile             shop"
    assert shop.count("/payments/cancel") == 0

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    ran = await run("call", "POST", "/payments/cancel", "--profile", "shop")
    assert ran.err == "Send POST /payments/cancel with the keys of profile shop? [y/N] "


async def test_proxy_of_the_command_wins_over_the_profile(run: Run, shop: FakePortOne) -> None:
    # A proxy is refused for a plain base_url, so that it is known which one is used.
    path = Path("profiles.toml")
    path.write_text(
        path.read_text("utf-8").replace('tier = "A01"', 'proxy = "http://p:1"'), "utf-8"
    )
    ran = await run("find", "a", "--profile", "shop")
    assert (ran.code, "proxy" in ran.err) == (2, True)

    shop.add(merchant_uid="a")
    assert (await run("find", "a", "--profile", "shop", "--proxy", "env")).code == 0


async def test_worker_takes_the_profile_by_its_name(
    shop: FakePortOne, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORTONE_IMP_KEY")
    with worker.variables({worker.PROFILE: "shop", worker.PROXY: None}):
        client = worker.client(RateLimit())
    async with client:
        assert (await client.payments.find(payment.merchant_uid)).is_paid

    with worker.variables({worker.PROFILE: None}), pytest.raises(InvalidRequestError, match="KEY"):
        worker.client(RateLimit())


@pytest.mark.slow
async def test_workers_use_the_keys_of_the_profile(
    shop: FakePortOne, payment: Payment, run: Run
) -> None:
    arguments = COMMANDS["partitions"]
    ran = await run(*arguments, "--workers", "2", "--profile", "shop")

    assert ran.code == 0, ran.err
    # One by this process, to join the partitions.
    assert shop.count("/users/getToken") in (2, 3)
    assert ran.out.splitlines()[1].split()[:2] == ["matched", "1"]
