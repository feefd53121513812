"""Detection against brute force: pairs in space and time, openings of a stretch, repeats."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from coordination import City, Policy, detect
from coordination.findings import Findings
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from geo.road_network import build_network

DAY_0 = date(2026, 1, 1).toordinal()
NETWORK = build_network(
    gpd.GeoDataFrame(
        {
            "source_id": [1], "road": ["甲路"], "road_class": ["local"], "width_m": [12.0],
            "oneway": [False], "level": [0],
        },
        geometry=shapely.from_wkt(["LINESTRING (0 0, 400 0)"]),
        crs=4549,
    ),
    width_m={},
    corner_radius_m=8.0,
)  # fmt: skip
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

works = st.lists(
    st.tuples(
        st.integers(0, 6),  # project
        st.integers(0, 17),  # from, in steps of 20 m
        st.integers(1, 8),  # length, in steps of 20 m
        st.booleans(),  # north or south side
        st.integers(-40, 900),  # first day
        st.integers(1, 120),  # days
    ),
    min_size=2,
    max_size=14,
)


def city_of(rows: Any, *, roads: bool) -> Any:
    """Return a city of pipes of different utilities, each with its own unit, firm dates."""
    table = pd.DataFrame(rows, columns=["project", "at", "steps", "north", "first", "days"])
    table["from_m"] = table["at"] * 20.0
    table["to_m"] = (table["from_m"] + table["steps"] * 20.0).clip(upper=400.0)
    table["code"] = "P" + table["project"].astype(str)
    table["site_id"] = [f"S{row}" for row in range(len(table))]
    first = table["first"].map(lambda day: date.fromordinal(DAY_0 + day))
    last = (table["first"] + table["days"] - 1).map(lambda day: date.fromordinal(DAY_0 + day))
    fields = pd.DataFrame(
        {
            "code": table["code"], "owner_unit": table["code"], "sector": "pipeline",
            "work_type": table["code"], "stage": "approved", "site_id": table["site_id"],
            "method": "open_cut", "start": pd.to_datetime(first), "finish": pd.to_datetime(last),
        }
    )  # fmt: skip
    low = np.where(table["north"], 1.0, -4.0)
    sites = gpd.GeoDataFrame(
        as_fields(fields, SITE_FIELDS).assign(
            project_code=table["code"], footprint_source="polygon"
        ),
        geometry=shapely.box(table["from_m"], low, table["to_m"], low + 3.0),
        crs=4549,
    )
    projects = as_fields(fields.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS)
    city = City(CRS(4549), projects, sites, network=NETWORK if roads else None)
    return city, table.assign(start=table["first"], finish=table["first"] + table["days"])


def pairs_of(findings: Findings, rule: str) -> Any:
    table = findings.table[findings.table["rule"] == rule]
    return set(zip(table["project_a"], table["project_b"], strict=True))


@FEW
@given(works, st.booleans())
def test_concurrent_works_are_those_that_brute_force_finds(rows: Any, roads: bool) -> None:
    city, table = city_of(rows, roads=roads)
    found = pairs_of(detect(city, Policy(), as_of=date(2026, 1, 1)), "concurrent_works")
    expected = set()
    for one, two in combinations(table.to_dict("records"), 2):
        gap_m = max(one["from_m"], two["from_m"]) - min(one["to_m"], two["to_m"])
        gap_m = float(np.hypot(max(gap_m, 0.0), 0.0 if one["north"] == two["north"] else 2.0))
        common = min(one["finish"], two["finish"]) - max(one["start"], two["start"])
        open_one = max(one["finish"], two["finish"]) > 0
        if one["code"] != two["code"] and gap_m <= 10.0 and common > 0 and open_one:
            expected.add(tuple(sorted((one["code"], two["code"]))))
    assert found == expected


def openings_by_hand(members: Any, link_days: int = 14, longest: int = 180) -> Any:
    """Return lists of works: each takes in what links to it, as the definition says."""
    alone = [[work] for work in members if work["finish"] - work["start"] > longest]
    rest = sorted(
        (work for work in members if work["finish"] - work["start"] <= longest),
        key=lambda work: (work["start"], work["finish"]),
    )
    chains = []
    for work in rest:
        if chains:
            begun = chains[-1][0]["start"]
            reach = max(other["finish"] for other in chains[-1])
            # A chain also goes on where an earlier opening was cut for its length.
            if work["start"] < reach + link_days and work["finish"] - begun <= longest:
                chains[-1].append(work)
                continue
        chains.append([work])
    return alone + chains


@FEW
@given(works)
def test_repeats_are_works_in_different_openings_of_one_metre(rows: Any) -> None:
    city, table = city_of(rows, roads=True)
    found = pairs_of(detect(city, Policy(), as_of=date(2026, 1, 1)), "repeat_excavation")
    expected = set()
    records = table.to_dict("records")
    for north in (True, False):
        for step in range(20):
            metre = step * 20.0 + 10.0
            here = [
                work
                for work in records
                if work["north"] == north and work["from_m"] < metre < work["to_m"]
            ]
            for first, second in combinations(openings_by_hand(here), 2):
                for one in first:
                    for two in second:
                        expected |= repeat_of(one, two)
    assert found == expected


def repeat_of(one: Any, two: Any) -> Any:
    """Return the pair when it is a repeat: windows apart by at most 24 calendar months."""
    earlier, later = sorted((one, two), key=lambda work: (work["start"], work["finish"]))
    if one["code"] == two["code"] or later["start"] < earlier["finish"] or later["finish"] <= 0:
        return set()
    last_day = pd.Timestamp(date.fromordinal(DAY_0 + earlier["finish"] - 1))
    first_day = pd.Timestamp(date.fromordinal(DAY_0 + later["start"]))
    if first_day > last_day + pd.DateOffset(months=24):
        return set()
    return {tuple(sorted((one["code"], two["code"])))}


@FEW
@given(works, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_names_of_works_matter(rows: Any, random: Any) -> None:
    city, _ = city_of(rows, roads=True)
    shuffled = list(rows)
    random.shuffle(shuffled)
    other, _ = city_of([(6 - row[0], *row[1:]) for row in shuffled], roads=True)
    one, two = (detect(each, Policy(), as_of=date(2026, 1, 1)).table for each in (city, other))
    renamed = {f"P{number}": f"P{6 - number}" for number in range(7)}

    def told(table: pd.DataFrame, names: dict[str, str]) -> Any:
        pairs = zip(table["project_a"], table["project_b"].fillna(""), strict=True)
        figures = table[["rule", "severity", "overlap_days", "gap_days"]].to_numpy().tolist()
        return sorted(
            (*map(str, figure), round(area, 3), *sorted(names.get(code, code) for code in pair))
            for pair, figure, area in zip(pairs, figures, table["shared_area_m2"], strict=True)
        )

    assert told(one, renamed) == told(two, {})
