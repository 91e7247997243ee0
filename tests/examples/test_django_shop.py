"""The Django project, served over HTTP, against the fake PortOne."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portone_async.testing import FakePortOne, Status
from tests.support.examples import EXAMPLES
from tests.support.script import environment

# A server process, and Django's set-up in two more.
pytestmark = pytest.mark.slow

PROJECT = EXAMPLES / "django_shop"
PRICE = 15_000
ORDERS = ("ORD-VIEW", "ORD-DIFFERS", "ORD-WEBHOOK", "ORD-OUTAGE", "ORD-TWICE")
SET_UP = """
import sys
import django
from django.core.management import call_command

django.setup()
call_command("migrate", "--run-syncdb", verbosity=0)
for order in sys.argv[1:]:
    call_command("add_order", order, "15000")
"""
# A server in threads, as under gunicorn's gthread or mod_wsgi, until its input is closed.
SERVE = """
import sys, threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, WSGIRequestHandler, make_server
from django.core.wsgi import get_wsgi_application

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass

with make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    server.shutdown()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("django")


@pytest.fixture(scope="module")
def log(place: Path) -> Path:
    """Return the file of what the server prints to stderr."""
    return place / "stderr.txt"


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[FakePortOne]:
    with FakePortOne() as server:
        yield server


@pytest.fixture(scope="module")
def variables(server: FakePortOne, place: Path) -> dict[str, str]:
    return {
        **os.environ,
        **environment(server),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path]),
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "SHOP_DATABASE": str(place / "shop.db"),
    }


@pytest.fixture(scope="module")
def shop(variables: dict[str, str], log: Path) -> Iterator[httpx.Client]:
    with (
        log.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", SET_UP + SERVE, *ORDERS],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, log.read_text(encoding="utf-8")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            yield http
        process.communicate()
        assert process.returncode == 0
    assert "Traceback (most recent call last)" not in log.read_text(encoding="utf-8")


def webhook(shop: httpx.Client, uid: str, imp_uid: str) -> int:
    event = {"imp_uid": imp_uid, "merchant_uid": uid, "status": "paid"}
    return shop.post("/webhooks/portone", json=event).status_code


def test_view_answers_whether_the_order_is_paid(shop: httpx.Client, server: FakePortOne) -> None:
    def check() -> object:
        return shop.post("/orders/ORD-VIEW/check").json()

    assert check() == {"number": "ORD-VIEW", "is_paid": False}
    server.add(merchant_uid="ORD-VIEW", amount=PRICE)
    assert check() == {"number": "ORD-VIEW", "is_paid": True}
    assert shop.post("/orders/ORD-OTHER/check").status_code == 404


def test_payment_of_another_amount_is_a_conflict(shop: httpx.Client, server: FakePortOne) -> None:
    server.add(merchant_uid="ORD-DIFFERS", amount=PRICE - 1)
    assert shop.post("/orders/ORD-DIFFERS/check").status_code == 409


def test_webhook_is_verified_by_a_look_up(shop: httpx.Client, server: FakePortOne) -> None:
    uid, imp_uid = "ORD-WEBHOOK", "imp_1"
    assert webhook(shop, uid, imp_uid) == 409  # PortOne knows no such payment.
    server.add(merchant_uid=uid, imp_uid=imp_uid, amount=PRICE)
    assert [webhook(shop, uid, imp_uid), webhook(shop, uid, imp_uid)] == [204, 204]
    assert webhook(shop, "ORD-OTHER", imp_uid) == 409
    assert shop.post("/webhooks/portone", content=b"{}").status_code == 400


def test_second_payment_of_an_order_is_logged(
    shop: httpx.Client, server: FakePortOne, log: Path
) -> None:
    for imp_uid in ("imp_3", "imp_4"):
        server.add(merchant_uid="ORD-TWICE", imp_uid=imp_uid, amount=PRICE)

    assert [webhook(shop, "ORD-TWICE", imp_uid) for imp_uid in ("imp_3", "imp_4")] == [204, 204]
    assert "order ORD-TWICE has a payment too many, imp_4" in log.read_text(encoding="utf-8")
    assert "imp_3" not in log.read_text(encoding="utf-8")


def test_webhook_that_cannot_be_verified_is_a_500(shop: httpx.Client, server: FakePortOne) -> None:
    server.add(merchant_uid="ORD-OUTAGE", imp_uid="imp_2", amount=PRICE)
    server.fail(Status(400), on="/payments/imp_2")
    assert webhook(shop, "ORD-OUTAGE", "imp_2") == 500


def test_command_reports_each_order(
    server: FakePortOne, variables: dict[str, str], tmp_path: Path
) -> None:
    server.add(merchant_uid="ORD-PAID", amount=PRICE)
    variables = variables | {"SHOP_DATABASE": str(tmp_path / "shop.db")}
    set_up = [sys.executable, "-c", SET_UP, "ORD-PAID", "ORD-MISSING"]
    subprocess.run(set_up, env=variables, check=True)
    command = [sys.executable, str(PROJECT / "manage.py"), "reconcile_orders"]
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    assert sorted(run.stdout.splitlines()) == [
        f"ORD-MISSING {PRICE} KRW: missing",
        f"ORD-PAID {PRICE} KRW: matched",
    ]
    assert (run.returncode, run.stderr) == (
        1,
        "CommandError: 1 order(s) differ from their payments\n",
    )
