"""The requests that ``portone-async doctor`` will send, as text."""

from __future__ import annotations

from collections import Counter
from gettext import gettext as _

from portone_async.cli.cells import cells, wrap
from portone_async.doctor import CHECKS, MOST_REQUESTS, Probe, probes_of
from portone_async.doctor.probes import WAITED

__all__ = ("plan_lines",)

_WIDTH = 79


def plan_lines(*, is_waiting: bool) -> list[str]:
    """Return a heading, and a line for each endpoint with the most requests that it gets."""
    probes = [probe for probe in probes_of(CHECKS) if probe is not WAITED or is_waiting]
    counts = _counts(probes)
    heading = _(
        "doctor only reads. It sends these requests to PortOne, each at most as often as the "
        "number says; with retries, {most} requests at most:"
    ).format(most=MOST_REQUESTS)
    width = max(map(cells, counts))
    return [*wrap(heading, _WIDTH), *(f"  {e:{width}}  {n:>2}" for e, n in counts.items()), ""]


def _counts(probes: list[Probe]) -> dict[str, int]:
    # A refused token is followed by the fetch of a token, and by the same request once more.
    renewed = [probe for probe in probes if probe.authorization is not None]
    counts = Counter({"POST /users/getToken": 1 + len(renewed)})
    for probe in probes:
        counts[probe.endpoint] += probe.most + (probe in renewed)
    return dict(counts)
