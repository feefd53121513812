"""How much a project's findings weigh together, to compare one window with another."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from coordination.findings import SEVERITIES
from coordination.policy import Policy

DECIDED = ("resolved", "not_mergeable", "deferred", "waived", "cleared")
_WEIGHTS = (1, 4, 16)
_BLOCKING = 400
_NOT_BY_TIME = ("opportunity", "incomplete_data")
"""Rules whose findings are nothing to be avoided by another window."""


@dataclass(frozen=True)
class Told:
    """A finding as an alternative names it.

    Attributes
    ----------
    finding_id, rule, severity
        As in the table of findings.
    project
        The other project, past work, restriction, asset or zone; missing where there is none.
    reason_zh, reason_en
        Its sentence.
    undecided
        Whether anybody still has to deal with it.
    """

    finding_id: str
    rule: str
    severity: str
    project: str | None
    reason_zh: str
    reason_en: str
    undecided: bool = True

    @property
    def rank(self) -> int:
        """Position of its severity, mildest first."""
        return SEVERITIES.index(self.severity)


def undecided(findings: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Tell which findings nobody has decided, shape ``(n,)``."""
    return ~findings["status"].isin(DECIDED).to_numpy(dtype=bool)


def blocking(findings: gpd.GeoDataFrame, policy: Policy) -> npt.NDArray[np.bool_]:
    """Tell which findings block an approval: of a blocking rule, not waived, medium or high.

    A notice blocks nothing: an emergency is exempt, a period may be paused in, avoided within the
    filed window, or is not announced yet.
    """
    told = findings["rule"].isin(policy.blocking_rules) & findings["severity"].ne("notice")
    blocks: npt.NDArray[np.bool_] = (told & findings["status"].ne("waived")).to_numpy(dtype=bool)
    return blocks


def weight(findings: gpd.GeoDataFrame, policy: Policy) -> int:
    """Return what findings weigh: 1, 4 and 16 by severity, 400 more for what blocks.

    Decided ones weigh nothing, nor do opportunities and missing data, which no other window avoids.

    Examples
    --------
    >>> import pandas as pd
    >>> two = pd.DataFrame({"rule": ["concurrent_works", "opportunity"],
    ...     "severity": ["medium", "notice"], "status": "open", "severity_steps": "base:medium"})
    >>> weight(two, Policy())
    4
    """
    level = findings["severity"].map(dict(zip(SEVERITIES, _WEIGHTS, strict=True)))
    counts = undecided(findings) & ~findings["rule"].isin(_NOT_BY_TIME).to_numpy(dtype=bool)
    blocks = blocking(findings, policy)
    return int(level.to_numpy(dtype=float)[counts].sum() + _BLOCKING * blocks.sum())


def told_of(findings: gpd.GeoDataFrame, code: str) -> tuple[Told, ...]:
    """Return findings of a project as an alternative names them, in their order."""
    first, second = (findings[name].to_numpy(dtype=object) for name in ("project_a", "project_b"))
    other = np.where(first == code, second, first)
    return tuple(
        Told(finding, rule, severity, one if isinstance(one, str) else None, zh, en, bool(open_))
        for finding, rule, severity, one, zh, en, open_ in zip(
            *(findings[name] for name in ("finding_id", "rule", "severity")),
            other,
            *(findings[name] for name in ("reason_zh", "reason_en")),
            undecided(findings),
            strict=True,
        )
    )
