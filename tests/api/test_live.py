"""The check on a part of the store says what the check on all of it says; other processes count."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from api.live import LiveCity
from coordination import Policy
from coordination.check import check
from coordination.detection import RULES
from coordination.neighbourhood import neighbourhood
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.geopackage_store import create_store, open_store
from data.live_index import LiveIndex
from data.store import Store
from geo.road_network import build_network

AS_OF = np.datetime64("2026-01-01")
X, Y = 600_000.0, 3_470_000.0
NETWORK = build_network(
    gpd.GeoDataFrame(
        {
            "source_id": range(4), "road": ["甲路", "乙路", "丙路", "丁路"],
            "road_class": ["local", "secondary", "local", "arterial"],
            "width_m": [12.0, 16.0, 8.0, 24.0], "oneway": False, "level": 0,
        },
        geometry=[
            shapely.LineString([(X, Y), (X + 900, Y)]),
            shapely.LineString([(X + 300, Y - 200), (X + 300, Y + 400)]),
            shapely.LineString([(X, Y + 250), (X + 900, Y + 250)]),
            shapely.LineString([(X + 700, Y - 200), (X + 700, Y + 400)]),
        ],
        crs=4549,
    ),
    width_m={},
    corner_radius_m=8.0,
)  # fmt: skip


def project(code: str, choose: random.Random) -> tuple[Any, Any]:
    """Return a project with one to three strips along the streets."""
    row = {
        "code": code, "name": code, "owner_unit": choose.choice(["水务", "燃气"]),
        "sector": choose.choice(["pipeline", "road"]), "work_type": "new", "stage": "approved",
        "utility": choose.choice(["gas", "water"]),
        "external_id": choose.choice([None, None, "D1", "D2", "D3"]),
        "depends_on": choose.choice([None, None, None, "P3", "P7 P1"]),
    }  # fmt: skip
    sites, shapes = [], []
    for number in range(choose.randint(1, 3)):
        start = pd.Timestamp("2026-01-01") + pd.Timedelta(days=choose.randint(-300, 500))
        sites.append(
            {
                "site_id": str(number), "method": choose.choice(["open_cut", "trenchless"]),
                "start": start, "finish": start + pd.Timedelta(days=choose.randint(3, 90)),
                "traffic_impact": choose.choice(["lane", "full", None, None]),
            }
        )  # fmt: skip
        at, long = choose.uniform(0, 800), choose.uniform(30, 200)
        low = choose.choice([1.0, -4.0, 251.0])
        box = shapely.box(X + at, Y + low, X + at + long, Y + low + 3)
        if choose.random() < 0.4:
            box = shapely.box(X + 301, Y - 200 + at / 2, X + 304, Y - 200 + at / 2 + long)
        shapes.append(shapely.MultiPolygon([box]))
    table = gpd.GeoDataFrame(
        as_fields(pd.DataFrame(sites), SITE_FIELDS).assign(
            project_code=code, footprint_source="polygon"
        ),
        geometry=shapes, crs=4549,
    )  # fmt: skip
    return as_fields(pd.DataFrame([row]), PROJECT_FIELDS), table


def put(store: Store, projects: Any, sites: Any) -> None:
    filings = pd.DataFrame(
        {"project_code": sites["project_code"], "site_id": sites["site_id"]}
    )  # fmt: skip
    with store.transaction("test") as change:
        change.put_projects(projects, sites, filings)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of 15 projects on four streets, and of one far away that has a permit."""
    choose = random.Random(5)
    tables = [project(f"P{number}", choose) for number in range(15)]
    far, place = project("FAR", choose)
    far = far.assign(permit_start=pd.Timestamp("2026-01-01"), external_id=None, depends_on=None)
    tables.append((far, place.set_geometry(place.geometry.translate(9000, 9000))))
    path = tmp_path_factory.mktemp("live") / "town.gpkg"
    with create_store(path, crs=CRS(4549)) as made:
        with made.transaction("test") as change:
            change.put_roads(NETWORK, source="test")
        put(made, pd.concat([one for one, _ in tables], ignore_index=True),
            pd.concat([two for _, two in tables], ignore_index=True))  # fmt: skip
    return path


@pytest.fixture(scope="module")
def unchanged(town: Path) -> Any:
    """Return the store to read from."""
    with open_store(town) as store:
        yield store


@pytest.fixture
def store(town: Path, tmp_path: Path) -> Any:
    """Return a store of one's own to write to."""
    shutil.copy(town, tmp_path / "town.gpkg")
    with open_store(tmp_path / "town.gpkg") as opened:
        yield opened


