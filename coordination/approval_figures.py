"""The figures of projects on which their approval rests, worked out from a city and its findings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.approval import FIGURES
from coordination.city import City
from coordination.impact import impact_index
from coordination.policy import Policy
from coordination.projects import METHODS, UNKNOWN_DAY, day_numbers
from coordination.savings import surface_of
from coordination.traffic import vehicles_per_day
from coordination.works import DONE_STAGES, pits, works_table
from geo.linear_reference import assign
from geo.road_network import ROAD_CLASSES

DAYS_PER_YEAR = 365.2425


def approval_figures(
    city: City,
    findings: pd.DataFrame | None,
    policy: Policy,
    *,
    as_of: date | np.datetime64,
    codes: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return what `coordination.approval.approval` looks at, one row per project.

    Parameters
    ----------
    city
        The tables.
    findings
        `coordination.findings.FINDING_COLUMNS` and ``kind_b``; None where nothing was detected.
    policy
        Widths, durations, points of the impact index.
    as_of
        Day of judgement.
    codes
        These projects, in their order in the city; None is every one that is not finished.

    Returns
    -------
    pandas.DataFrame
        RangeIndex, ``FIGURES``, and ``name, owner_unit``. A trenchless work opens its pits only. A
        project without a usable place has no length, area or road class; one without dates no
        impact index.
    """
    projects = city.projects
    if codes is None:
        chosen = ~projects["stage"].isin(DONE_STAGES).to_numpy(dtype=bool)
    else:
        chosen = projects["code"].isin(list(codes)).to_numpy(dtype=bool)
    projects = projects[chosen].reset_index(drop=True)
    sites = city.sites[city.sites["project_code"].isin(projects["code"])].reset_index(drop=True)
    day = int(pd.Timestamp(as_of).to_datetime64().astype("datetime64[D]").astype(np.int64))
    part = replace(city, projects=projects, sites=sites, ledger=None)
    # A withdrawn project is asked about only by name; its works are left out of the table.
    figures = projects.reindex(
        columns=["code", "name", "owner_unit", "sector", "work_type", "stage", "line_kind",
                 "cost_wan"]
    )  # fmt: skip
    works = works_table(part, policy, day)
    _add_size(figures, works, city, policy)
    _add_findings(figures, findings, city, policy)
    return figures[["code", "name", "owner_unit", *FIGURES[1:]]]


def _add_size(figures: pd.DataFrame, works: gpd.GeoDataFrame, city: City, policy: Policy) -> None:
    """Set road class, impact index, and what is opened and how."""
    spans = _spans(works, city, policy)
    ranks = _class_ranks(spans, city, len(works))
    names = np.array([*ROAD_CLASSES, None], dtype=object)
    road_class = pd.Series(names[ranks], index=works.index, dtype="object")
    index = impact_index(
        works["duration_days"], road_class, works["traffic_impact"], works["length_m"],
        policy.impact, vehicles_per_day=vehicles_per_day(city, spans, len(works)),
    )  # fmt: skip
    dated = works["dated"].to_numpy(dtype=bool)
    placed = works["placed"].to_numpy(dtype=bool)
    trenchless = works["method"].eq("trenchless").to_numpy(dtype=bool)
    shapes = works.geometry.to_numpy().copy()
    shapes[trenchless] = pits(shapes[trenchless], policy.pit_m)
    length = works["length_m"].to_numpy(dtype=float)
    length = np.where(trenchless, np.minimum(length, 2 * policy.pit_m), length)
    opens = works["opens"].to_numpy(dtype=bool)
    table = pd.DataFrame(
        {
            "code": works["code"],
            "rank": ranks,
            "impact_index": np.where(dated & placed, index, np.nan),
            "length_m": np.where(opens, length, 0.0),
            "area_m2": np.where(opens, np.where(placed, shapely.area(shapes), np.nan), 0.0),
            "method": pd.Index(METHODS).get_indexer(pd.Index(works["method"])),
            "surface": surface_of(works["position"]),
        }
    )
    by_code = table.groupby("code")
    codes = figures["code"]
    rank = codes.map(by_code["rank"].min()).fillna(len(ROAD_CLASSES)).astype("int64")
    figures["road_class"] = names[rank.to_numpy()]
    figures["impact_index"] = codes.map(by_code["impact_index"].max())
    for name in ("length_m", "area_m2"):
        figures[name] = codes.map(by_code[name].sum(min_count=1)).astype("float64").round(1)
    method = codes.map(by_code["method"].min())
    figures["method"] = [None if np.isnan(one) else METHODS[int(one)] for one in method]
    widest = table.sort_values("area_m2", ascending=False, kind="stable").drop_duplicates("code")
    figures["surface"] = codes.map(widest.set_index("code")["surface"])


