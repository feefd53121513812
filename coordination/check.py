"""The check before approval: detection with tentative projects put into the city.

The same rules as the batch, run over the city in which each tentative project stands in place of the
stored one of its code; the answer keeps what concerns the tentative projects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from coordination.alternatives import Judge, Survey, search, survey
from coordination.approval import Approval, approval, approval_documents
from coordination.approval_figures import approval_figures
from coordination.city import City
from coordination.detection import RULES, judged, look
from coordination.findings import Findings, naming
from coordination.joinable import Joinable, joinable
from coordination.other_windows import Search
from coordination.policy import Policy
from coordination.review import merge
from coordination.rules.protocol import Rule
from coordination.weighing import DECIDED, blocking

VerdictCode = Literal["clear", "coordinate", "blocked"]


@dataclass(frozen=True)
class Verdict:
    """The answer for one tentative project.

    Attributes
    ----------
    code
        Code of the project.
    verdict
        ``blocked`` when a rule in ``policy.blocking_rules`` found something of medium or above;
        ``coordinate`` when another such finding is undecided; else ``clear``. "Clear" is only as
        good as the list of rules that ran, which goes with every answer.
    finding_ids
        The findings that name the project, worst first.
    other_windows
        Other windows in which it would do better, or why there is none; None when nobody asked.
    bundles
        Bundles that it could join or form.
    approval
        Tier, path, site visit and fees; None when nobody asked.
    """

    code: str
    verdict: VerdictCode
    finding_ids: tuple[str, ...]
    other_windows: Search | None = None
    bundles: tuple[Joinable, ...] = ()
    approval: Approval | None = None


@dataclass(frozen=True)
class CheckAnswer:
    """Verdicts, and the findings and list of rules they rest on."""

    verdicts: tuple[Verdict, ...]
    findings: Findings


def with_tentative(city: City, projects: pd.DataFrame, sites: gpd.GeoDataFrame) -> City:
    """Return the city in which ``projects`` stand in place of those of their codes.

    Parameters
    ----------
    city
        The stored city.
    projects, sites
        Tables as in `City`; geometry in the city's CRS (m).
    """
    codes = set(projects["code"])
    stays = ~city.projects["code"].isin(codes)
    sites_stay = ~city.sites["project_code"].isin(codes)
    merged_sites = pd.concat([city.sites[sites_stay], sites], ignore_index=True)
    permits = city.permits
    if permits is False:
        permits = City(city.crs, projects, sites).has_permits()
    return replace(
        city,
        permits=permits,
        projects=pd.concat([city.projects[stays], projects], ignore_index=True),
        sites=gpd.GeoDataFrame(merged_sites, geometry="geometry", crs=city.crs),
    )


def check(
    city: City,
    projects: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    policy: Policy,
    *,
    as_of: np.datetime64,
    earlier: Findings | None = None,
    decisions: pd.DataFrame | None = None,
    rules: Sequence[Rule] = RULES,
    advice: bool = True,
) -> CheckAnswer:
    """Judge tentative projects against the city.

    Parameters
    ----------
    city
        The stored city.
    projects, sites
        The tentative projects, as in `with_tentative`.
    policy
        The authority's policy.
    as_of
        Day of judgement.
    earlier, decisions
        What the store holds of earlier findings and decisions: a decided finding does not ask for
        coordination again.
    rules
        As for `coordination.detection.detect`.
    advice
        Whether to look for other windows and bundles, and to say which way the approval goes.

    Returns
    -------
    CheckAnswer
        One verdict per project, in the order of ``projects``.
    """
    tentative = with_tentative(city, projects, sites)
    codes = projects["code"].tolist()
    context = look(tentative, policy, as_of)
    found = judged(context, rules, with_hotspots=False, naming=codes)
    if earlier is not None and decisions is not None:
        found = merge(found, earlier, decisions, tentative, policy)
    table = found.table
    concerns = naming(table, codes) & table["status"].ne("cleared").to_numpy()
    kept = table[concerns].reset_index(drop=True)
    findings = replace(
        found,
        table=kept,
        spans=found.spans[found.spans["finding_id"].isin(kept["finding_id"])].reset_index(
            drop=True
        ),
    )
    verdicts = [_verdict(code, kept, policy) for code in codes]
    if advice:
        ran = frozenset(run.rule for run in found.rules_run if run.ran)
        judge = Judge(tentative, policy, as_of, rules, ran, earlier, decisions)
        figures = approval_figures(tentative, kept, policy, as_of=as_of, codes=codes)
        place = survey(context)
        ways = {one.code: one for one in approval_documents(approval(figures, policy))}
        verdicts = [
            _advised(judge, place, verdict, _own(verdict.code, kept), ways.get(verdict.code))
            for verdict in verdicts
        ]
    return CheckAnswer(tuple(verdicts), findings)


def _advised(
    judge: Judge, place: Survey, verdict: Verdict, own: gpd.GeoDataFrame, way: Approval | None
) -> Verdict:
    return replace(
        verdict,
        other_windows=search(judge, place, verdict.code, own),
        bundles=joinable(place.context, place.windows, verdict.code, own),
        approval=way,
    )


def _own(code: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    own: gpd.GeoDataFrame = table[naming(table, [code])]
    return own


def _verdict(code: str, table: gpd.GeoDataFrame, policy: Policy) -> Verdict:
    own = _own(code, table)
    verdict: VerdictCode = "clear"
    undecided = ~own["status"].isin(DECIDED)
    if (undecided & own["severity"].isin(("medium", "high"))).any():
        verdict = "coordinate"
    if blocking(own, policy).any():
        verdict = "blocked"
    return Verdict(code, verdict, tuple(own["finding_id"]))