def told(table: gpd.GeoDataFrame) -> list[Any]:
    """Return everything that findings say but for the case, which hangs together step by step."""
    plain = pd.DataFrame(table.drop(columns="case_id")).astype("object")
    plain["geometry"] = shapely.to_wkt(table.geometry.to_numpy(), 6)
    return plain.where(plain.notna(), None).to_dict("records")


def test_the_part_says_what_the_whole_says(unchanged: Any) -> None:
    choose, city = random.Random(6), unchanged.read_city()
    lives = [LiveCity(indexed=True), LiveCity(indexed=False)]
    found, closing = 0, 0
    for code in ("NEW0", "P1", "NEW2"):
        projects, sites = project(code, choose)
        if code == "NEW2":
            sites = sites.assign(traffic_impact="full")
        whole = check(city, projects, sites, Policy(), as_of=AS_OF, advice=False)
        runs = {run.rule: (run.ran, run.missing) for run in whole.findings.rules_run}
        assert runs["permit_exceeded"] == (True, ())
        for live in lives:
            around = live.around(unchanged, projects, sites, Policy(), RULES, as_of=AS_OF)
            closing += any(rule.reach == "city" for rule in around.rules)
            part = around.told(
                check(around.city, projects, sites, Policy(), as_of=AS_OF, rules=around.rules,
                      advice=False)
            )  # fmt: skip
            assert part.verdicts == whole.verdicts
            assert {run.rule: (run.ran, run.missing) for run in part.findings.rules_run} == runs
            assert told(part.findings.table) == told(whole.findings.table)
        found += len(whole.findings.table)
    assert found > 5
    assert 2 <= closing < 6


def test_a_permit_anywhere_in_the_city_is_known_to_every_part(unchanged: Any) -> None:
    assert unchanged.has_permits()
    assert not unchanged.has_permits(besides={"FAR"})
    city = unchanged.read_city()
    assert city.has_permits()
    assert neighbourhood(city, ["P1"], Policy()).has_permits()
    without = city.projects[city.projects["code"] != "FAR"]
    assert not replace(city, projects=without).has_permits()
    begun = city.sites.assign(actual_start=pd.Timestamp("2026-01-01"))
    assert replace(city, projects=without, sites=begun).has_permits()


def test_both_indexes_give_the_same_projects(unchanged: Any) -> None:
    index, choose = LiveIndex(unchanged), random.Random(7)
    for _ in range(50):
        x, y = X + choose.uniform(-50, 900), Y + choose.uniform(-250, 450)
        box = np.array([[x, y, x + choose.uniform(0, 200), y + choose.uniform(0, 200)]])
        assert index.codes(box) == unchanged.codes_in(box)
    everywhere = np.array([[X - 1e6, Y - 1e6, X + 1e6, Y + 1e6]])
    first = (date(2026, 3, 1) - date(1970, 1, 1)).days
    some = unchanged.codes_between(first, first + 30)
    assert index.codes(everywhere, first, first + 30) == some
    assert 0 < len(some) < len(unchanged.codes_in(everywhere))
    assert unchanged.codes_between(first, first) == set()


def test_works_of_the_months_that_a_closing_project_may_move_to_come_along(store: Any) -> None:
    def closing(code: str, y: float, start: str, **fields: Any) -> Any:
        projects, sites = project(code, random.Random(1))
        projects = projects.assign(external_id=None, depends_on=None, **fields)
        place = shapely.MultiPolygon([shapely.box(X, Y + y, X + 50, Y + y + 3)])
        sites = sites.iloc[:1].assign(
            traffic_impact="full", start=pd.Timestamp(start), actual_start=pd.NaT,
            finish=pd.Timestamp(start) + pd.Timedelta(days=4),
        )  # fmt: skip
        return projects, sites.set_geometry([place], crs=4549)

    for code, start in (("IN", "2026-08-02"), ("BEFORE", "2026-05-20"), ("AFTER", "2026-09-01")):
        put(store, *closing(code, 5000, start))
    # An approved project moves thirty days: from 11 June to 15 August.
    projects, sites = closing("NEW", 1, "2026-07-11")
    stated = sites.assign(latest_finish=pd.Timestamp("2027-12-31"))
    for live in (LiveCity(indexed=True), LiveCity(indexed=False)):
        near = live.around(store, projects, sites, Policy(), RULES, as_of=AS_OF).city.projects
        assert {"IN", "BEFORE", "AFTER"} & set(near["code"]) == {"IN"}
        near = live.around(store, projects, stated, Policy(), RULES, as_of=AS_OF).city.projects
        assert {"IN", "BEFORE", "AFTER"} & set(near["code"]) == {"IN", "AFTER"}


