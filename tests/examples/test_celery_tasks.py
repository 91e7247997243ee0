"""The Celery tasks against the fake PortOne: eager, retried, and in a forked worker process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from portone_async.testing import FakePortOne, LostAnswer, Status
from tests.support.examples import EXAMPLES
from tests.support.script import environment

# Each starts a process that imports Celery.
pytestmark = pytest.mark.slow

BEGIN = """
import os, sys
import celery_tasks
from celery_tasks import client, is_paid, refund
from portone_async import RetryPolicy

# The tasks retry at once, and the client not at all.
celery_tasks.client = client.with_options(retry=RetryPolicy(attempts=1), rate_limit=None)

def ran(task, *args, **options):
    return task.apply(args, options).get(disable_sync_subtasks=False)
"""


def run(script: str, server: FakePortOne) -> list[str]:
    process = subprocess.run(
        [sys.executable, "-c", BEGIN + script],
        env=os.environ
        | environment(server)
        | {"PYTHONPATH": os.pathsep.join([str(EXAMPLES), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_task_looks_an_order_up_before_and_after_a_fork(server: FakePortOne) -> None:
    server.add(merchant_uid="ORD-1")
    lines = run(
        """
print(ran(is_paid, "ORD-1"), ran(is_paid, "ORD-2"), flush=True)
if not (child := os.fork()):
    print(ran(is_paid, "ORD-1"), flush=True)
    from celery.signals import worker_process_shutdown
    worker_process_shutdown.send(sender=None)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(ran(is_paid, "ORD-1"))
""",
        server,
    )

    assert lines == ["True False", "True", "True"]
    assert server.count("/users/getToken") == 2


def test_refund_that_may_be_pending_is_sent_once(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=15_000, pg_provider="paypal_v2")
    server.fail(LostAnswer(), on="/payments/cancel")
    lines = run(
        """
from portone_async import OutcomeUnknownError
from portone_async.blocking.resources.payments import Payments

cancel = Payments.cancel
Payments.cancel = lambda *args, **options: cancel(*args, **options, settle=0)  # No second look.
try:
    ran(refund, "imp_1", amount=1000, reason="Sold out", key="R-1")
except OutcomeUnknownError:
    print("unknown")
""",
        server,
    )

    assert lines == ["unknown"]
    assert server.count("/payments/cancel") == 1


def test_tasks_are_retried(server: FakePortOne) -> None:
    server.add(merchant_uid="ORD-1", imp_uid="imp_1", amount=15_000)
    server.fail(Status(503), times=2, on="/payments/find")
    server.fail(LostAnswer(), on="/payments/cancel")
    lines = run(
        """
print(ran(is_paid, "ORD-1"))
options = {"amount": 1000, "reason": "Sold out", "key": "R-1"}
print(ran(refund, "imp_1", **options), ran(refund, "imp_1", **options))
""",
        server,
    )

    assert lines == ["True", "1000 1000"]
    assert server.count("/payments/cancel") == 1
    assert server.count("/payments/find") == 3
