"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import functools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import typer.testing
from hypothesis import settings
from pyproj import CRS

from coordination.city import City
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    HOTSPOT_COLUMNS,
    SPAN_COLUMNS,
    Findings,
    Provenance,
    RuleRun,
    finding_ids,
)
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data import geopackage_create
from geo.road_network import RoadNetwork

ROOT = Path(__file__).resolve().parent.parent

# The suite is the same every time; HYPOTHESIS_PROFILE=explore looks at new examples.
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session", autouse=True)
def commands_are_built_once() -> Iterator[None]:
    """Let typer's runner keep the commands, which it would build again for every call (0.1 s)."""
    built = functools.cache(typer.testing._get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", built)
        yield


@pytest.fixture(scope="session", autouse=True)
def empty_stores_are_copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the tables of an empty store once, by its own code, and copy them afterwards (0.2 s)."""
    made = tmp_path_factory.mktemp("empty") / "tables.gpkg"

    def layers(draft: Path) -> None:
        if not made.exists():
            make_layers(made)
            with closing(sqlite3.connect(made, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                run_steps(connection, after=0)
                connection.execute("COMMIT")
        shutil.copy(made, draft)

    make_layers, run_steps = geopackage_create._make_layers, geopackage_create.run_steps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geopackage_create, "_make_layers", layers)
        patch.setattr(geopackage_create, "run_steps", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data, or skip (fail where it is required)."""
    folder = Path(os.environ.get("DIGONCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        message = f"no real data at {folder} (set DIGONCE_TEST_DATA)"
        if os.environ.get("DIGONCE_REQUIRE_TEST_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def ogrinfo() -> str:
    """Return GDAL's command, or skip (fail where it is required)."""
    command = shutil.which("ogrinfo")
    if command is None:
        message = "no ogrinfo (Debian's gdal-bin)"
        if os.environ.get("DIGONCE_REQUIRE_GDAL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return command


@pytest.fixture(scope="session")
def meeting() -> Meeting:
    """Return a small city of two roads with what detection could say of it, written by hand.

    Cases: ``c1`` (water, gas, road works on 仓场路: three findings that hang together), ``c2`` (a
    project with hostile texts meets a confidential one on 博园路), ``c3`` (settled), and one
    project without a place.
    """
    return example_meeting()


@dataclass(frozen=True)
class Meeting:
    """What a report is made of."""

    city: City
    findings: Findings
    provenance: Provenance


EAST, NORTH = 620_000.0, 3_475_000.0
SCRIPT = "<script>document.title='owned'</script>"
FORMULA = '=HYPERLINK("http://example.invalid","click")'


def _strip(x0: float, y0: float, x1: float, y1: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(EAST + x0, NORTH + y0, EAST + x1, NORTH + y1)])


def example_meeting() -> Meeting:
    crs = CRS(4549)
    projects = as_fields(
        pd.DataFrame(
            [
                ["W1", "仓场路给水管改造", "给水公司", "pipeline", "rebuild", "annual_plan", 320.0, False],
                ["G1", "仓场路燃气管新建", "燃气公司", "pipeline", "new", "approved", 180.0, False],
                ["R1", "仓场路大修", "区交通委", "road", "major_repair", "reserve", 950.0, False],
                [FORMULA, SCRIPT, "<b>单位</b>", "lighting", "new", "proposed", None, False],
                ["S1", "机密光缆", "机要处", "pipeline", "new", "approved", 66.0, True],
                ["D1", "待定项目", "给水公司", "drainage", "new", "proposed", 10.0, False],
                ["T1", "博园路路灯", "区建设管理委", "lighting", "upkeep", "approved", 12.0, False],
            ],
            columns=[
                "code", "name", "owner_unit", "sector", "work_type", "stage", "cost_wan",
                "confidential",
            ],
        ).assign(contact="张三 13800000000"),
        PROJECT_FIELDS,
    ).assign(revision=1)  # fmt: skip
    rows = [
        ["W1", "W1-1", "仓场路", "open_cut", "2025-03-01", "2025-05-31", _strip(0, -4, 260, -1)],
        ["G1", "G1-1", "仓场路", "open_cut", "2025-04-15", "2025-06-30", _strip(80, -3, 340, 0)],
        ["R1", "R1-1", "仓场路", "surface", "2026-01-10", "2026-03-20", _strip(0, -6, 380, 6)],
        [
            FORMULA,
            "F-1",
            "博园路",
            "open_cut",
            "2025-05-05",
            "2025-05-25",
            _strip(402, 40, 404, 120),
        ],
        ["S1", "S1-1", "博园路", "open_cut", "2025-05-10", "2025-06-10", _strip(403, 60, 405, 180)],
        ["D1", "D1-1", None, "open_cut", None, None, None],
        ["T1", "T1-1", "博园路", "open_cut", "2025-09-01", "2025-09-20", _strip(398, 60, 400, 180)],
    ]
    names = ["project_code", "site_id", "road", "method", "start", "finish", "geometry"]
    raw = pd.DataFrame(rows, columns=names)
    raw["start"], raw["finish"] = pd.to_datetime(raw["start"]), pd.to_datetime(raw["finish"])
    sites = gpd.GeoDataFrame(
        as_fields(raw, SITE_FIELDS).assign(
            project_code=raw["project_code"].astype("str"), footprint_source="polygon"
        ),
        geometry=gpd.GeoSeries(raw["geometry"], crs=crs),
    )
    return Meeting(
        City(crs, projects, sites, network=_example_network(crs), data_revision=7),
        _example_findings(crs),
        Provenance(7, "default-1", "0.1.0", "2025-03-15", "2025-03-15T09:00:00+08:00"),
    )


def _example_network(crs: CRS) -> RoadNetwork:
    lines = [
        [(0, 0), (386, 0)], [(414, 0), (800, 0)], [(400, -300), (400, -14)], [(400, 14), (400, 300)],
    ]  # fmt: skip
    sections = gpd.GeoDataFrame(
        {
            "section_id": ["s1", "s2", "s3", "s4"],
            "road": ["仓场路", "仓场路", "博园路", "博园路"],
            "road_class": ["secondary", "secondary", "arterial", "arterial"],
            "width_m": [18.0, 18.0, 24.0, 24.0],
            "oneway": False,
            "named": True,
        },
        geometry=[shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in lines],
        crs=crs,
    )
    junctions = gpd.GeoDataFrame(
        {"junction_id": ["j1"], "name": ["仓场路/博园路"]},
        geometry=[shapely.box(EAST + 386, NORTH - 14, EAST + 414, NORTH + 14)],
        crs=crs,
    )
    return RoadNetwork(sections, junctions)


def _example_findings(crs: CRS) -> Findings:
    both = "两项工程在仓场路重叠。", "Two works meet on 仓场路."
    table = pd.DataFrame(
        [
            {
                "case_id": "c1", "rule": "concurrent_works", "severity": "high", "status": "open",
                "project_a": "G1", "project_b": "W1", "road": "仓场路", "section_id": "s1", "from_m": 80.0,
                "to_m": 260.0, "shared_length_m": 180.0, "shared_area_m2": 360.0, "distance_m": 0.0,
                "overlap_days": 47, "overlap_days_certain": 20, "likelihood": 1.0, "start": "2025-04-15",
                "finish": "2025-05-31", "impact_index": 3.25, "saving_low_wan": 5.04, "saving_mid_wan": 7.92,
                "saving_high_wan": 10.8, "level": "yellow", "severity_steps": "base:high side:-1 road:+1",
                "geometry": _strip(80, -3, 260, -1),
            },
            {
                "case_id": "c1", "rule": "repeat_excavation", "severity": "medium", "status": "notified",
                "project_a": "R1", "project_b": "W1", "road": "仓场路", "section_id": "s1", "from_m": 0.0,
                "to_m": 260.0, "shared_length_m": 260.0, "shared_area_m2": 780.0, "distance_m": 0.0,
                "gap_days": 224, "start": "2025-03-01", "finish": "2026-03-20", "impact_index": 2.5,
                "saving_low_wan": 6.0, "saving_mid_wan": 9.0, "saving_high_wan": 12.0,
                "geometry": _strip(0, -4, 260, -1),
            },
            {
                "case_id": "c1", "rule": "opportunity", "severity": "notice", "status": "open",
                "project_a": "G1", "project_b": "R1", "road": "仓场路", "section_id": "s1", "from_m": 80.0,
                "to_m": 340.0, "shared_length_m": 260.0, "shared_area_m2": 780.0, "distance_m": 0.0,
                "gap_days": 194, "start": "2025-04-15", "finish": "2026-03-20", "saving_low_wan": 4.0,
                "saving_mid_wan": 6.0, "saving_high_wan": 8.0, "geometry": _strip(80, -3, 340, 0),
            },
            {
                "case_id": "c2", "rule": "concurrent_works", "severity": "high", "status": "open",
                "project_a": FORMULA, "project_b": "S1", "road": "博园路", "section_id": "s4", "from_m": 46.0,
                "to_m": 106.0, "shared_length_m": 60.0, "shared_area_m2": 60.0, "distance_m": 0.0,
                "overlap_days": 16, "overlap_days_certain": 4, "likelihood": 0.6, "start": "2025-05-10",
                "finish": "2025-05-25", "reason_zh": SCRIPT, "reason_en": SCRIPT, "legal_basis": "=1+1",
                "geometry": _strip(403, 60, 404, 120),
            },
            {
                "case_id": "c3", "rule": "repeat_excavation", "severity": "medium", "status": "resolved",
                "project_a": FORMULA, "project_b": "T1", "road": "博园路", "section_id": "s4", "from_m": 46.0,
                "to_m": 106.0, "shared_length_m": 60.0, "gap_days": 99, "saving_low_wan": 1.0,
                "saving_mid_wan": 2.0, "saving_high_wan": 3.0, "geometry": None,
            },
            {
                "case_id": "c4", "rule": "incomplete_data", "severity": "notice", "status": "open",
                "project_a": "D1", "reason_zh": "缺少作业范围。", "reason_en": "No footprint.", "geometry": None,
            },
            {
                "case_id": "c5", "rule": "concurrent_works", "severity": "high", "status": "cleared",
                "project_a": "D1", "project_b": "T1", "road": "博园路", "geometry": None,
            },
        ],
        columns=[*FINDING_COLUMNS, *DETAIL_COLUMNS, "geometry"],
    )  # fmt: skip
    for name in ("start", "finish"):
        table[name] = pd.to_datetime(table[name])
    table = table.astype(dict.fromkeys(DETAIL_COLUMNS, "str"))
    for name, sentence in zip(("reason_zh", "reason_en"), both, strict=True):
        table[name] = table[name].fillna(sentence)
    table["place"] = table["section_id"].map(lambda section: "section" if section else None)
    table["finding_id"] = [
        finding_ids(row.rule, pd.Series([row.project_a]), pd.Series([row.project_b]),
                    pd.Series([row.road]))[0]
        for row in table.itertuples()
    ]  # fmt: skip
    located = table[table["section_id"].notna()]
    spans = located[["finding_id", "road", "section_id", "from_m", "to_m"]].assign(side="right")
    line = shapely.LineString([(EAST, NORTH), (EAST + 386, NORTH)])
    hotspots = gpd.GeoDataFrame(
        [
            ["仓场路", "s1", 80.0, 260.0, 3, 3, 14.0, 540.0, "W1 G1 R1"],
            ["仓场路", "s1", 0.0, 80.0, 2, 2, 224.0, 160.0, "W1 R1"],
            ["博园路", "s4", 46.0, 106.0, 2, 2, 16.0, 120.0, "S1 T1"],
        ],
        columns=list(HOTSPOT_COLUMNS),
        geometry=[shapely.segmentize(line, 500)] * 3,
        crs=crs,
    )
    ran = ("concurrent_works", "repeat_excavation", "opportunity", "duplicate_project",
           "incomplete_data")  # fmt: skip
    return Findings(
        gpd.GeoDataFrame(table, geometry="geometry", crs=crs),
        spans[list(SPAN_COLUMNS)].reset_index(drop=True),
        hotspots,
        (
            *(RuleRun(rule, ran=True, found=int((table["rule"] == rule).sum())) for rule in ran),
            RuleRun("no_dig_period", ran=False, missing=("ledger",)),
            RuleRun("wrong_order", ran=False, missing=("not_built",)),
        ),
        np.datetime64("2025-03-15"),
        "default-1",
        7,
    )
