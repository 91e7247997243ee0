"""The hover texts of the main public names, as pyright and Pylance show them.

``python -m tests.outside.hover --write`` stores them in ``hover.txt``. Read the difference as a
user would: units, meaning, no raw markup.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .language_server import language_server

__all__ = ("HEADING", "SNAPSHOT", "hover_texts", "parse", "render", "words")

SNAPSHOT = Path(__file__).with_name("hover.txt")
HEADING = "======== "

# By module; ``Class(member, …)`` are a class and members of it.
NAMES = {
    "portone_async": (
        "PortOneClient", *(f"PortOneClient.{name}" for name in (
            "from_env", "from_profile", "with_options", "call", "close", "payments", "charges", "billing_keys", "schedules",
        )),
        *(f"PortOneClient.payments.{name}" for name in (
            "find", "find_all", "find_many", "get", "get_many", "list", "verify",
            "wait_until_paid", "cancel", "cancel_all", "balance",
        )),
        "Payment", *(f"Payment.{name}" for name in (
            "imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "balance", "currency", "sandbox",
            "paid_at", "is_paid", "custom", "raw", "unreadable", "to_dict", "to_json", "columns",
        )),
        "PaymentStatus", "PaymentStatus.PAID", "Cancellation", "Group", "Found", "Failed",
        "Call", "Call.route", "Call.response", "Call.query", "Call.idempotent",
        "RateLimit", "RateLimit.rate", "RateLimit.burst",
        "RetryPolicy", "RetryPolicy.attempts", "RetryPolicy.backoff_max", "RetryPolicy.budget",
        "Timeouts", "Timeouts.total", "Timeouts.attempt",
        "Throttle", "Throttle.acquire", "TokenBucket",
        "PortOneError", *(f"PortOneError.{name}" for name in (
            "attempts", "is_transient", "advice", "elapsed", "reply",
        )),
        "PaymentNotFoundError", "OutcomeUnknownError", "RateLimitedError", "Attempt", "order_number",
        "Answer", "Answer.reply", "ReplyInfo", "ReplyInfo.elapsed",
    ),
    "portone_async.blocking": ("PortOneClient", "PortOneClient.payments.find"),
    "portone_async.webhook": ("parse_webhook", "verify_webhook", "WebhookEvent", "is_from_portone"),
    "portone_async.reconcile": (
        "reconcile", "Order", "Order.amount", "Refund", "Finding", "Finding.verdict", "Finding.to_dict",
        "Summary", "Summary.amounts", "Store", "Store.open", "Store.findings", "Verdict.ORPHAN",
    ),
    "portone_async.instrumentation": ("Observer", "CallObserver", "CallInfo"),
    "portone_async.throttle.valkey": ("SharedTokenBucket",),
    "portone_async.testing": (
        "FakePortOne", "FakePortOne.add", "FakePortOne.fail", "FakePortOne.client", "FakePortOne.advance",
        "Status", "Delay", "LostAnswer",
    ),
}  # fmt: skip


_INSTANCES = {
    "portone_async.PortOneClient": "client",
    "portone_async.Payment": "payment",
    "portone_async.PortOneError": "error",
    "portone_async.blocking.PortOneClient": "blocking_client",
}


def hover_texts(interpreter: Path) -> dict[str, str]:
    """Return the Markdown for each name, in the order of :data:`NAMES`."""
    names = [f"{module}.{name}" for module, members in NAMES.items() for name in members]
    lines = [f"import {module}" for module in NAMES]
    signature = ", ".join(f"{instance}: {kind}" for kind, instance in _INSTANCES.items())
    lines.append(f"def names({signature}) -> None:")
    with TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "names.py"
        path.write_text("\n".join([*lines, *(f" {_expression(name)}" for name in names)]))
        with language_server(path.parent, interpreter) as server:
            server.open(path)
            return {
                name: _readable(server.hover(path, len(lines) + number, len(_expression(name))))
                for number, name in enumerate(names)
            }


def _expression(name: str) -> str:
    # Of a class a property is shown, of an instance what it returns.
    for kind, instance in _INSTANCES.items():
        if name.startswith(f"{kind}."):
            return name.replace(f"{kind}.", f"{instance}.", 1)
    return name


def _readable(markdown: str) -> str:
    """Return Markdown as it is displayed: without its escapes, code stays as it is."""
    text = markdown.replace("&nbsp;", " ")
    text = re.sub(r"\\([*_\[\]<>])", r"\1", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def render(texts: dict[str, str]) -> str:
    """Return the content of the file."""
    version = importlib.metadata.version("pyright")
    parts = [f"{HEADING}{name}\n{text}\n" for name, text in texts.items()]
    return f"pyright {version}\n\n" + "\n".join(parts)


def parse(content: str) -> tuple[str, dict[str, str]]:
    """Return the version and the texts of a file."""
    version, *parts = content.split(HEADING)
    pairs = (part.partition("\n") for part in parts)
    return version.strip(), {name: text.strip() for name, _, text in pairs}


def words(text: str) -> str:
    """Return the docstring in a text, without the signature and the layout."""
    _, _, docstring = text.partition("\n---\n")
    return " ".join(docstring.split())


def main() -> None:
    content = render(hover_texts(Path(sys.executable)))
    if "--write" in sys.argv[1:]:
        SNAPSHOT.write_text(content, "utf-8")
    else:
        sys.stdout.write(content)


if __name__ == "__main__":
    main()
