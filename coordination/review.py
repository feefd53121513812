"""The life of a finding: earlier decisions meet what is found today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from coordination.city import City
from coordination.findings import Findings
from coordination.meetings import pair_key
from coordination.policy import Policy

State = dict[str, Any]

BUNDLE_RESOLVES = (
    "concurrent_works", "repeat_excavation", "no_dig_lockout", "wrong_order", "opportunity",
)  # fmt: skip
"""Rules that the members of an accepted bundle do not break among themselves."""


def state_of(findings: Findings, finding_id: str, city: City) -> State:
    """Return what a decision on a finding rests on; kept with the decision as JSON.

    Parameters
    ----------
    findings
        The findings that hold it.
    finding_id
        Which one.
    city
        The tables from which it was found.

    Returns
    -------
    dict
        ``severity``, ``shared_area_m2`` (None where there is none), ``policy_version``,
        ``project_a``, ``project_b``, ``sites_a``, ``sites_b``, and ``projects``: per code
        ``stage`` and ``sites``, a list of ``site_id, method, start, finish`` (ISO). A past opening
        has no entry: it does not change. A store may keep more beside it.

    Raises
    ------
    KeyError
        When there is no such finding.
    """
    rows = findings.table[findings.table["finding_id"] == finding_id]
    if not len(rows):
        raise KeyError(finding_id)
    return _states(rows, findings.policy_version, city)[finding_id]


def merge(
    findings: Findings,
    previous: Findings | None,
    decisions: pd.DataFrame,
    city: City | None = None,
    policy: Policy | None = None,
) -> Findings:
    """Return findings with the statuses that earlier runs and decisions gave them.

    A decided finding keeps its status while it is what it was; it becomes ``to_reassess`` when a
    date moved by more than ``policy.reassess_days`` in all, the shared area changed by more than
    ``reassess_area_m2`` or ``reassess_area_share``, or method, stage, policy or severity changed
    since the decision. What is no longer found is ``cleared``; when it comes back it is
    ``to_reassess``. An earlier finding on a pair that an accepted bundle holds is ``resolved``, with
    the bundle's id in ``coordinated``; when the bundle is given up it is ``to_reassess``.

    Parameters
    ----------
    findings
        What `coordination.detect` found.
    previous
        What the store holds of the last run, its statuses with the decisions since; or None.
    decisions
        ``finding_id, status, state`` (JSON of `state_of`, may be missing), oldest first.
    city
        The tables that were judged; without them dates, methods and stages are not compared.
    policy
        How much may change; the default policy where it is None.

    Returns
    -------
    Findings
        Those found, in their order, then the cleared ones, which keep their last figures.
    """
    policy = policy or Policy()
    table = findings.table.copy()
    last = _last_decisions(decisions)
    before = _statuses(previous)
    status = table["finding_id"].map(before).astype("object")
    status = status.where(status.notna(), table["finding_id"].map(last["status"]))
    status = status.where(status.notna(), "open")
    # What came back, and what only a bundle had resolved that no longer holds the pair.
    unbundled = status.eq("resolved") & table["finding_id"].map(last["status"]).ne("resolved")
    status = status.mask(status.eq("cleared") | unbundled, "to_reassess")
    decided = table["finding_id"].isin(last.index) & ~status.isin(("open", "to_reassess"))
    if decided.any():
        now = _states(table[decided], findings.policy_version, city)
        moved = [
            finding
            for finding, state in now.items()
            if what_changed(_parsed(last["state"].get(finding)), state, policy)
        ]
        status = status.mask(table["finding_id"].isin(moved), "to_reassess")
    table["status"] = status.to_numpy()
    gone, gone_spans = _gone(findings, previous, city)
    if len(gone):
        joined = pd.concat([table, gone], ignore_index=True)
        table = gpd.GeoDataFrame(joined, geometry="geometry", crs=findings.table.crs)
    spans = pd.concat([findings.spans, gone_spans], ignore_index=True)
    return replace(findings, table=table, spans=spans)


def _last_decisions(decisions: pd.DataFrame) -> pd.DataFrame:
    if not len(decisions):
        return pd.DataFrame(
            {"status": pd.Series(dtype="object"), "state": pd.Series(dtype="object")}
        )
    last = decisions.drop_duplicates("finding_id", keep="last").set_index("finding_id")
    if "state" not in last:
        last = last.assign(state=None)
    return last[["status", "state"]].astype("object")


def _statuses(previous: Findings | None) -> pd.Series[str]:
    if previous is None:
        return pd.Series(dtype="object")
    table = previous.table
    return pd.Series(table["status"].to_numpy(dtype=object), index=table["finding_id"])


def _gone(
    findings: Findings, previous: Findings | None, city: City | None
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return earlier findings that are no longer found, cleared or resolved by a bundle."""
    if previous is None:
        return findings.table.iloc[0:0], findings.spans.iloc[0:0]
    gone = previous.table[~previous.table["finding_id"].isin(findings.table["finding_id"])].copy()
    gone["status"] = "cleared"
    if city is not None and len(city.bundles):
        bundle_of = _bundle_of_pair(city.bundles)
        bundle = pair_key(gone["project_a"], gone["project_b"]).map(bundle_of)
        held = bundle.notna() & gone["rule"].isin(BUNDLE_RESOLVES)
        gone.loc[held, "status"] = "resolved"
        gone["coordinated"] = gone["coordinated"].astype("object").mask(held, bundle)
    spans = previous.spans[previous.spans["finding_id"].isin(gone["finding_id"])]
    kept = gone.sort_values("finding_id").reindex(columns=findings.table.columns)
    return gpd.GeoDataFrame(kept, geometry="geometry", crs=findings.table.crs), spans


