"""Whatever is edited, looking again at what it can affect ends where a full run ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from coordination import City, Policy, detect
from coordination.detection import RULES
from coordination.findings import Findings
from coordination.incremental import edit_between, update
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from geo.road_network import build_network

AS_OF = date(2026, 1, 1)
DAY_0 = AS_OF.toordinal()
FEW = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
FEWER = settings(FEW, max_examples=2)
NETWORK = build_network(
    gpd.GeoDataFrame(
        {
            "source_id": range(6),
            "road": ["甲路", "乙路", "丁路", "戊路", "丙大道", "丙大道"],
            "road_class": ["local", "local", "secondary", "local", "arterial", "arterial"],
            "width_m": [12.0, 12.0, 18.0, 8.0, 9.0, 9.0],
            "oneway": [False, False, False, False, True, True], "level": 0,
        },
        geometry=shapely.from_wkt(
            [
                "LINESTRING (0 0, 900 0)", "LINESTRING (300 -200, 300 400)",
                "LINESTRING (600 -200, 600 400)", "LINESTRING (0 150, 900 170)",
                "LINESTRING (0 350, 900 350)", "LINESTRING (900 370, 0 370)",
            ]
        ),
        crs=4549,
    ),
    width_m={},
    corner_radius_m=8.0,
)  # fmt: skip

site = st.fixed_dictionaries(
    {
        "road": st.integers(0, 4),
        "at": st.integers(0, 17),
        "steps": st.integers(1, 9),
        "across": st.sampled_from([-4.0, 1.0, -6.0, 40.0]),
        "width": st.sampled_from([3.0, 3.0, 12.0]),
        "start": st.integers(-500, 700),
        "days": st.integers(1, 200),
        "method": st.sampled_from(["open_cut", "open_cut", "trenchless", "surface", None]),
        "traffic_impact": st.sampled_from([None, "lane", "full"]),
    }
)
project = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["approved", "proposed", "in_progress", "withdrawn", "emergency"]),
        "sector": st.sampled_from(["pipeline", "road", "drainage"]),
        "utility": st.sampled_from([None, "gas", "water", "sewer"]),
        "work_type": st.sampled_from(["new", "major_repair", "upkeep"]),
        "owner_unit": st.sampled_from(["水务", "燃气", None]),
        "external_id": st.sampled_from([None, None, None, "D1", "D2"]),
        "depends_on": st.sampled_from([None, None, None, "P0", "P3", "P1 P5"]),
        "sites": st.lists(site, min_size=0, max_size=3),
    }
)
past = st.fixed_dictionaries(
    {
        "place": site,
        "kind": st.sampled_from(["opening", "resurfacing"]),
        "source": st.sampled_from([None, None, "P1", "P2"]),
    }
)
edit = st.one_of(
    st.tuples(st.just("project"), st.integers(0, 13), project),
    st.tuples(st.just("project"), st.integers(0, 13), project),
    st.tuples(st.just("move"), st.integers(0, 13), st.integers(-90, 90)),
    st.tuples(st.just("withdraw"), st.integers(0, 13), st.none()),
    st.tuples(st.just("delete"), st.integers(0, 13), st.none()),
    st.tuples(st.just("ledger"), st.integers(0, 5), st.one_of(st.none(), past)),
    st.tuples(st.just("bundle"), st.integers(0, 1), st.lists(st.integers(0, 13), max_size=3)),
)


def box_of(place: Any) -> shapely.MultiPolygon:
    """Return a strip along one of five streets."""
    low, high = place["at"] * 50.0, place["at"] * 50.0 + place["steps"] * 25.0
    side, width = place["across"], place["width"]
    if place["road"] in (1, 2):
        x, y = (300.0, 600.0)[place["road"] - 1] + side, low / 1.5 - 200.0
        strip = shapely.box(x, y, x + width, y + high - low)
    else:
        y = {0: 0.0, 3: 155.0, 4: 350.0}[place["road"]] + side
        strip = shapely.box(low, y, high, y + width)
    return shapely.MultiPolygon([strip])


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(date.fromordinal(DAY_0 + number))


def city_of(projects: Any, ledger: Any, bundles: Any, *, roads: bool) -> City:
    names = [f"P{number}" for number in sorted(projects)]
    rows = [projects[number] for number in sorted(projects)]
    fields = pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype="object")
            for name in ("stage", "sector", "utility", "work_type", "owner_unit", "external_id",
                         "depends_on")
        }
    ).assign(code=names)  # fmt: skip
    sites = [
        {
            "project_code": name, "site_id": f"{name}-{number}", "footprint_source": "polygon",
            "start": day(place["start"]), "finish": day(place["start"] + place["days"] - 1),
            "method": place["method"], "traffic_impact": place["traffic_impact"],
            "geometry": box_of(place),
        }
        for name, row in zip(names, rows, strict=True)
        for number, place in enumerate(row["sites"])
    ]  # fmt: skip
    columns = ["project_code", "site_id", "footprint_source", "start", "finish", "method",
               "traffic_impact", "geometry"]  # fmt: skip
    table = pd.DataFrame(sites, columns=columns)
    past_works = [
        {
            "ledger_id": f"L{number}", "road": None, "kind": row["kind"], "surface": "asphalt",
            "day": day(-1000 + row["place"]["start"]),
            "start": day(-1000 + row["place"]["start"] - 9),
            "finish": day(-1000 + row["place"]["start"]), "sector": None, "method": "open_cut",
            "owner_unit": None, "work_type": "major_repair", "source": row["source"],
            "geometry": box_of(row["place"]),
        }
        for number, row in sorted(ledger.items())
    ]  # fmt: skip
    past_columns = ["ledger_id", "road", "kind", "surface", "day", "start", "finish", "sector",
                    "method", "owner_unit", "work_type", "source", "geometry"]  # fmt: skip
    history = pd.DataFrame(past_works, columns=past_columns)
    for name in ("day", "start", "finish"):
        history[name] = pd.to_datetime(history[name])
    members = [(f"B{number}", f"P{code}") for number, codes in bundles.items() for code in codes]
    shapes = table.pop("geometry")
    grounds = history.pop("geometry")
    return City(
        CRS(4549),
        as_fields(fields, PROJECT_FIELDS),
        gpd.GeoDataFrame(
            as_fields(table, SITE_FIELDS).assign(
                project_code=table["project_code"], footprint_source=table["footprint_source"]
            ),
            geometry=np.array(shapes, dtype=object), crs=4549,
        ),
        network=NETWORK if roads else None,
        ledger=gpd.GeoDataFrame(history, geometry=np.array(grounds, dtype=object), crs=4549),
        bundles=pd.DataFrame(members, columns=["bundle_id", "code"], dtype="object"),
    )  # fmt: skip


def applied(state: Any, change: Any) -> Any:
    projects, ledger, bundles = (dict(part) for part in state)
    kind, number, value = change
    if kind == "project":
        projects[number] = value
    elif kind == "move" and number in projects:
        moved = [place | {"start": place["start"] + value} for place in projects[number]["sites"]]
        projects[number] = projects[number] | {"sites": moved}
    elif kind == "withdraw" and number in projects:
        projects[number] = projects[number] | {"stage": "withdrawn"}
    elif kind == "delete" and len(projects) > 1:
        projects.pop(number, None)
    elif kind == "ledger":
        ledger.pop(number, None)
        if value is not None:
            ledger[number] = value
    elif kind == "bundle":
        bundles[number] = sorted(set(value))
    return projects, ledger, bundles


def same(one: Findings, two: Findings) -> None:
    """Compare everything that findings say, in their order."""
    for name in ("table", "spans", "hotspots"):
        left, right = getattr(one, name), getattr(two, name)
        assert list(left.columns) == list(right.columns), name
        assert len(left) == len(right), name
        for column in left.columns:
            a, b = left[column].to_numpy(dtype=object), right[column].to_numpy(dtype=object)
            if column == "geometry":
                a, b = shapely.to_wkb(a), shapely.to_wkb(b)
            alike = (a == b) | (pd.isna(a) & pd.isna(b))
            assert alike.all(), (name, column, a[~alike][:3], b[~alike][:3])
    assert one.rules_run == two.rules_run
    assert (one.as_of, one.policy_version, one.data_revision) == (
        two.as_of, two.policy_version, two.data_revision,
    )  # fmt: skip


def check_edits(first: Any, ledger: Any, edits: Any, *, roads: bool) -> None:
    state = (dict(enumerate(first)), dict(enumerate(ledger)), {})
    policy = Policy()
    city = city_of(*state, roads=roads)
    found = detect(city, policy, as_of=AS_OF, rules=RULES)
    for number, change in enumerate(edits, start=1):
        state = applied(state, change)
        after = replace(city_of(*state, roads=roads), data_revision=number)
        # What did not change is one and the same table: only then is the edit not of everything.
        changed = edit_between(city, after)
        assert not changed.whole
        found = update(found, after, changed, policy, as_of=AS_OF, rules=RULES)
        same(found, detect(after, policy, as_of=AS_OF, rules=RULES))
        city = after


@FEW
@given(
    st.lists(project, min_size=4, max_size=7),
    st.lists(past, max_size=3),
    st.lists(edit, min_size=2, max_size=2),
)
def test_edits_on_a_network_end_where_a_full_run_ends(first: Any, ledger: Any, edits: Any) -> None:
    check_edits(first, ledger, edits, roads=True)


@FEWER
@given(
    st.lists(project, min_size=4, max_size=7),
    st.lists(past, max_size=3),
    st.lists(edit, min_size=2, max_size=2),
)
def test_edits_without_a_network_end_where_a_full_run_ends(
    first: Any, ledger: Any, edits: Any
) -> None:
    check_edits(first, ledger, edits, roads=False)
