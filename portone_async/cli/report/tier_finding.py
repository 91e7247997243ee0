"""A finding with its Tier, for the files of a run over several Tiers."""

from __future__ import annotations

from portone_async.reconcile.finding import Finding

__all__ = ("TierFinding", "tier_of")


class TierFinding(Finding, frozen=True, kw_only=True):
    """A finding of one of several Tiers, which may have equal order numbers."""

    tier: str | None
    """``None`` for the shop of the API keys itself."""

    @classmethod
    def of(cls, finding: Finding, tier: str | None) -> TierFinding:
        """Add a Tier to a finding."""
        return cls(
            tier=tier, **{name: getattr(finding, name) for name in finding.__struct_fields__}
        )


def tier_of(finding: Finding) -> str:
    """Return the Tier of a finding; an empty text if it has none."""
    return (finding.tier or "") if isinstance(finding, TierFinding) else ""