def test_days_of_the_live_index_are_those_of_the_site(store: Any) -> None:
    projects, sites = project("DAYS", random.Random(1))
    sites = sites.iloc[:1].assign(
        start=pd.Timestamp("2026-05-01"), finish=pd.Timestamp("2026-05-10")
    )
    put(store, projects, sites)
    index = LiveIndex(store)
    box = shapely.bounds(sites.geometry.to_numpy())
    first = (date(2026, 5, 1) - date(1970, 1, 1)).days
    assert "DAYS" in index.codes(box, first, first + 1)
    assert "DAYS" in index.codes(box, first + 9, first + 10)
    assert "DAYS" not in index.codes(box, first - 1, first)
    assert "DAYS" not in index.codes(box, first + 10, first + 11)
    put(store, projects, sites.assign(finish=pd.NaT))
    index.catch_up(store)
    assert "DAYS" in index.codes(box, first + 999, first + 1000)
    assert "DAYS" not in index.codes(box, first - 1, first)


_OTHER = """
import sys, sqlite3
from shapely import wkb, affinity
path, how = sys.argv[1:]
if how == "ours":
    from data.geopackage_store import open_store
    from coordination.projects import SITE_FIELDS
    import pandas as pd
    with open_store(path) as store:
        city = store.read_city()
        projects = city.projects[city.projects["code"] == "P1"].drop(columns="revision")
        sites = city.sites[city.sites["project_code"] == "P1"].copy()
        sites = sites.set_geometry(sites.geometry.translate(5000, 0))
        filings = pd.DataFrame({"project_code": sites["project_code"], "site_id": sites["site_id"]})
        with store.transaction("other") as change:
            change.put_projects(projects.reset_index(drop=True), sites.reset_index(drop=True),
                                filings.reset_index(drop=True))
else:
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM sites WHERE project_code = 'P2'")
    connection.commit()
"""


def test_what_another_process_writes_is_seen_by_the_next_look(store: Any, tmp_path: Path) -> None:
    index = LiveIndex(store)
    there = np.array([[X + 4000, Y - 500, X + 6500, Y + 500]])
    here = np.array([[X - 500, Y - 500, X + 1500, Y + 500]])
    assert "P1" in index.codes(here)
    assert "P1" not in index.codes(there)
    script = tmp_path / "other.py"
    script.write_text(_OTHER, encoding="utf-8")
    path = str(tmp_path / "town.gpkg")
    subprocess.run([sys.executable, str(script), path, "ours"], check=True)
    index.catch_up(store)
    assert index.codes(there) == {"P1"}
    assert "P1" not in index.codes(here)
    assert index.rebuilt == 1
    assert "P2" in index.codes(here)


def test_what_the_log_cannot_tell_builds_the_index_anew(store: Any, tmp_path: Path) -> None:
    index = LiveIndex(store)
    connection = sqlite3.connect(tmp_path / "town.gpkg")
    connection.execute("UPDATE write_state SET log_revision = log_revision + 3")
    connection.commit()
    connection.close()
    index.catch_up(store)
    assert index.rebuilt == 2
    assert len(index) == len(store.read_city().sites)


def test_a_new_road_is_read_by_the_next_check(store: Any) -> None:
    live = LiveCity(indexed=True)
    first = live.surroundings(store)
    put(store, *project("LATER", random.Random(3)))
    assert live.surroundings(store).city is first.city
    other = build_network(
        gpd.GeoDataFrame(
            {"source_id": [9], "road": ["新路"], "road_class": "local", "width_m": 9.0,
             "oneway": False, "level": 0},
            geometry=[shapely.LineString([(X, Y), (X + 90, Y)])], crs=4549,
        ),
        width_m={}, corner_radius_m=8.0,
    )  # fmt: skip
    with store.transaction("test") as change:
        change.put_roads(other, source="test")
    assert live.surroundings(store).city.network.sections["road"].tolist() == ["新路"]


def test_opening_the_store_again_is_the_same_store(store: Any, tmp_path: Path) -> None:
    live = LiveCity(indexed=True)
    projects, sites = project("P5", random.Random(9))
    one = live.around(store, projects, sites, Policy(), RULES, as_of=AS_OF)
    with open_store(tmp_path / "town.gpkg") as again:
        two = live.around(again, projects, sites, Policy(), RULES, as_of=AS_OF)
    assert one.city.projects["code"].tolist() == two.city.projects["code"].tolist()
