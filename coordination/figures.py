"""The figures a meeting needs: what was planned, what was found, what is worth talking about first.

Pure: everything comes from the city's tables and the findings of one detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd

from coordination.city import City
from coordination.findings import SEVERITIES, Findings, RuleRun

SETTLED = ("resolved", "not_mergeable", "waived", "cleared")
"""Statuses after which nobody needs to talk about a finding again, unless it changes."""


MOST_MEMBERS = 30
"""Projects of one case that a report lists and draws; the rest is counted."""
MOST_ROADS = 20
"""Roads in the list of the worst."""


@dataclass(frozen=True)
class Saving:
    """An estimate in 万元 (10,000 yuan), never a basis for settling accounts."""

    low_wan: float
    mid_wan: float
    high_wan: float


@dataclass(frozen=True)
class Coverage:
    """How many projects can be judged at all.

    Attributes
    ----------
    unit
        Owner unit; None for all together; an empty text where a project names none.
    projects
        Projects that are not withdrawn.
    with_place, with_time, with_cost
        Of these: every site has a footprint; every site has start and finish; a cost is given.
    complete
        All three.
    """

    unit: str | None
    projects: int
    with_place: int
    with_time: int
    with_cost: int
    complete: int


@dataclass(frozen=True)
class Case:
    """Findings that hang together: one item on a meeting's list.

    Attributes
    ----------
    case_id
        As in the findings.
    rows
        Positions in ``findings.table``, worst first.
    severity
        Of the worst finding.
    projects, roads
        Codes and names, in order of appearance.
    impact_index
        Largest, NaN when unknown.
    saving
        Of carrying the works out together (`joint_saving`), or None.
    is_open
        Whether anything in it still waits for somebody: a finding that is neither settled nor
        joined by a shared dossier number or an agreement.
    """

    case_id: str
    rows: tuple[int, ...]
    severity: str
    projects: tuple[str, ...]
    roads: tuple[str, ...]
    impact_index: float
    saving: Saving | None
    is_open: bool


@dataclass(frozen=True)
class RoadOpenings:
    """One road in the list of the worst.

    Attributes
    ----------
    road
        Its name.
    openings_24m, openings_60m
        Of its worst stretch, within rolling 24 and 60 months.
    shortest_gap_days
        Between two openings anywhere on it, NaN when unknown.
    metres_opened
        Length × openings, summed over its stretches.
    reopened_m
        Metres of the most opened part of each of its sections that is opened more than once within
        60 months.
    hotspots
        How many stretches of it are listed.
    project_codes
        Everything that opens it, in order of appearance.
    """

    road: str
    openings_24m: int
    openings_60m: int
    shortest_gap_days: float
    metres_opened: float
    reopened_m: float
    hotspots: int
    project_codes: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """The figures on the first page.

    Attributes
    ----------
    projects, sites, units
        In the store, withdrawn ones included.
    findings
        Standing findings (all but those that are no longer detected).
    by_severity
        Code to number, worst first, every severity listed.
    by_rule
        Rule to severity to number, in the order of the rules, only rules that found something.
    by_status
        Status to number.
    cases, open_cases, open_high, cases_by_severity
        Cases that need coordination (`cases`), those that are open, and of these the high ones.
    incomplete_projects
        Projects with ``incomplete_data``.
    metres_opened, reopened_m
        Over all hot spots: length × openings; metres of the most opened parts (`RoadOpenings`).
        NaN without a network.
    roads_reopened
        Roads with such metres.
    saving
        Sum over the open cases, or None when no finding has an estimate.
    coverage
        All together first, then by unit, largest first.
    rules_run
        As in the findings.
    """

    projects: int
    sites: int
    units: int
    findings: int
    by_severity: Mapping[str, int]
    by_rule: Mapping[str, Mapping[str, int]]
    by_status: Mapping[str, int]
    cases: int
    open_cases: int
    open_high: int
    cases_by_severity: Mapping[str, int]
    incomplete_projects: int
    metres_opened: float
    reopened_m: float
    roads_reopened: int
    saving: Saving | None
    coverage: tuple[Coverage, ...]
    rules_run: tuple[RuleRun, ...]


def figures(city: City, findings: Findings) -> Figures:
    """Return the figures of one detection.

    Parameters
    ----------
    city
        Its projects and sites.
    findings
        What detection found in it.

    Returns
    -------
    Figures
    """
    table = _standing(findings.table)
    listed = cases(findings)
    roads = worst_roads(findings)
    counts = table.groupby(["rule", "severity"]).size()
    rules = [run.rule for run in findings.rules_run]
    rules += sorted(set(table["rule"]) - set(rules))
    return Figures(
        projects=len(city.projects),
        sites=len(city.sites),
        units=int(city.projects["owner_unit"].nunique()),
        findings=len(table),
        by_severity=_by_severity(table["severity"]),
        by_rule={
            rule: {level: int(counts.get((rule, level), 0)) for level in reversed(SEVERITIES)}
            for rule in rules
            if rule in counts.index.get_level_values("rule")
        },
        by_status={str(status): int(n) for status, n in table["status"].value_counts().items()},
        cases=len(listed),
        open_cases=sum(case.is_open for case in listed),
        open_high=sum(case.is_open and case.severity == "high" for case in listed),
        cases_by_severity=_by_severity(case.severity for case in listed),
        incomplete_projects=int(
            table.loc[table["rule"] == "incomplete_data", "project_a"].nunique()
        ),
        metres_opened=_total(road.metres_opened for road in roads),
        reopened_m=_total(road.reopened_m for road in roads),
        roads_reopened=sum(road.reopened_m > 0 for road in roads),
        saving=_sum_of_savings(case.saving for case in listed if case.is_open),
        coverage=coverage(city),
        rules_run=findings.rules_run,
    )


def coverage(city: City) -> tuple[Coverage, ...]:
    """Return how many projects have a usable place, time and cost, in all and per unit.

    Parameters
    ----------
    city
        Its projects and sites; withdrawn projects are left out. A project without sites has
        neither place nor time.

    Returns
    -------
    tuple of Coverage
        All together first, then the units, most projects first.
    """
    projects = city.projects[
        (city.projects["stage"] != "withdrawn").fillna(value=True).astype(bool)
    ]
    sites = city.sites
    placed = (
        ~(sites.geometry.isna() | sites.geometry.is_empty) if len(sites) else pd.Series(dtype=bool)
    )
    known = pd.DataFrame(
        {
            "code": sites["project_code"] if len(sites) else pd.Series(dtype="str"),
            "place": placed,
            "time": sites["start"].notna() & sites["finish"].notna() if len(sites) else placed,
        }
    )
    usable = known.groupby("code")[["place", "time"]].all().reindex(projects["code"])
    usable = usable.astype("boolean").fillna(value=False).astype(bool).set_axis(projects.index)
    usable["cost"] = (projects["cost_wan"] > 0).to_numpy()
    usable["complete"] = usable["place"] & usable["time"] & usable["cost"]
    usable["projects"] = True
    usable["unit"] = projects["owner_unit"].astype("object").fillna("")
    names = ["projects", "place", "time", "cost", "complete"]
    per_unit = usable.groupby("unit")[names].sum().reset_index()
    per_unit = per_unit.sort_values(["projects", "unit"], ascending=[False, True])
    total = tuple(int(n) for n in usable[names].sum())
    return (
        Coverage(None, *total),
        *(
            Coverage(str(row[0]), *(int(n) for n in row[1:]))
            for row in per_unit.itertuples(index=False, name=None)
        ),
    )


def cases(findings: Findings, *, projects: Iterable[str] | None = None) -> tuple[Case, ...]:
    """Return what a meeting goes through: the cases that need coordination, worst first.

    Left out are findings that are no longer detected, and cases that are nothing but
    ``incomplete_data`` (they ask one unit for data, not several for an agreement).

    Parameters
    ----------
    findings
        Of one detection.
    projects
        Only cases in which one of these codes takes part; None for all.

    Returns
    -------
    tuple of Case
        Open ones first, then by severity, impact index, saving and number of findings.
    """
    table = _standing(findings.table).assign(row=np.flatnonzero(_is_standing(findings.table)))
    table["case_id"] = table["case_id"].astype("object").fillna(table["finding_id"])
    wanted = None if projects is None else frozenset(projects)
    found = []
    for case_id, rows in table.groupby("case_id", sort=False):
        case = _case(str(case_id), pd.DataFrame(rows))
        if case is not None and (wanted is None or not wanted.isdisjoint(case.projects)):
            found.append(case)
    return tuple(sorted(found, key=_worst_first))


def cases_of(city: City, findings: Findings, *, unit: str | None = None) -> tuple[Case, ...]:
    """Return `cases`, or only those in which ``unit`` takes part.

    Parameters
    ----------
    city
        Says which projects are the unit's.
    findings
        Of one detection.
    unit
        Owner unit, or None for all.

    Returns
    -------
    tuple of Case
        Worst first.
    """
    if unit is None:
        return cases(findings)
    own = city.projects["owner_unit"] == unit
    return cases(findings, projects=city.projects.loc[own.fillna(value=False).astype(bool), "code"])


def _case(case_id: str, rows: pd.DataFrame) -> Case | None:
    if (rows["rule"] == "incomplete_data").all():
        return None
    ranks = rows["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)})
    rows = rows.iloc[np.argsort(-ranks.to_numpy(dtype=np.float64), kind="stable")]
    sides = rows[["project_a", "project_b"]].to_numpy(dtype=object).ravel()
    standing = ~rows["status"].isin(SETTLED)
    joined = rows["coordinated"].notna() if "coordinated" in rows else np.zeros(len(rows), bool)
    return Case(
        case_id=case_id,
        rows=tuple(int(row) for row in rows["row"]),
        severity=str(rows["severity"].iloc[0]),
        projects=tuple(dict.fromkeys(str(code) for code in sides if not pd.isna(code))),
        roads=tuple(dict.fromkeys(str(road) for road in rows["road"] if not pd.isna(road))),
        impact_index=float(rows["impact_index"].max()),
        saving=joint_saving(rows[standing]),
        is_open=bool((standing & ~joined).any()),
    )


def _worst_first(case: Case) -> tuple[bool, int, float, float, int, str]:
    return (
        not case.is_open,
        -SEVERITIES.index(case.severity),
        -np.nan_to_num(case.impact_index),
        -(case.saving.mid_wan if case.saving else 0.0),
        -len(case.rows),
        case.case_id,
    )


def joint_saving(table: pd.DataFrame) -> Saving | None:
    """Return what the works of some findings save together, without counting a work twice.

    Three works on one stretch give three pair findings, but joining them saves two openings, not
    three. Per road the estimate is therefore the sum over a maximum spanning forest of the pairs
    (by the middle value): each work joins the others once. On one stretch this is exactly separate
    minus together, since a pair saves the narrower of its two digs; where the pairs of one road
    meet in different places it is a careful lower value.

    Parameters
    ----------
    table
        Findings; rows without an estimate count for nothing.

    Returns
    -------
    Saving or None
        None when no row has an estimate.

    Examples
    --------
    >>> pairs = pd.DataFrame({
    ...     "road": "R", "project_a": ["A", "A", "B"], "project_b": ["B", "C", "C"],
    ...     "saving_low_wan": [1.0, 2.0, 1.0], "saving_mid_wan": [2.0, 4.0, 2.0],
    ...     "saving_high_wan": [3.0, 6.0, 3.0]})
    >>> joint_saving(pairs)
    Saving(low_wan=3.0, mid_wan=6.0, high_wan=9.0)
    """
    columns = [
        "road",
        "project_a",
        "project_b",
        "saving_low_wan",
        "saving_mid_wan",
        "saving_high_wan",
    ]
    valued = table.loc[table["saving_mid_wan"].notna() & table["project_b"].notna(), columns]
    if valued.empty:
        return None
    graph: nx.Graph[tuple[str, str]] = nx.Graph()
    # Of several findings on one pair and road the most valuable stands.
    for road, a, b, low, mid, high in valued.sort_values("saving_mid_wan").itertuples(
        index=False, name=None
    ):
        place = "" if pd.isna(road) else road
        graph.add_edge((place, a), (place, b), low=low, mid=mid, high=high)
    edges = [edge for *_, edge in nx.maximum_spanning_edges(graph, weight="mid", data=True)]
    return Saving(*(float(sum(edge[name] for edge in edges)) for name in ("low", "mid", "high")))


def worst_roads(findings: Findings) -> tuple[RoadOpenings, ...]:
    """Return the roads of the hot spots, the most often opened first.

    Parameters
    ----------
    findings
        Their hot spots; stretches of one road are put together.

    Returns
    -------
    tuple of RoadOpenings
        Sorted by openings in 24 and 60 months, metres opened more than once, metres opened.
    """
    spots = findings.hotspots
    if spots.empty:
        return ()
    return tuple(
        sorted(
            (_road(str(road), pd.DataFrame(rows)) for road, rows in spots.groupby("road")),
            key=lambda road: (
                -road.openings_24m, -road.openings_60m, -np.nan_to_num(road.reopened_m),
                -np.nan_to_num(road.metres_opened), road.road,
            ),
        )
    )  # fmt: skip


def _road(name: str, rows: pd.DataFrame) -> RoadOpenings:
    length_m = rows["to_m"] - rows["from_m"]
    codes = " ".join(rows["project_codes"].dropna().astype("str"))
    return RoadOpenings(
        road=name,
        openings_24m=int(rows["openings_24m"].max()),
        openings_60m=int(rows["openings_60m"].max()),
        shortest_gap_days=float(rows["shortest_gap_days"].min()),
        metres_opened=float(rows["metres_opened"].sum(min_count=1)),
        reopened_m=float(length_m[rows["openings_60m"] >= 2].sum(min_count=1))
        if (rows["openings_60m"] >= 2).any()
        else 0.0,
        hotspots=len(rows),
        project_codes=tuple(dict.fromkeys(codes.split())),
    )


def _is_standing(table: pd.DataFrame) -> pd.Series[bool]:
    return (table["status"] != "cleared").fillna(value=True).astype(bool)


def _standing(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table[_is_standing(table)])


def _by_severity(values: Iterable[str]) -> dict[str, int]:
    levels = list(values)
    return {name: levels.count(name) for name in reversed(SEVERITIES)}


def _total(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.nansum(known)) if known else float("nan")


def _sum_of_savings(savings: Iterable[Saving | None]) -> Saving | None:
    known = [saving for saving in savings if saving is not None]
    if not known:
        return None
    return Saving(
        sum(saving.low_wan for saving in known),
        sum(saving.mid_wan for saving in known),
        sum(saving.high_wan for saving in known),
    )
