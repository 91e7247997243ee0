"""Compare orders with payments, and find differences, missing and unexpected payments.

```python
from portone_async.reconcile import Store, Verdict, reconcile

with Store.open("november.db") as store:
    summary = await reconcile(client, orders, since=first, until=after, store=store)
    for finding in store.findings(Verdict.MISSING):
        ...
```
"""

from .bridge import Bridge
from .bridges import bridges
from .compare import compare
from .confirmation import Confirm, ConfirmationPlan
from .finding import (
    AssumedEmpty,
    Finding,
    Order,
    PaymentSnapshot,
    Refund,
    Summary,
    UnreadableOrder,
    Verdict,
    VerdictLike,
)
from .joining import join_partitions
from .ledgers import Ledger, LedgerEntry, LedgerError, Unconfirmed
from .ledgers.sqlite import SQLiteLedger
from .merged import merge
from .partition import OrdersOf, Partition, Plan, plan
from .partitioned import reconcile_partition
from .run import reconcile
from .store import Store, StoreError

__all__ = (
    "AssumedEmpty",
    "Bridge",
    "Confirm",
    "ConfirmationPlan",
    "Finding",
    "Ledger",
    "LedgerEntry",
    "LedgerError",
    "Order",
    "OrdersOf",
    "Partition",
    "PaymentSnapshot",
    "Plan",
    "Refund",
    "SQLiteLedger",
    "Store",
    "StoreError",
    "Summary",
    "Unconfirmed",
    "UnreadableOrder",
    "Verdict",
    "VerdictLike",
    "bridges",
    "compare",
    "join_partitions",
    "merge",
    "plan",
    "reconcile",
    "reconcile_partition",
)
