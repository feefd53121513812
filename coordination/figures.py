"""The figures a meeting needs: what was planned, what was found, what is worth talking about first.

Pure: everything comes from the city's tables and the findings of one detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.findings import SEVERITIES, Findings, RuleRun

SETTLED = ("resolved", "not_mergeable", "waived", "cleared")
"""Statuses after which nobody needs to talk about a finding again, unless it changes."""


MOST_MEMBERS = 30
"""Projects of one case that a report lists and draws; the rest is counted."""
MOST_ROADS = 20
"""Roads in the list of the worst."""

_PLACES = ("road", "project_a", "project_b")
_SAVINGS = ("saving_low_wan", "saving_mid_wan", "saving_high_wan")

Column = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


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


def usable(projects: pd.DataFrame, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return which projects have a usable ``place``, ``time`` (at every site) and ``cost``.

    Parameters
    ----------
    projects, sites
        As in `City`; a project without sites has neither place nor time.

    Returns
    -------
    pandas.DataFrame
        ``code`` and three flags, with the index of ``projects``.
    """
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
    flags = known.groupby("code")[["place", "time"]].all().reindex(projects["code"])
    flags = flags.astype("boolean").fillna(value=False).astype(bool).set_axis(projects.index)
    flags["cost"] = (projects["cost_wan"] > 0).to_numpy()
    flags.insert(0, "code", projects["code"])
    return flags


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
    known = usable(projects, city.sites)
    known["complete"] = known["place"] & known["time"] & known["cost"]
    known["projects"] = True
    known["unit"] = projects["owner_unit"].astype("object").fillna("")
    names = ["projects", "place", "time", "cost", "complete"]
    per_unit = known.groupby("unit")[names].sum().reset_index()
    per_unit = per_unit.sort_values(["projects", "unit"], ascending=[False, True])
    total = tuple(int(n) for n in known[names].sum())
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
    table = _standing(findings.table)
    wanted = None if projects is None else frozenset(projects)
    found = [
        case
        for case in _all_cases(table, np.flatnonzero(_is_standing(findings.table)))
        if wanted is None or not wanted.isdisjoint(case.projects)
    ]
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


def _all_cases(table: pd.DataFrame, position: npt.NDArray[np.int64]) -> Iterator[Case]:
    """Yield the cases of ``table``, whose rows have these positions in the findings."""
    if table.empty:
        return
    case_id = table["case_id"].astype("object").fillna(table["finding_id"])
    number, names = pd.factorize(case_id)
    rank = table["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)})
    # Sorted once, by case and worst first, and then sliced: a table per case would cost
    # milliseconds each.
    order = np.lexsort((-rank.to_numpy(dtype=np.float64), number))
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    table, position = table.iloc[order], position[order]
    standing = ~table["status"].isin(SETTLED).to_numpy(dtype=bool)
    joined = np.zeros(len(table), dtype=bool)
    if "coordinated" in table:
        joined = table["coordinated"].notna().to_numpy(dtype=bool)
    only_incomplete = np.logical_and.reduceat(table["rule"].eq("incomplete_data").to_numpy(), first)
    is_open = np.logical_or.reduceat(standing & ~joined, first)
    impact = np.fmax.reduceat(table["impact_index"].to_numpy(dtype=np.float64), first)
    valued = _has_estimate(table) & standing
    roads, a, b = (_column(table[name]) for name in _PLACES)
    severity = _column(table["severity"])
    low, mid, high = (table[name].to_numpy(dtype=np.float64) for name in _SAVINGS)
    stops = np.append(first[1:], len(table))
    for case, (start, stop) in enumerate(zip(first.tolist(), stops.tolist(), strict=True)):
        if only_incomplete[case]:
            continue
        sides = chain.from_iterable(zip(a[start:stop], b[start:stop], strict=True))
        rows = start + np.flatnonzero(valued[start:stop])
        yield Case(
            case_id=str(names[case]),
            rows=tuple(position[start:stop].tolist()),
            severity=str(severity[start]),
            projects=tuple(dict.fromkeys(str(code) for code in sides if code is not None)),
            roads=tuple(dict.fromkeys(str(road) for road in roads[start:stop] if road is not None)),
            impact_index=float(impact[case]),
            saving=_forest(roads[rows], a[rows], b[rows], low[rows], mid[rows], high[rows]),
            is_open=bool(is_open[case]),
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
    table = table[_has_estimate(table)]
    roads, a, b = (_column(table[name]) for name in _PLACES)
    low, mid, high = (table[name].to_numpy(dtype=np.float64) for name in _SAVINGS)
    return _forest(roads, a, b, low, mid, high)


def _column(values: pd.Series[Any]) -> Column:
    """Return values as objects, None where missing."""
    return values.astype("object").where(values.notna(), None).to_numpy(dtype=object)


def _has_estimate(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return (table["saving_mid_wan"].notna() & table["project_b"].notna()).to_numpy(dtype=bool)


def _forest(  # noqa: PLR0917 - columns of one table
    roads: Column, a: Column, b: Column, low: Floats, mid: Floats, high: Floats
) -> Saving | None:
    """Return the sums over the maximum spanning forest (`joint_saving`); None without any row."""
    if not len(mid):
        return None
    graph: nx.Graph[tuple[str, str]] = nx.Graph()
    # Of several findings on one pair and road the most valuable stands.
    for row in np.argsort(mid, kind="stable").tolist():
        road = roads[row] or ""
        graph.add_edge((road, a[row]), (road, b[row]), low=low[row], mid=mid[row], high=high[row])
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
    spots = pd.DataFrame(findings.hotspots)
    if spots.empty:
        return ()
    again = spots["openings_60m"] >= 2
    spots = spots.assign(
        again=again,
        reopened_m=(spots["to_m"] - spots["from_m"]).where(again),
        project_codes=spots["project_codes"].astype("object").fillna(""),
    )
    by_road = spots.groupby("road")
    total = by_road[["metres_opened", "reopened_m"]].sum(min_count=1)
    total["reopened_m"] = total["reopened_m"].where(by_road["again"].any(), 0.0)
    most = by_road[["openings_24m", "openings_60m"]].max()
    shortest = by_road["shortest_gap_days"].min()
    roads = [
        RoadOpenings(
            road=str(road),
            openings_24m=int(openings_24m),
            openings_60m=int(openings_60m),
            shortest_gap_days=float(gap_days),
            metres_opened=float(metres_opened),
            reopened_m=float(reopened_m),
            hotspots=int(size),
            project_codes=tuple(dict.fromkeys(" ".join(codes).split())),
        )
        for road, openings_24m, openings_60m, gap_days, metres_opened, reopened_m, size, codes in zip(
            most.index, most["openings_24m"], most["openings_60m"], shortest,
            total["metres_opened"], total["reopened_m"], by_road.size(),
            by_road["project_codes"].agg(list), strict=True,
        )
    ]  # fmt: skip
    return tuple(
        sorted(
            roads,
            key=lambda road: (
                -road.openings_24m, -road.openings_60m, -np.nan_to_num(road.reopened_m),
                -np.nan_to_num(road.metres_opened), road.road,
            ),
        )
    )  # fmt: skip


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
