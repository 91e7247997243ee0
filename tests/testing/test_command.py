"""``python -m portone_async.testing``, run as from a shell."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from portone_async import PaymentStatus, PortOneClient
from portone_async.cli import main
from portone_async.webhook import WebhookEvent, parse_webhook

COMMAND = [sys.executable, "-m", "portone_async.testing", "--port", "0"]


@contextmanager
def running(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Yield the process and its banner."""
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            printed = ""
            while "Ctrl-C" not in printed:
                line = process.stdout.readline()
                assert line, process.communicate()[1]
                printed += line
            yield process, printed
        finally:
            process.kill()


def curl(line: str) -> dict[str, Any]:
    """Return the response that a printed curl command would get."""
    url = re.search(r"http://\S+", line)
    assert url is not None
    form = dict(pair.split("=", 1) for pair in re.findall(r"-d (\S+)", line))
    headers = dict(header.split(": ", 1) for header in re.findall(r"-H '([^']+)'", line))
    body = urlencode(form).encode() if form else None
    request = urllib.request.Request(url[0], body, headers)
    with urllib.request.urlopen(request) as reply:
        response: dict[str, Any] = json.load(reply)["response"]
        return response


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_printed_commands_work_until_a_signal_ends_the_server(number: signal.Signals) -> None:
    with running() as (process, printed):
        token_line, find_line, _ = (line for line in printed.splitlines() if "curl" in line)
        assert len(str(curl(token_line)["access_token"])) == 40
        assert curl(find_line)["merchant_uid"] == "ORD-PAID"

        process.send_signal(number)
        out, err = process.communicate()
        assert (process.returncode, out, err) == (0, "", "")


def test_printed_orders_exist_and_cover_every_status() -> None:
    with running() as (_, printed):
        orders = re.findall(r"^Payments: (.+)$", printed, re.MULTILINE)[0].split()
        (find_line,) = (line for line in printed.splitlines() if "/find/" in line)
        payments = [curl(find_line.replace("ORD-PAID", order)) for order in orders]

    assert [payment["merchant_uid"] for payment in payments] == orders
    statuses = {payment["status"] for payment in payments}
    assert statuses == {"ready", "paid", "failed", "cancelled", "pending"}
    assert {payment["sandbox"] for payment in payments} == {True, False}


def test_printed_samples_of_each_section_exist() -> None:
    with running() as (_, printed):
        (find_line,) = (
            line for line in printed.splitlines() if "curl" in line and "/find/" in line
        )
        (paid,) = re.findall(r"cash receipt .*\((imp_\d+)\)", printed)
        (escrow,) = re.findall(r"ORD-ESCROW \((imp_\d+)\)", printed)
        ((naver, product),) = re.findall(r"ORD-NAVER \((imp_\d+)\).* (\d+)$", printed, re.MULTILINE)
        (check,) = re.findall(r"identity check +(imp_\d+)", printed)

        def get(path: str) -> dict[str, Any]:
            return curl(find_line.replace("/payments/find/ORD-PAID", path))

        assert get("/subscribe/customers/member-1-card-1")["customer_uid"] == "member-1-card-1"
        schedule = get("/subscribe/payments/schedule/SUB-1")
        assert schedule["customer_uid"] == "member-1-card-1"
        assert schedule["schedule_status"] == "scheduled"
        assert get("/payments/find/ORD-READY")["vbank_num"]
        assert get(f"/receipts/{paid}")["imp_uid"] == paid
        assert get(f"/payments/{escrow}")["escrow"] is True
        assert get(f"/naver/product-orders/{product}")["product_order_id"] == product
        assert product in str(get(f"/payments/{naver}/naver/product-orders"))
        assert get(f"/certifications/{check}")["certified"] is True
        assert get("/tiers/A01")["tier_code"] == "A01"


def test_help_describes_the_state() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    for text in ("billing key", "schedule", "virtual account", "Naver Pay", "identity check"):
        assert text in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_printed_cancellation_and_call_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as (_, printed):
        for name, value in exported(printed).items():
            monkeypatch.setenv(name, value)
        commands = [shlex.split(line) for line in printed.splitlines() if "portone-async" in line]
        assert [command[1] for command in commands] == ["find", "cancel", "call"]
        for _program, *arguments in commands:
            yes = ["--yes"] if arguments[0] == "cancel" else []
            assert main([*arguments, *yes]) == 0


def test_key_secret_and_host_can_be_chosen() -> None:
    with running("--key", "my-key", "--secret", "my-secret", "--host", "localhost") as (_, printed):
        assert "my-key" in printed
        token_line = next(line for line in printed.splitlines() if "getToken" in line)
        assert "imp_secret=my-secret" in token_line
        assert curl(token_line)["access_token"]


def exported(printed: str) -> dict[str, str]:
    """Return the variables that the printed ``export`` lines set."""
    assignments = [
        shlex.split(line)[1].partition("=")
        for line in printed.splitlines()
        if line.startswith("  export ")
    ]
    return {name: value for name, _, value in assignments}


async def test_printed_variables_configure_a_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PORTONE_TIER", raising=False)
    with running("--secret", "it's; my $secret") as (_, printed):
        for name, value in exported(printed).items():
            monkeypatch.setenv(name, value)
        async with PortOneClient.from_env() as client:
            payment = await client.payments.verify("ORD-PAID", amount=15000)

    webhook = next(line for line in printed.splitlines() if "/webhooks/portone" in line)
    body = "&".join(re.findall(r"-d (\S+)", webhook))
    assert parse_webhook(body) == WebhookEvent(
        payment.imp_uid, payment.merchant_uid, PaymentStatus.PAID
    )


def test_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, check=False
        )

    assert (done.returncode, done.stdout) == (1, "")
    assert "address already in use" in done.stderr
    assert done.stderr.count("\n") == 1


def test_generated_payments_are_served_after_the_ready_line() -> None:
    with running("--payments", "1000", "--day", "2026-11-02") as (_, printed):
        (ready,) = (line for line in printed.splitlines() if line.startswith("ready "))
        (find_line,) = (line for line in printed.splitlines() if "/find/" in line)
        assert f"{ready.split()[1]}/payments/find/order-0000001" in find_line
        assert curl(find_line)["amount"] == 1001

        midnight = 1793545200  # 2026-11-02 in Korea
        day = f"?from={midnight}&to={midnight + 24 * 3600 - 1}"
        totals = {
            status: curl(find_line.replace("find/order-0000001", f"status/{status}{day}"))["total"]
            for status in ("all", "paid", "cancelled", "failed", "ready")
        }
        assert totals == {"all": 1000, "paid": 997, "cancelled": 1, "failed": 1, "ready": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--day", "2026-11-01"], "--day needs --payments"),
        (["--payments", "0"], "--payments must be 1 or more"),
        (["--payments", "5", "--day", "today"], "--day"),
    ],
)
def test_invalid_payments_or_day_is_reported(options: list[str], message: str) -> None:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[-1]
