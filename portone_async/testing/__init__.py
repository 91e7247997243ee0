"""A fake PortOne for your tests: a real HTTP server with the payments and faults that you add.

```python
from portone_async.testing import FakePortOne, Status

async with FakePortOne() as server:
    server.add(merchant_uid="order-1", amount=1000)
    server.fail(Status(503), times=2)
    async with server.client() as client:
        assert (await client.payments.find("order-1")).amount == 1000
```

The server runs in its own thread: plain tests write ``with FakePortOne() as server:``, and any
thread, process or event loop can use it. For pytest, the fixtures ``portone_server`` and
``portone_client`` are available in every test without an import.
``python -m portone_async.testing`` runs the server for other programs.
"""

from __future__ import annotations

from .exchange import Exchange, Fault
from .faults import (
    Body,
    CutBody,
    Delay,
    Disconnect,
    Duplicate,
    ExpiredToken,
    Hang,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)
from .reply import Reply
from .request import RecordedRequest
from .server import FakePortOne

__all__ = (
    "Body",
    "CutBody",
    "Delay",
    "Disconnect",
    "Duplicate",
    "Exchange",
    "ExpiredToken",
    "FakePortOne",
    "Fault",
    "Hang",
    "HtmlPage",
    "Json",
    "LateProcessing",
    "LostAnswer",
    "RecordedRequest",
    "Reply",
    "Reset",
    "Status",
    "TooManyRequests",
    "Unauthorized",
)
