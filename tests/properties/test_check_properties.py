"""The check before approval against the batch, in random towns of one street."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from coordination import City, Policy, detect
from coordination.alternatives import Judge, moved
from coordination.check import check
from coordination.detection import RULES
from coordination.movable import movable_windows
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from coordination.weighing import blocking, weight
from coordination.works import works_table
from geo.road_network import build_network

DAY_0 = np.datetime64("2026-01-01", "D")
AS_OF_DAY = int(DAY_0.astype(np.int64))
NETWORK = build_network(
    gpd.GeoDataFrame(
        {
            "source_id": [1, 2], "road": ["甲路", "乙路"], "road_class": ["local", "arterial"],
            "width_m": [12.0, 24.0], "oneway": [False, False], "level": [0, 0],
        },
        geometry=shapely.from_wkt(["LINESTRING (0 0, 400 0)", "LINESTRING (200 -200, 200 200)"]),
        crs=4549,
    ),
    width_m={},
    corner_radius_m=8.0,
)  # fmt: skip
FEW = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STAGES = ("reserve", "annual_plan", "approved", "permitted", "emergency")

works = st.lists(
    st.tuples(
        st.integers(0, 4),  # project
        st.integers(0, 17),  # from, in steps of 20 m
        st.integers(2, 8),  # length, in steps of 20 m
        st.booleans(),  # north or south side
        st.integers(-40, 300),  # first day
        st.integers(5, 90),  # days
    ),
    min_size=3,
    max_size=8,
)
traits = st.lists(
    st.tuples(st.sampled_from(STAGES), st.booleans(), st.sampled_from(("gas", "sewer", "power"))),
    min_size=5,
    max_size=5,
)


def city_of(rows: Any, kinds: Any) -> City:
    """Return works on one street, a surface of last summer on half of it, and a fair in June."""
    table = pd.DataFrame(rows, columns=["project", "at", "steps", "north", "first", "days"])
    from_m = table["at"] * 20.0
    low = np.where(table["north"], 1.0, -4.0)
    shapes = shapely.box(from_m, low, (from_m + table["steps"] * 20.0).clip(upper=400.0), low + 3.0)
    chosen = [kinds[project] for project in table["project"]]
    start = DAY_0 + table["first"].to_numpy()
    fields = pd.DataFrame(
        {
            "code": "P" + table["project"].astype(str), "owner_unit": "U" + table["project"].astype(str),
            "sector": "pipeline", "work_type": "new", "stage": [one[0] for one in chosen],
            "safety_critical": [one[1] for one in chosen], "utility": [one[2] for one in chosen],
            "site_id": [f"S{row}" for row in range(len(table))], "method": "open_cut",
            "start": start, "finish": start + table["days"].to_numpy() - 1,
        }
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        as_fields(fields, SITE_FIELDS).assign(
            project_code=fields["code"], footprint_source="polygon"
        ),
        geometry=shapely.multipolygons([[shape] for shape in shapes]),
        crs=4549,
    )
    ledger = pd.DataFrame(
        {
            "ledger_id": ["L1"], "road": ["甲路"], "kind": ["resurfacing"], "surface": ["asphalt"],
            "sector": ["road"], "method": ["surface"], "owner_unit": ["R"],
            "work_type": ["major_repair"], "source": ["x"],
        }
    )  # fmt: skip
    for name, day in (("day", "2023-05-31"), ("start", "2023-05-01"), ("finish", "2023-05-31")):
        ledger[name] = pd.to_datetime([day])
    fair = pd.DataFrame(
        {
            "restriction_id": ["R1"], "name": ["fair"], "kind": ["fair"], "road": [None],
            "start": pd.to_datetime(["2026-06-10"]), "finish": pd.to_datetime(["2026-06-20"]),
            "severity": ["high"], "recurs": ["yearly"],
        }
    )  # fmt: skip
    east, west = shapely.box(0, -6, 150, 6), shapely.box(260, -60, 500, 60)
    return City(
        CRS(4549),
        as_fields(fields.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS),
        sites,
        network=NETWORK,
        ledger=gpd.GeoDataFrame(ledger, geometry=[shapely.MultiPolygon([east])], crs=4549),
        restrictions=gpd.GeoDataFrame(fair, geometry=[shapely.MultiPolygon([west])], crs=4549),
    )


def filed(city: City, code: str) -> Any:
    projects = city.projects[city.projects["code"] == code].reset_index(drop=True)
    sites = city.sites[city.sites["project_code"] == code].reset_index(drop=True)
    return projects, sites


def told(table: pd.DataFrame, code: str) -> Any:
    own = table[(table["project_a"] == code) | (table["project_b"] == code)]
    return set(own[["finding_id", "severity", "reason_zh"]].itertuples(index=False, name=None))


@FEW
@given(works, traits)
def test_the_check_and_its_neighbourhood_find_what_the_batch_finds(rows: Any, kinds: Any) -> None:
    city = city_of(rows, kinds)
    batch = detect(city, Policy(), as_of=DAY_0).table
    for code in city.projects["code"][:1]:
        answer = check(city, *filed(city, code), Policy(), as_of=DAY_0, advice=False)
        assert told(answer.findings.table, code) == told(batch, code)
        judge = Judge(city, Policy(), DAY_0, RULES, frozenset())
        local = judge.judged(judge.local(code), code, judge.near_rules()).findings
        assert told(local, code) == {
            row for row in told(batch, code) if row[0] in set(local["finding_id"])
        }
        missed = batch[~batch["finding_id"].isin(local["finding_id"])]
        assert not {row[0] for row in told(missed, code)} - set(
            missed.loc[missed["rule"].isin(("parallel_closure", "volume_cap")), "finding_id"]
        )


@FEW
@given(works, traits)
def test_what_is_proposed_holds_when_the_whole_town_is_judged(rows: Any, kinds: Any) -> None:
    city, policy = city_of(rows, kinds), Policy()
    as_filed = works_table(city, policy, AS_OF_DAY)
    limits = movable_windows(city.projects, city.sites, as_filed, policy, as_of_day=AS_OF_DAY)
    code = city.projects["code"].iloc[0]
    answer = check(city, *filed(city, code), policy, as_of=DAY_0)
    verdict = answer.verdicts[0]
    assert verdict.other_windows is not None
    before = answer.findings.table
    window = limits.loc[code]
    for one in verdict.other_windows.alternatives:
        start = int(np.datetime64(one.start, "D").astype(np.int64))
        finish = int(np.datetime64(one.finish, "D").astype(np.int64)) + 1
        assert window["why"] is None
        assert window["earliest_day"] <= start
        assert finish <= window["latest_day"]
        if window["never_later"]:
            assert start <= window["start_day"]
            assert finish <= window["finish_day"]
        then = detect(moved(city, code, start, finish), policy, as_of=DAY_0).table
        own = then[(then["project_a"] == code) | (then["project_b"] == code)]
        assert not blocking(own, policy).any()
        assert weight(own, policy) == one.weight <= weight(before, policy)
        assert {each.finding_id for each in one.avoids}.isdisjoint(own["finding_id"])
        assert {each.finding_id for each in (*one.remains, *one.adds)} == set(own["finding_id"])
        assert one.weight < weight(before, policy) or one.saves_wan[1] > 0
    starts = [one.start for one in verdict.other_windows.alternatives]
    assert all(abs((a - b).days) >= 14 for at, a in enumerate(starts) for b in starts[at + 1 :])
    assert (verdict.other_windows.none is None) == bool(starts)
