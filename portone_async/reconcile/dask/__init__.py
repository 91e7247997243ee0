"""Reconcile many partitions on the workers of a Dask cluster, here or on other machines.

It needs the extra ``dask``.
"""

from __future__ import annotations

try:
    import distributed as _distributed
except ModuleNotFoundError as error:
    if error.name != "distributed":
        raise
    raise ModuleNotFoundError(
        "portone_async.reconcile.dask needs distributed: pip install 'portone-async[dask]'",
        name="distributed",
    ) from None
del _distributed

from ._many import reconcile_many  # noqa: E402 (after the message)
from ._results import (  # noqa: E402 (the same)
    ClusterError,
    PartitionedRun,
    PartitionError,
    PartitionResult,
    Progress,
)
from ._settings import SharedRate  # noqa: E402 (the same)

__all__ = (
    "ClusterError",
    "PartitionError",
    "PartitionResult",
    "PartitionedRun",
    "Progress",
    "SharedRate",
    "reconcile_many",
)
