"""``digonce detect`` looks only at what changed, and leaves the store as a full run does."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from api import redetection, workflow
from coordination import Policy
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.geopackage_store import create_store, open_store
from data.store import Store
from geo.road_network import build_network

AS_OF = date(2026, 1, 1)
NETWORK = build_network(
    gpd.GeoDataFrame(
        {
            "source_id": [1, 2], "road": ["甲路", "乙路"], "road_class": "local",
            "width_m": 12.0, "oneway": False, "level": 0,
        },
        geometry=shapely.from_wkt(
            ["LINESTRING (600000 3470000, 600900 3470000)",
             "LINESTRING (600300 3469800, 600300 3470400)"]
        ),
        crs=4549,
    ),
    width_m={},
    corner_radius_m=8.0,
)  # fmt: skip


def tables(code: str, at: float, start: str, finish: str, **fields: Any) -> Any:
    """Return a project with one strip of 100 m on the north side of 甲路."""
    row = {"code": code, "name": code, "owner_unit": f"单位{code}", "sector": "pipeline",
           "work_type": "new", "stage": "approved"} | fields  # fmt: skip
    projects = as_fields(pd.DataFrame([row]), PROJECT_FIELDS)
    site = pd.DataFrame(
        [{"site_id": "1", "method": "open_cut", "start": pd.Timestamp(start),
          "finish": pd.Timestamp(finish)}]
    )  # fmt: skip
    x, y = 600_000 + at, 3_470_001
    sites = gpd.GeoDataFrame(
        as_fields(site, SITE_FIELDS).assign(project_code=code, footprint_source="polygon"),
        geometry=[shapely.MultiPolygon([shapely.box(x, y, x + 100, y + 3)])], crs=4549,
    )  # fmt: skip
    return projects, sites, pd.DataFrame({"project_code": [code], "site_id": ["1"]})


FIRST = [
    ("A", 20, "2026-03-01", "2026-03-20"), ("B", 60, "2026-03-10", "2026-04-10"),
    ("C", 90, "2026-09-01", "2026-09-20"), ("D", 400, "2026-03-01", "2026-03-20"),
    ("E", 430, "2026-05-01", "2026-05-20"), ("F", 700, "2026-05-01", "2026-05-20"),
]  # fmt: skip


@pytest.fixture(scope="module")
def detected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store on which detection ran once."""
    path = tmp_path_factory.mktemp("redetection") / "town.gpkg"
    with create_store(path, crs=CRS(4549)) as store:
        with store.transaction("test") as change:
            change.put_roads(NETWORK, source="test")
            for row in FIRST:
                change.put_projects(*tables(*row))
        workflow.run_detection(store, Policy(), as_of=AS_OF, actor="test")
    return path


@pytest.fixture
def stores(detected: Path, tmp_path: Path) -> Any:
    """Return two equal stores on which detection ran once."""
    for name in ("one.gpkg", "two.gpkg"):
        shutil.copy(detected, tmp_path / name)
    with open_store(tmp_path / "one.gpkg") as one, open_store(tmp_path / "two.gpkg") as two:
        yield one, two


def told(store: Store) -> Any:
    """Return everything that a store holds of findings, as texts."""
    findings = store.read_findings()
    assert findings is not None
    return [
        pd.DataFrame(table.drop(columns="geometry"))
        .assign(place_wkb=table.geometry.to_wkb(hex=True))
        .to_csv()
        for table in (findings.table, findings.hotspots)
    ] + [findings.spans.to_csv(), findings.rules_run, findings.data_revision]


def edited(store: Store, *rows: Any, **fields: Any) -> None:
    with store.transaction("test") as change:
        for row in rows:
            change.put_projects(*tables(*row, **fields))


def looked_at_everything(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []

    def whole(*arguments: Any, **named: Any) -> Any:
        calls.append("detect")
        return detect(*arguments, **named)

    detect = redetection.detect
    monkeypatch.setattr(redetection, "detect", whole)
    return calls


def test_an_edit_ends_in_the_state_of_a_full_run(
    stores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = stores
    calls = looked_at_everything(monkeypatch)
    moves = [
        [("C", 90, "2026-03-15", "2026-04-01"), ("G", 720, "2026-06-15", "2026-07-01")],
        [("C", 90, "2027-01-15", "2027-02-01"), ("D", 410, "2026-05-10", "2026-05-30")],
    ]
    for rows in moves:
        for store in stores:
            edited(store, *rows)
        workflow.run_detection(one, Policy(), as_of=AS_OF, actor="test")
        assert calls == []
        workflow.run_detection(two, Policy(), as_of=AS_OF, actor="test", full=True)
        assert calls.pop() == "detect"
        assert told(one) == told(two)
    statuses = one.read_findings().table["status"]
    assert {"open", "cleared"} <= set(statuses)


def test_another_policy_day_or_table_is_a_full_run(
    stores: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores[0]
    calls = looked_at_everything(monkeypatch)
    workflow.run_detection(store, Policy(), as_of=AS_OF, actor="test")
    assert calls == []
    workflow.run_detection(store, Policy(), as_of=date(2026, 1, 2), actor="test")
    assert calls == ["detect"]
    workflow.run_detection(store, Policy(link_days=20), as_of=date(2026, 1, 2), actor="test")
    assert calls == ["detect"] * 2


def test_an_edit_by_another_program_is_seen(tmp_path: Path, stores: Any) -> None:
    """Another program writes to the file itself: the log tells, and only that is looked at."""
    one, two = stores
    for name in ("one.gpkg", "two.gpkg"):
        one.close()
        connection = sqlite3.connect(tmp_path / name)
        connection.execute("UPDATE projects SET stage = ? WHERE code = ?", ("withdrawn", "B"))
        connection.commit()
        connection.close()
    with open_store(tmp_path / "one.gpkg") as first:
        workflow.run_detection(first, Policy(), as_of=AS_OF, actor="test")
        workflow.run_detection(two, Policy(), as_of=AS_OF, actor="test", full=True)
        assert told(first) == told(two)
        table = first.read_findings().table
    assert not (table.loc[table["status"] == "open", ["project_a", "project_b"]] == "B").any(
        axis=None
    )
