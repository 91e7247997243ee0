"""``portone-async doctor`` against a fake PortOne, run as ``main([...])`` in a thread."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from portone_async.doctor import CHECKS, MOST_REQUESTS, probes_of
from portone_async.testing import FakePortOne, Json, Reset, Status
from tests.doctor.account import Edited, fill
from tests.support import canaries
from tests.support.command import run_command

pytestmark = pytest.mark.usefixtures("environment")

Run = Callable[..., Awaitable[tuple[int, str, str]]]

PASSWORD = "canary-proxy-password"
LIST = "/payments/status"


@pytest.fixture(name="run")
def _run(
    server: FakePortOne,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Run:
    monkeypatch.chdir(tmp_path)

    async def run(*arguments: str) -> tuple[int, str, str]:
        secrets = (server.imp_key, server.imp_secret, server.token)
        command = ("doctor", "--rate", "100000", *arguments)
        return await run_command(capsys, *command, secrets=secrets)

    return run


# The plan


async def test_plan_names_every_endpoint_and_sends_nothing(server: FakePortOne, run: Run) -> None:
    code, out, err = await run("--plan")

    assert (code, err, server.requests) == (0, "", [])
    assert {line.rsplit(maxsplit=1)[0].strip() for line in out.splitlines()[2:] if line} == {
        "POST /users/getToken",
        *(probe.endpoint for probe in probes_of(CHECKS)),
    }


async def test_plan_counts_every_request_that_is_sent(server: FakePortOne, run: Run) -> None:
    await fill(server)
    _, out, _ = await run("--plan")

    await run("--json")

    planned = [int(count) for count in re.findall(r"^  \w.* (\d+)$", out, re.MULTILINE)]
    assert len(server.requests) <= sum(planned) <= MOST_REQUESTS


async def test_checks_that_need_a_token_are_only_counted_without_one(
    server: FakePortOne, run: Run
) -> None:
    server.fail(Reset(), times=None, on="/users/getToken")

    _, out, _ = await run()

    assert "not done  keys " in out
    assert "token-lifetime" not in out
    assert re.search(r"^\d\d other checks need a connection and a token", out, re.MULTILINE)


async def test_plan_is_printed_before_a_connection_fails(server: FakePortOne, run: Run) -> None:
    server.fail(Reset(), times=None, on="/users/getToken")

    code, out, _ = await run()

    assert code == 2
    assert out.startswith("doctor only reads. It sends these requests to PortOne")
    assert "not done  keys " in out


async def test_plan_counts_the_extension_only_if_it_is_waited_for(run: Run) -> None:
    _, without, _ = await run("--plan")
    _, waiting, _ = await run("--plan", "--wait-for-extension")

    fetches = [re.findall(r"getToken +(\d)", out) for out in (without, waiting)]
    assert fetches == [["3"], ["4"]]


async def test_wait_for_the_extension_is_announced(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        server.advance(seconds)
        await asleep(0)

    monkeypatch.setattr("portone_async.cli.doctor.run.asyncio.sleep", sleep)

    code, out, err = await run("--wait-for-extension")

    assert code == 0
    assert "agrees    token-extension " in out
    assert err == "waiting 30 minutes, until the token is in its last minute\n"


# Exit codes and output


async def test_agreement_exits_0_with_a_line_for_each_check(server: FakePortOne, run: Run) -> None:
    await fill(server)

    code, out, err = await run()

    lines = re.findall(r"^(agrees|unknown) +([a-z-]+)  ", out, re.MULTILINE)
    assert (code, err) == (0, "")
    assert [name for _, name in lines] == [check.id for check in CHECKS]
    agreeing = len(CHECKS) - 4
    total = f"agrees {agreeing}, unknown 4, requests {len(server.requests)}"
    assert out.splitlines()[-1] == total
    assert not [line for line in out.splitlines() if line != line.rstrip()]


async def test_difference_exits_1_and_is_explained(server: FakePortOne, run: Run) -> None:
    await fill(server)
    status = Json({"code": -1, "message": "x", "response": None}, 404)
    server.fail(status, times=None, on="/payments/findAll/portone")

    code, out, err = await run()

    assert code == 1
    assert "differs   not-found " in out
    assert "observed: status 404, code -1, errors ApiError, PaymentNotFoundError\n" in out
    assert "never reports it as missing." in out
    assert err.startswith("Something differs. Please report it: --report FILE writes ")


async def test_failed_check_exits_3_before_a_difference(server: FakePortOne, run: Run) -> None:
    server.fail(Status(404), times=None, on="/tiers/")
    server.fail(Status(503), times=None, on="/banks/")

    code, out, _ = await run()

    assert code == 3
    assert "not done  code-not-found " in out
    assert "differs   tier-not-found " in out


async def test_refused_keys_exit_2_with_all_that_is_known(
    server: FakePortOne, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "canary-wrong-secret")

    code, out, err = await run()

    assert code == 2
    assert "PortOne refused the keys: check PORTONE_IMP_KEY" in out
    assert "observed: status 401, code -1, names_the_keys yes\n" in out
    assert "canary" not in out + err
    assert len(server.requests) == 1


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--plan",)])
async def test_missing_folder_of_the_report_exits_2_before_a_request(
    server: FakePortOne, run: Run, arguments: tuple[str, ...]
) -> None:
    code, out, err = await run("--report", "nowhere/report.json", *arguments)

    assert (code, out, server.requests) == (2, "", [])
    assert "nowhere/report.json could not be written" in err


async def test_missing_variable_exits_2_and_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORTONE_IMP_KEY")

    code, _, err = await run()

    assert code == 2
    assert err.startswith(
        "portone-async: the environment variable PORTONE_IMP_KEY is not set. Set "
    )
    assert err.count("\n") == 1


async def test_json_is_one_object_and_the_plan_goes_to_stderr(
    server: FakePortOne, run: Run
) -> None:
    code, out, err = await run("--json")

    document = json.loads(out)
    assert (code, out.count("\n")) == (0, 1)
    assert [check["id"] for check in document["checks"]] == [check.id for check in CHECKS]
    assert document["requests"] == len(server.requests)
    assert document["versions"].keys() == {"portone_async", "python", "aiohttp", "system"}
    assert err.startswith("doctor only reads. ")


async def test_narrow_terminal_gets_a_list(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")

    _, out, _ = await run()

    plain = re.sub(r"\x1b\[[\d;]*m", "", out)
    assert "agrees keys\nPortOne accepts the key pair and issues a token.\n" in plain


# Secrets


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/never", Reset()),
        (LIST, Edited(lambda body: [*map(_plant, body["response"]["list"])])),
        ("/", Status(400, " ".join(canaries.BUYER.values()).encode())),
        ("/", Json({"code": 1, "message": canaries.BUYER["buyer_name"], "response": None})),
    ],
    ids=["whole", "planted", "page", "refused"],
)
async def test_no_planted_data_is_printed_or_written(
    server: FakePortOne, run: Run, path: str, fault: Any
) -> None:
    await fill(server)
    server.fail(fault, times=None, on=path)

    texts = ["".join((await run("--report", "report.json"))[1:])]
    texts += ["".join((await run("--json"))[1:])]
    texts += [Path("report.json").read_text(encoding="utf-8")]

    planted = [*canaries.BUYER.values(), *canaries.REASONS, "canary", "98765431", "imp_7"]
    secrets = [server.imp_key, server.imp_secret, *planted, server.url.rsplit(":", 1)[1]]
    spelled = {spelling for secret in secrets for spelling in canaries.spellings(secret)}
    assert json.loads(texts[-1])["checks"]
    assert not [secret for text in texts for secret in spelled if secret in text]


def _plant(payment: dict[str, Any]) -> dict[str, Any]:
    values = {f"canary {name}": value for name, value in canaries.BUYER.items()}
    payment.update({**values, **dict.fromkeys(canaries.BUYER.values(), 1)})
    payment.update(amount=canaries.BUYER["buyer_name"], status="canary-status")
    return payment


async def test_password_of_a_proxy_is_neither_printed_nor_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_BASE_URL", "https://127.0.0.1:9")
    proxy = f"http://canary-user:{PASSWORD}@127.0.0.1:9"

    code, out, err = await run("--proxy", proxy, "--report", "report.json")

    report = Path("report.json").read_text(encoding="utf-8")
    assert code == 2
    assert "not done  proxy " in out
    assert "canary" not in out + err + report
    assert "127.0.0.1" not in report
