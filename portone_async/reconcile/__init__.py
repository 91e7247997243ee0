"""Orders against payments: what agrees, what differs, what is missing, and what nobody expects.

.. code-block:: python

    from portone_async.reconcile import Order, Store, reconcile

    with Store.open("november.db") as store:
        summary = await reconcile(client, orders, since=first, until=after, store=store)
        for finding in store.findings(Verdict.MISSING):
            ...
"""

from .compare import compare
from .finding import Finding, Order, Sighting, Summary, Verdict, VerdictLike
from .run import reconcile
from .store import Store, StoreError

__all__ = (
    "Finding",
    "Order",
    "Sighting",
    "Store",
    "StoreError",
    "Summary",
    "Verdict",
    "VerdictLike",
    "compare",
    "reconcile",
)
