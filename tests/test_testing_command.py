"""``python -m portone_async.testing``, as a person at a shell runs it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

COMMAND = [sys.executable, "-m", "portone_async.testing", "--port", "0"]


@contextmanager
def running(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process, and what it printed before it began to wait."""
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


def curl(line: str) -> dict[str, object]:
    """What the printed curl line would fetch."""
    url = re.search(r"http://\S+", line)
    assert url is not None
    form = dict(pair.split("=", 1) for pair in re.findall(r"-d (\S+)", line))
    headers = dict(header.split(": ", 1) for header in re.findall(r"-H '([^']+)'", line))
    body = urlencode(form).encode() if form else None
    request = urllib.request.Request(url[0], body, headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer: dict[str, object] = json.load(reply)["response"]
        return answer


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_printed_lines_until_it_is_told_to_end(number: signal.Signals) -> None:
    with running() as (process, printed):
        token_line, find_line = (line for line in printed.splitlines() if "curl" in line)
        assert len(str(curl(token_line)["access_token"])) == 40
        assert curl(find_line)["merchant_uid"] == "ORD-PAID"

        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_every_printed_order_can_be_looked_up_and_every_status_is_among_them() -> None:
    with running() as (_, printed):
        orders = re.findall(r"^Payments: (.+)$", printed, re.MULTILINE)[0].split()
        (find_line,) = (line for line in printed.splitlines() if "/find/" in line)
        answers = [curl(find_line.replace("ORD-PAID", order)) for order in orders]

    assert [answer["merchant_uid"] for answer in answers] == orders
    statuses = {answer["status"] for answer in answers}
    assert statuses == {"ready", "paid", "failed", "cancelled", "pending"}
    assert {answer["sandbox"] for answer in answers} == {True, False}


def test_keys_of_ones_own_are_taken() -> None:
    with running("--key", "my-key", "--secret", "my-secret", "--host", "localhost") as (_, printed):
        assert "my-key" in printed
        token_line = next(line for line in printed.splitlines() if "getToken" in line)
        assert "imp_secret=my-secret" in token_line
        assert curl(token_line)["access_token"]


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, check=False
        )

    assert (done.returncode, done.stdout) == (1, "")
    assert "address already in use" in done.stderr
    assert done.stderr.count("\n") == 1
