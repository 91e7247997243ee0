"""A rate limit that many processes and machines share, in a Valkey or Redis server.

It needs the extra ``valkey`` (redis-py, which serves both).
"""

from __future__ import annotations

try:
    import redis as _redis
except ModuleNotFoundError as error:
    if error.name != "redis":
        raise
    raise ModuleNotFoundError(
        "portone_async.throttle.valkey needs redis: pip install 'portone-async[valkey]'",
        name="redis",
    ) from None
del _redis

from ._bucket import OnFailure, SharedTokenBucket  # noqa: E402 (after the message)
from ._store import StoreClient  # noqa: E402 (the same)

__all__ = ("OnFailure", "SharedTokenBucket", "StoreClient")