def _spans(works: gpd.GeoDataFrame, city: City, policy: Policy) -> pd.DataFrame:
    """Return ``site`` (row of the works) and ``section`` of the roads that works lie on."""
    if city.network is None or not len(works):
        none = np.empty(0, dtype=np.int64)
        return pd.DataFrame({"site": none, "section": none})
    rule = policy.network.assignment_rule()
    hint = works["road"].to_numpy(dtype=object)
    return assign(works.geometry.to_numpy(), city.network, rule, road_hint=hint).spans


def _class_ranks(spans: pd.DataFrame, city: City, count: int) -> npt.NDArray[np.int64]:
    """Return the place of each work's most important road among the classes; the last is none."""
    ranks = np.full(count, len(ROAD_CLASSES), dtype=np.int64)
    if city.network is None:
        return ranks
    order = pd.Index(ROAD_CLASSES).get_indexer(pd.Index(city.network.sections["road_class"]))
    order = np.where(order < 0, len(ROAD_CLASSES), order)
    np.minimum.at(ranks, spans["site"].to_numpy(), order[spans["section"].to_numpy()])
    return ranks


def _add_findings(
    figures: pd.DataFrame, findings: pd.DataFrame | None, city: City, policy: Policy
) -> None:
    """Set what stands against each project and is not settled."""
    codes = figures["code"]
    if findings is None:
        for name in ("no_dig", "surface_age_years", "findings", "utilities"):
            figures[name] = np.nan
        return
    gone = {*policy.stages.settled, "cleared"}
    table = findings[~findings["status"].isin(gone)]
    # What is found about a restriction, asset or zone is no matter of a project of its name.
    two = table[table["kind_b"].isna() | table["kind_b"].eq("project")]
    ends = pd.concat(
        [
            table.assign(code=table["project_a"], other=table["project_b"]),
            two.assign(code=two["project_b"], other=two["project_a"]),
        ]
    )
    ends = ends[ends["code"].isin(codes)]
    heavy = ends[ends["severity"].isin(("medium", "high"))]
    counts = heavy["code"].value_counts()
    figures["findings"] = codes.map(counts).fillna(0).astype("int64")
    utility = city.projects.drop_duplicates("code").set_index("code")["utility"]
    met = pd.concat(
        [
            pd.DataFrame({"code": codes, "utility": codes.map(utility)}),
            pd.DataFrame({"code": heavy["code"], "utility": heavy["other"].map(utility)}),
        ]
    ).dropna()
    figures["utilities"] = codes.map(met.groupby("code")["utility"].nunique()).fillna(0).astype(int)
    # An emergency's finding is a notice: it is exempt.
    locked = ends[ends["rule"].eq("no_dig_period") & ends["severity"].ne("notice")]
    begun = _days_by_project(city, "start")
    # Of two projects the one that begins later digs up what the other one made.
    earlier = _looked_up(locked["code"], begun) < _looked_up(locked["other"], begun)
    locked = locked[~earlier]
    figures["no_dig"] = codes.isin(locked["code"])
    made = _days_by_project(city, "finish")
    if city.ledger is not None and len(city.ledger):
        days = pd.Series(
            day_numbers(pd.to_datetime(city.ledger["day"])),
            index=city.ledger["ledger_id"].astype("object"),
        )
        made = pd.concat([made, days.astype("float64")])
    age = (_looked_up(locked["code"], begun) - _looked_up(locked["other"], made)) / DAYS_PER_YEAR
    youngest = age.groupby(locked["code"]).min()
    figures["surface_age_years"] = codes.map(youngest).astype("float64")


def _looked_up(codes: pd.Series[str], days: pd.Series[float]) -> pd.Series[float]:
    return codes.map(days).astype("float64")


def _days_by_project(city: City, end: Literal["start", "finish"]) -> pd.Series[float]:
    """Return the first start or the last finish of each project, what happened before what was filed."""
    sites = city.sites
    actual, filed = (day_numbers(pd.to_datetime(sites[name])) for name in (f"actual_{end}", end))
    day = np.where(actual == UNKNOWN_DAY, filed, actual)
    days = pd.Series(day, index=sites["project_code"].astype("object")).astype("float64")
    days = days[day != UNKNOWN_DAY]
    by_code = days.groupby(level=0)
    found: pd.Series[float] = by_code.min() if end == "start" else by_code.max()
    return found
