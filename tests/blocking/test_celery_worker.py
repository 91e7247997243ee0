"""A Celery worker whose processes are forked from one that has used the client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portone_async.testing import FakePortOne
from tests.support.examples import EXAMPLES
from tests.support.script import environment

APP = """
import sys
from pathlib import Path
from celery_tasks import app, client, is_paid

place = Path(__file__).parent
(place / "messages").mkdir(exist_ok=True)
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": str(place / "messages"),
        "data_folder_out": str(place / "messages"),
        "control_folder": str(place / "control"),
    },
    result_backend=f"file://{place}",
)
if __name__ == "__main__":
    results = [is_paid.delay(number) for number in ["ORD-1", "ORD-2"] * 4]
    print([result.get(timeout=100) for result in results])
else:
    client.payments.find("ORD-1")  # In the parent of the worker processes.
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Celery cannot fork on Windows")
def test_forked_worker_processes_use_the_client(server: FakePortOne, tmp_path: Path) -> None:
    server.add(merchant_uid="ORD-1")
    (tmp_path / "worker_app.py").write_text(APP, "utf-8")
    variables = {
        **os.environ,
        **environment(server),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(EXAMPLES), *sys.path]),
    }
    options = ("--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle")
    worker = [sys.executable, "-m", "celery", "-A", "worker_app", "worker", *options]
    with subprocess.Popen(
        worker, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        sender = subprocess.run(
            [sys.executable, str(tmp_path / "worker_app.py")],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        process.terminate()
        log, _ = process.communicate(timeout=100)

    assert sender.stdout == f"{[True, False] * 4}\n", (sender.stderr, log)
    assert process.returncode == 0
    assert b"Traceback" not in log
    # One for the parent, and one for each worker process that had a task.
    assert server.count("/users/getToken") in (2, 3)
