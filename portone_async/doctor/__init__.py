"""Check what this package assumes about the live API, without changing anything there.

``portone-async doctor`` prints the results; see ``docs/en/doctor.md``.

```python
async with opened(rate_limit=RateLimit(10, burst=1)) as client:
    async for check, result in Examination(client).results():
        print(check.id, result.verdict)
```
"""

from __future__ import annotations

from .check import Check, Fact, Probe, Result, Verdict
from .checks import CHECKS, probes_of
from .examination import Examination
from .read_only import MOST_REQUESTS, ReadOnlyClient, opened
from .report import result_object, versions

__all__ = (
    "CHECKS",
    "MOST_REQUESTS",
    "Check",
    "Examination",
    "Fact",
    "Probe",
    "ReadOnlyClient",
    "Result",
    "Verdict",
    "opened",
    "probes_of",
    "result_object",
    "versions",
)