def _bundle_of_pair(bundles: pd.DataFrame) -> Mapping[str, str]:
    both = bundles.merge(bundles, on="bundle_id")
    both = both[both["code_x"] < both["code_y"]]
    return dict(zip(pair_key(both["code_x"], both["code_y"]), both["bundle_id"], strict=True))


def _states(table: pd.DataFrame, policy_version: str, city: City | None) -> dict[str, State]:
    sites = _sites_by_project(city)
    stages = (
        {}
        if city is None
        else dict(zip(city.projects["code"], city.projects["stage"], strict=True))
    )
    names = ["project_a", "project_b", "sites_a", "sites_b", "severity", "shared_area_m2"]
    states: dict[str, State] = {}
    for row in pd.DataFrame(table).to_dict("records"):
        state: State = {name: _plain(row[name]) for name in names}
        state["policy_version"] = policy_version
        state["projects"] = {
            code: {"stage": _plain(stages[code]), "sites": sites.get(code, [])}
            for code in (state["project_a"], state["project_b"])
            if code in stages
        }
        states[str(row["finding_id"])] = state
    return states


def _sites_by_project(city: City | None) -> dict[str, list[State]]:
    if city is None:
        return {}
    columns = ["project_code", "site_id", "method", "start", "finish"]
    sites = pd.DataFrame(city.sites)[columns].copy()
    for name in ("start", "finish"):
        sites[name] = sites[name].map(_iso).astype("object")
    for name in ("site_id", "method"):
        sites[name] = sites[name].astype("object").where(sites[name].notna(), None)
    return {
        str(code): [
            {str(name): value for name, value in site.items()}
            for site in part.drop(columns="project_code").to_dict("records")
        ]
        for code, part in sites.groupby("project_code")
    }


def _iso(day: Any) -> str | None:
    return None if pd.isna(day) else pd.Timestamp(day).strftime("%Y-%m-%d")


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value


def _parsed(state: Any) -> State | None:
    if isinstance(state, str) and state:
        parsed = json.loads(state)
        return parsed if isinstance(parsed, dict) else None
    return state if isinstance(state, dict) else None


def what_changed(then: State | None, now: State, policy: Policy) -> tuple[str, ...]:
    """Return what changed materially between two states of a finding.

    Parameters
    ----------
    then, now
        As `state_of` gives them; ``then`` is None where nobody kept a record, which counts as
        unchanged.
    policy
        How much may change.

    Returns
    -------
    tuple of str
        Of ``severity``, ``policy``, ``area``, ``stage``, ``method``, ``dates``; empty for a trivial
        change. Dates are compared with ``then``, so that small steps add up.

    Examples
    --------
    >>> then = {"severity": "high", "policy_version": "1", "shared_area_m2": 100.0}
    >>> what_changed(then, then | {"shared_area_m2": 131.0}, Policy())
    ('area',)
    >>> what_changed(then, then | {"shared_area_m2": 130.0}, Policy())
    ()
    """
    if not then:
        return ()
    found = []
    if then.get("severity") != now.get("severity"):
        found.append("severity")
    if then.get("policy_version") != now.get("policy_version"):
        found.append("policy")
    old, new = then.get("shared_area_m2"), now.get("shared_area_m2")
    if old is not None and new is not None:
        change = abs(new - old)
        if change > policy.reassess_area_m2 or change > policy.reassess_area_share * old:
            found.append("area")
    elif old != new:
        found.append("area")
    ends = [(_project(then, end), _project(now, end)) for end in ("a", "b")]
    known = [(old, new) for old, new in ends if old and new]
    if any(old["stage"] != new["stage"] for old, new in known):
        found.append("stage")
    if any(old["methods"] != new["methods"] for old, new in known):
        found.append("method")
    if any(_dates_moved(old["dates"], new["dates"], policy.reassess_days) for old, new in known):
        found.append("dates")
    return tuple(found)


def _project(state: State, end: str) -> State:
    """Return stage, methods and dates of one project, over the sites of the finding."""
    project = (state.get("projects") or {}).get(state.get(f"project_{end}"))
    if not project:
        return {}
    named = set((state.get(f"sites_{end}") or "").split())
    sites = project.get("sites") or []
    own = [site for site in sites if site.get("site_id") in named] or sites
    starts = [site["start"][:10] for site in own if site.get("start")]
    finishes = [site["finish"][:10] for site in own if site.get("finish")]
    dates = {
        ("start", None): min(starts, default=None),
        ("finish", None): max(finishes, default=None),
    }
    for site in own:
        for name in ("start", "finish"):
            dates[name, site.get("site_id")] = (site.get(name) or "")[:10] or None
    return {
        "stage": project.get("stage"),
        "methods": {site.get("method") for site in own},
        "dates": dates,
    }


def _dates_moved(then: State, now: State, most_days: int) -> bool:
    # Site by site where both know the site, and over all of them where sites came or went.
    for name in then.keys() & now.keys():
        old, new = then[name], now[name]
        if (old is None) != (new is None):
            return True
        if old and new and abs((pd.Timestamp(new) - pd.Timestamp(old)).days) > most_days:
            return True
    return False
