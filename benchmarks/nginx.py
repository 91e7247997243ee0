"""Run an nginx that answers each look-up with the same recorded payment, over HTTP and TLS."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket
from subprocess import Popen

import trustme
from decode import ORDER, body_of_a_card_payment
from msgspec import Struct
from peers import TOKEN

_HOST = "127.0.0.1"
# TLS as in production: nginx's defaults, with connections and session tickets kept.
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
        listen {host}:{plain_port};
        listen {host}:{tls_port} ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_session_cache shared:tls:10m;
        location = /users/getToken {{ return 200 '{token}'; }}
        location ~ ^/payments/find/(?<order>.*)$ {{ return 200 '{payment}'; }}
    }}
}}
"""


class Server(Struct, frozen=True):
    """A running nginx."""

    urls: dict[str, str]
    """Of ``"plain HTTP"`` and of ``"TLS"``."""
    environment: dict[str, str]
    """For the peers: names the local certificate authority, the only one that they trust."""


@contextmanager
def nginx() -> Generator[Server]:
    """Run nginx on the second core, with a certificate of a local authority."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        sys.exit("nginx is missing: apt-get install nginx-light")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's workers run as another user.
        plain_port, tls_port = _free_ports()
        (folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                folder=folder,
                host=_HOST,
                plain_port=plain_port,
                tls_port=tls_port,
                payment=_recorded_payment(),
                token=_new_token(),
            )
        )
        authority = _write_certificate(folder)
        process = Popen([path, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
        pin(process.pid, 1)
        try:
            _wait_until_ready(process, tls_port)
            yield Server(
                {
                    "plain HTTP": f"http://{_HOST}:{plain_port}",
                    "TLS": f"https://{_HOST}:{tls_port}",
                },
                # OpenSSL's variable, which all but two peers read; and that of Requests.
                os.environ | {"SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority},
            )
        finally:
            process.terminate()
            process.wait()


def pin(pid: int, core: int) -> None:
    """Pin a process and its future children to one core of this machine."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(pid, {cores[core % len(cores)]})


def _free_ports() -> tuple[int, int]:
    with socket() as one, socket() as two:
        one.bind((_HOST, 0))
        two.bind((_HOST, 0))
        return one.getsockname()[1], two.getsockname()[1]


def _recorded_payment() -> str:
    """Return the recorded response, with nginx's variable as its order number."""
    payment = asyncio.run(body_of_a_card_payment()).decode()
    assert "$" not in payment
    return payment.replace("\\", r"\\").replace("'", r"\'").replace(ORDER, "$order")


def _new_token() -> str:
    now = int(time.time())
    # Valid for hours, so that no peer renews it while it is measured.
    token = {"access_token": TOKEN, "now": now, "expired_at": now + 12 * 3600}
    return json.dumps({"code": 0, "message": None, "response": token})


def _write_certificate(folder: Path) -> str:
    """Write a new certificate and its key; return the file of the authority's certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert(_HOST)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for index, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(folder / "certificate.pem", append=index > 0)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return str(folder / "authority.pem")


def _wait_until_ready(process: Popen[bytes], port: int) -> None:
    while process.poll() is None:
        try:
            create_connection((_HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    sys.exit("nginx did not start")
