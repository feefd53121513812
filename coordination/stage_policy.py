"""What the authority chooses for stages and review: gates, papers, deadlines. Frozen, passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ByStage = Mapping[str, tuple[str, ...]]


def _by_stage(**values: tuple[str, ...]) -> ByStage:
    return MappingProxyType(values)


@dataclass(frozen=True)
class StagePolicy:
    """What stands before the entry into a stage (``domain.md`` §2; defaults are ours).

    Attributes
    ----------
    blocking_severities
        By stage: an unsettled finding of one of these severities keeps its projects out.
    blocking_rules
        By stage: an unsettled finding of one of these rules does so unless it is a notice, which
        blocks nothing, here as in the check before approval.
    needs
        By stage: what has to be known of a project: ``place``, ``time``, ``cost``.
    settled
        Statuses of findings that keep nobody out. A deferred finding is put off, not settled.
    papers_days
        Days after the start within which the papers of an emergency work are to be filed (24 h).
    """

    blocking_severities: ByStage = field(default_factory=lambda: _by_stage(annual_plan=("high",)))
    blocking_rules: ByStage = field(
        default_factory=lambda: _by_stage(permitted=("no_dig_period", "restricted_period"))
    )
    needs: ByStage = field(default_factory=lambda: _by_stage(reserve=("place", "time", "cost")))
    settled: tuple[str, ...] = ("resolved", "not_mergeable", "waived", "cleared")
    papers_days: int = 1


@dataclass(frozen=True)
class ReviewPolicy:
    """What the review of findings goes by.

    Attributes
    ----------
    reply_days
        Days that units have for their answer where a notice states no deadline.
    """

    reply_days: int = 10
