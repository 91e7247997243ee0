"""The client for code without an event loop: Django, Flask, Celery, scripts, notebooks.

```python
from portone_async.blocking import PortOneClient

client = PortOneClient.from_env()
payment = client.payments.find("order-1", status="paid")
```

It has the names of the asynchronous client, without ``await``: what is in ``portone_async.webhook``
or ``portone_async.reconcile`` with a client as its argument is in ``portone_async.blocking.webhook``
or ``portone_async.blocking.reconcile`` here. Everything else is the same object in both: import
errors, models and settings from ``portone_async``.
"""

from ._iterators import Pages, Stream
from .client import ClientOptions, PortOneClient

__all__ = ("ClientOptions", "Pages", "PortOneClient", "Stream")
