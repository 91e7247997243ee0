"""Measure the cost of a look-up relative to plain aiohttp, and that of other clients.

``python benchmarks/calls.py`` prints the tables of README.md. It needs nginx and the ``bench``
extra.

nginx on its own core answers each request with the same recorded body, so that the server is never
the bottleneck. Every order number is different, because libraries cache the last URLs. Each peer
runs in its own process (``peers.py``) on another core. Rounds alternate between the peers, so that
a disturbance of the machine affects all of them. The ratio of a peer is the median of the ratios
of its rounds to the rounds of the floor just before them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import create_connection, socket
from statistics import median
from subprocess import PIPE, Popen

from decode import ORDER, body_of_a_card_payment
from msgspec import Struct
from peers import PEERS, THREADS, TOKEN

FLOOR = "aiohttp + msgspec"
_PEERS = Path(__file__).with_name("peers.py")
_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/1; fastcgi_temp_path {folder}/2;
    uwsgi_temp_path {folder}/3; scgi_temp_path {folder}/4;
    server {{
        listen 127.0.0.1:{port};
        location = /users/getToken {{ return 200 '{token}'; }}
        location ~ ^/payments/find/(?<order>.*)$ {{ return 200 '{payment}'; }}
    }}
}}
"""


class Round(Struct):
    """The cost of one round of calls of one peer."""

    seconds: float
    """Wall-clock seconds per call."""
    cpu: float
    """CPU seconds of the client's process per call, user and system."""


class Client:
    """A peer in its own process, on its own core if there are two."""

    def __init__(self, peer: str, url: str, concurrency: int, loop: str) -> None:
        arguments = [sys.executable, str(_PEERS), peer, url, str(concurrency), loop]
        self._process = Popen(arguments, stdin=PIPE, stdout=PIPE, text=True)
        pin(self._process.pid, 0)

    def round(self, calls: int) -> Round | None:
        """Make a number of calls; return their cost, or None if the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{calls}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        if not (line := self._process.stdout.readline()):
            return None
        results = json.loads(line)
        return Round(results["seconds"] / calls, results["cpu"] / calls)

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self._process.communicate(timeout=30)


@contextmanager
def nginx() -> Generator[str]:
    """Run an nginx that answers every look-up with one recorded payment; yield its URL."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        sys.exit("nginx is missing: apt-get install nginx-light")
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    now = int(time.time())
    token = {"access_token": TOKEN, "now": now, "expired_at": now + 1800}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's workers run as another user.
        # The recorded response, with the requested order number.
        payment = asyncio.run(body_of_a_card_payment()).decode()
        assert "$" not in payment
        payment = payment.replace("\\", r"\\").replace("'", r"\'").replace(ORDER, "$order")
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                payment=payment,
                token=json.dumps({"code": 0, "message": None, "response": token}),
            )
        )
        server = Popen([path, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
        pin(server.pid, 1)
        try:
            while True:
                try:
                    create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    if server.poll() is not None:
                        sys.exit("nginx did not start")
                    time.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def pin(pid: int, core: int) -> None:
    """Pin a process and its children to one core of this machine."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(pid, {cores[core % len(cores)]})


def measured(
    peers: list[str], url: str, *, concurrency: int, loop: str, calls: int, rounds: int
) -> dict[str, list[Round]]:
    with ExitStack() as stack:
        clients: dict[str, Client] = {}
        for peer in peers:
            clients[peer] = Client(peer, url, concurrency, loop)
            stack.callback(clients[peer].close)
            clients[peer].round(max(concurrency * 2, 200))  # Warm up connections and caches.
        results: dict[str, list[Round]] = {peer: [] for peer in peers}
        for _ in range(rounds):
            for peer, client in clients.items():
                slow = peer in {THREADS, "httpx", "niquests"}
                if round_ := client.round(calls // 4 if slow else calls):
                    results[peer].append(round_)
        return results


def table(results: dict[str, list[Round]]) -> str:
    floor = results[FLOOR]
    lines = [
        "| Client | CPU µs per call | Calls per second | CPU ÷ floor |",
        "|---|---:|---:|---:|",
    ]
    for peer, rounds in results.items():
        if len(rounds) < len(floor):
            lines.append(f"| {peer} | ended itself | | |")
            continue
        ratio = median(own.cpu / base.cpu for own, base in zip(rounds, floor, strict=True))
        cpu = median(round_.cpu for round_ in rounds) * 1e6
        rate = 1 / median(round_.seconds for round_ in rounds)
        lines.append(f"| {peer} | {cpu:.0f} | {rate:,.0f} | {ratio:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=2000, help="of a round")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 50, 500])
    parser.add_argument("--loops", nargs="+", default=["asyncio", "uvloop"])
    parser.add_argument("--peers", nargs="+", default=[*PEERS, THREADS])
    options = parser.parse_args()
    version = sys.version.split(maxsplit=1)[0]
    with nginx() as url:
        for loop in options.loops:
            for concurrency in options.concurrency:
                peers = [peer for peer in options.peers if loop == "asyncio" or peer != THREADS]
                results = measured(
                    peers,
                    url,
                    concurrency=concurrency,
                    loop=loop,
                    calls=options.calls,
                    rounds=options.rounds,
                )
                print(f"\nPython {version}, {loop}, {concurrency} at once:\n\n{table(results)}")


if __name__ == "__main__":
    main()
