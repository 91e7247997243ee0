"""PortOne in your tests: a real HTTP server with payments of your making and faults on order.

```python
from portone_async.testing import FakePortOne, Status

async with FakePortOne() as server:
    server.add(merchant_uid="order-1", amount=1000)
    server.fail(Status(503), times=2)
    async with server.client() as client:
        assert (await client.payments.find("order-1")).amount == 1000
```

The server has a thread of its own: plain tests write ``with FakePortOne() as server:``, and any
thread, process or event loop is answered. pytest finds the fixtures ``portone_server`` and
``portone_client`` by itself; they work in tests of any kind.
``python -m portone_async.testing`` runs the server for other programs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answer import Answer
    from .exchange import Exchange, Fault
    from .faults import (
        Body,
        CutBody,
        Delay,
        Disconnect,
        ExpiredToken,
        Hang,
        HtmlPage,
        Json,
        Reset,
        Status,
        TooManyRequests,
        Unauthorized,
    )
    from .received import RecordedRequest
    from .server import FakePortOne

__all__ = (
    "Answer",
    "Body",
    "CutBody",
    "Delay",
    "Disconnect",
    "Exchange",
    "ExpiredToken",
    "FakePortOne",
    "Fault",
    "Hang",
    "HtmlPage",
    "Json",
    "RecordedRequest",
    "Reset",
    "Status",
    "TooManyRequests",
    "Unauthorized",
)

_MODULES = {
    "Answer": "answer",
    "Exchange": "exchange",
    "FakePortOne": "server",
    "Fault": "exchange",
    "RecordedRequest": "received",
}


def __getattr__(name: str) -> Any:
    # pytest imports the plugin, and with it this package, in every run of every project where
    # portone-async is installed: the server waits until it is wanted.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES.get(name, 'faults')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
