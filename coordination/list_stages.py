"""What a list says of stages, beside what the office has done with them since.

A list is the authority's: the stage that it states is taken, also past a gate, and what the gate would
have said is told. What it does not state stays as the office left it.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from coordination.city import City
from coordination.faults import Fault
from coordination.findings import Findings
from coordination.stage_policy import StagePolicy
from coordination.stages import LINE, gate, gates_between

_OF_PROJECT = ("stage", "plan_year", "papers_on")
_OF_SITE = ("actual_start", "actual_finish")
SHOWN_CODES = 10


def keep_progress(
    projects: pd.DataFrame, sites: gpd.GeoDataFrame, city: City
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Return the rows of a list with what it leaves open as it is stored.

    Parameters
    ----------
    projects, sites
        As read from a list.
    city
        What is stored.

    Returns
    -------
    projects, sites
        ``stage, plan_year, papers_on`` of projects and ``actual_start, actual_finish`` of sites
        (by project and site id) filled in where the list says nothing. A withdrawn project that a
        list names again is not withdrawn by it.
    """
    if city.projects.empty:
        return projects, sites
    stored = city.projects.set_index("code")
    kept = projects.copy()
    for name in _OF_PROJECT:
        before = stored[name]
        if name == "stage":
            before = before[before.ne("withdrawn")]
        kept[name] = _filled(kept[name], kept["code"].map(before.to_dict()), stored[name])
    done = sites.copy()
    keys = ["project_code", "site_id"]
    known = pd.DataFrame(city.sites)[[*keys, *_OF_SITE]].drop_duplicates(keys)
    matched = pd.DataFrame(sites)[keys].merge(known, on=keys, how="left")
    for name in _OF_SITE:
        days = pd.Series(matched[name].to_numpy(), index=done.index)
        done[name] = _filled(done[name], days, city.sites[name])
    return kept, done


def _filled(said: pd.Series[Any], known: pd.Series[Any], like: pd.Series[Any]) -> pd.Series[Any]:
    """Return what is said, else what is known; a list without the column has no dtype of it."""
    both = said.astype("object").where(said.notna(), known.astype("object"))
    return both.where(both.notna(), None).astype(like.dtype)


def stage_notes(
    projects: pd.DataFrame, city: City, findings: Findings | None, policy: StagePolicy
) -> list[Fault]:
    """Return what a gate would have said of the stages that a list states.

    Parameters
    ----------
    projects
        As they go in.
    city, findings
        What is stored, and the last detection with the decisions since.
    policy
        The gates.

    Returns
    -------
    list of Fault
        Notes: one per stored project that goes past unsettled findings, one for all new projects
        behind a gate that asks for a detection, one for all that go back.
    """
    asking = {*policy.blocking_severities, *policy.blocking_rules}
    stored = dict(zip(city.projects["code"], city.projects["stage"], strict=True))
    notes: list[Fault] = []
    fresh = 0
    back: list[str] = []
    moved: dict[str, list[str]] = {}
    for code, stage in zip(projects["code"], projects["stage"], strict=True):
        if not isinstance(stage, str):
            continue
        before = stored.get(code)
        start = before if isinstance(before, str) else ""
        if asking & set(gates_between(start, stage)):
            if code in stored:
                moved.setdefault(stage, []).append(str(code))
            else:
                fresh += 1
        elif start in LINE and stage in LINE and LINE.index(stage) < LINE.index(start):
            back.append(str(code))
    for stage, codes in moved.items():
        for one in gate(city, codes, stage, findings, policy, moves=False):
            found = [block.what for block in one.blocks if block.kind == "finding"]
            if found:
                params: dict[str, str | int | float] = {
                    "code": one.code, "findings": ", ".join(found),
                }  # fmt: skip
                notes.append(Fault("stages.import.unsettled", "note", params=params))
    if fresh:
        notes.append(Fault("stages.import.undetected", "note", params={"count": fresh}))
    if back:
        some = ", ".join(back[:SHOWN_CODES]) + (" …" if len(back) > SHOWN_CODES else "")
        params = {"count": len(back), "codes": some}
        notes.append(Fault("stages.import.back", "note", params=params))
    return notes
