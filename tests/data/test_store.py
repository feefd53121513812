"""The store by itself: what goes in comes out, unchanged is unchanged, everything is logged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal
from pyproj import CRS

from coordination.faults import DigonceError, StoreError, UsageError
from coordination.findings import (
    DETAIL_COLUMNS,
    FINDING_COLUMNS,
    HOTSPOT_COLUMNS,
    SPAN_COLUMNS,
    Findings,
    RuleRun,
)
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.geopackage_store import GeopackageStore, create_store, open_store
from data.store import DamagedStoreError
from geo.road_network import RoadNetwork

METRIC = CRS(4549)
ODD_TEXTS = [
    "墨玉路雨水管",
    "👷🏽‍♀️ 🚧",
    'O\'Brien "quoted"; DROP TABLE projects; --',
    "a\nb\tc\\",
    "",
]


def projects_of(*codes: str, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"code": list(codes), **columns})


def sites_of(*codes: str, shift_m: float = 0.0, **columns: object) -> gpd.GeoDataFrame:
    """One square of 10 m per code; a code that comes again is a further site."""
    east = 520_000 + shift_m + 100.0 * np.arange(len(codes))
    numbers = pd.Series(codes).groupby(list(codes)).cumcount() + 1
    return gpd.GeoDataFrame(
        {"project_code": list(codes), "site_id": numbers.astype(str).tolist(), **columns},
        geometry=shapely.box(east, 3_470_000, east + 10, 3_470_010),
        crs=METRIC,
    )


def filings_of(sites: gpd.GeoDataFrame, source_file: str = "plan.geojson") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "project_code": sites["project_code"],
            "site_id": sites["site_id"],
            "source_file": source_file,
            "source_row": np.arange(1, len(sites) + 1),
            "geometry_type": "Polygon",
            "crs": "EPSG:4549",
            "wkb": shapely.to_wkb(sites.geometry.to_numpy()),
            "row_json": '{"项目名称": "x"}',
        }
    )


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.gpkg"
    create_store(path, crs=METRIC).close()
    return path


@pytest.fixture
def store(tmp_path: Path, blank: Path) -> Iterator[GeopackageStore]:
    path = tmp_path / "town.gpkg"
    shutil.copyfile(blank, path)
    with GeopackageStore(path) as store:
        yield store


@pytest.fixture
def filled(store: GeopackageStore) -> GeopackageStore:
    sites = sites_of("A", "A", "B")
    with store.transaction("importer") as transaction:
        transaction.put_projects(projects_of("A", "B"), sites, filings_of(sites))
    return store


def findings_of(*ids: str, status: str = "open", severity: str = "high") -> Findings:
    count = len(ids)
    numbers = dict.fromkeys(
        ("from_m", "to_m", "shared_length_m", "shared_area_m2", "distance_m", "overlap_days",
         "overlap_days_certain", "gap_days", "likelihood", "impact_index", "saving_low_wan",
         "saving_mid_wan", "saving_high_wan"),
    )  # fmt: skip
    table = gpd.GeoDataFrame(
        {
            name: ids
            if name == "finding_id"
            else pd.Series(1.5, index=range(count))
            if name in numbers
            else pd.Series(pd.Timestamp("2025-03-01"), index=range(count))
            if name in ("start", "finish")
            else f"{name} 中文"
            for name in (*FINDING_COLUMNS, *DETAIL_COLUMNS)
        },
        geometry=[shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])] * count,
        crs=METRIC,
    ).assign(status=status, severity=severity, project_a="A", project_b="B")
    table["gap_days"] = np.nan
    spans = pd.DataFrame(
        {"finding_id": ids, "road": "墨玉路", "section_id": "s1", "from_m": 0.0, "to_m": 5.5,
         "side": "left"},
        columns=list(SPAN_COLUMNS),
    )  # fmt: skip
    hotspots = gpd.GeoDataFrame(
        [["墨玉路", "s1", 0.0, 50.0, 2, 3, np.nan, 120.0, "A B"]],
        columns=list(HOTSPOT_COLUMNS),
        geometry=[shapely.LineString([(0, 0), (50, 0)])],
        crs=METRIC,
    )
    return Findings(
        table=table,
        spans=spans,
        hotspots=hotspots,
        rules_run=(
            RuleRun("concurrent_works", ran=True, found=count),
            RuleRun("no_dig_period", ran=False, missing=("ledger", "network")),
        ),
        as_of=np.datetime64("2025-03-01"),
        policy_version="default-1",
        data_revision=1,
    )


def network_of(*ids: str) -> RoadNetwork:
    count = len(ids)
    east = 520_000 + 100.0 * np.arange(count)
    sections = gpd.GeoDataFrame(
        {
            "section_id": list(ids),
            "road": "墨玉路",
            "road_class": "local",
            "width_m": 10.0,
            "oneway": np.arange(count) % 2 == 0,
            "node_from": "n1",
            "node_to": "n2",
            "trim_from_m": 8.0,
            "trim_to_m": 0.0,
            "named": True,
            "level": pd.array([1] * count, dtype="Int64"),
        },
        geometry=[shapely.LineString([(x, 3.47e6), (x + 90, 3.47e6)]) for x in east],
        crs=METRIC,
    )
    junctions = gpd.GeoDataFrame(
        {"junction_id": ["n1"], "name": ["墨玉路/民丰路"]},
        geometry=[shapely.box(520_090, 3.47e6, 520_100, 3.47e6 + 10)],
        crs=METRIC,
    )
    return RoadNetwork(sections, junctions)


def test_an_empty_store_says_what_it_is(store: GeopackageStore) -> None:
    info = store.info()
    assert (info.schema_version, info.data_revision, info.log_revision) == (4, 0, 0)
    assert info.crs == METRIC
    assert info.time_zone == "Asia/Shanghai"
    assert info.as_of is None
    city = store.read_city()
    assert len(city.projects) == len(city.sites) == 0
    assert (
        city.network is city.ledger is city.restrictions is city.boundaries is city.assets is None
    )
    assert store.read_findings() is None
    assert list(store.changes()) == []


def test_every_kind_of_value_comes_back_as_it_was(store: GeopackageStore) -> None:
    count = len(ODD_TEXTS)
    values: dict[str, object] = {
        "text": ODD_TEXTS,
        "number": [0.1, -1e300, np.nan, 5.0, 1 / 3],
        "integer": pd.array([1, None, -(2**62), 0, 2**53 + 1], dtype="Int64"),
        "date": pd.to_datetime(
            ["2025-03-01", None, "1970-01-01", "0999-12-31", "9999-12-31"]
        ).astype("datetime64[us]"),
        "flag": pd.array([True, False, None, True, False], dtype="boolean"),
    }
    projects = pd.DataFrame(
        {
            field.name: [field.codes[0], None, field.codes[-1], None, None]
            if field.kind == "code"
            else values[field.kind]
            for field in PROJECT_FIELDS
        }
    ).assign(code=["A1", "项目", "c'3", "🚧", "E 5"])
    sites = gpd.GeoDataFrame(
        {
            field.name: [field.codes[0], None, field.codes[-1], None, None]
            if field.kind == "code"
            else values[field.kind]
            for field in SITE_FIELDS
        },
        geometry=[
            shapely.box(520_000.125, 3_470_000.1, 520_010, 3_470_020),
            None,
            shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
            shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2),
            None,
        ],
        crs=METRIC,
    ).assign(
        project_code=["A1", "A1", "项目", "🚧", "E 5"],
        site_id=["1", "2", None, "1", "甲"],
        footprint_source=["polygon", None, "line", "point", "text"],
    )
    with store.transaction("importer") as transaction:
        outcome = transaction.put_projects(projects, sites, filings_of(sites.iloc[:0]))
    assert outcome.new == ("A1", "项目", "c'3", "🚧", "E 5")
    city = store.read_city()
    assert_frame_equal(city.projects.drop(columns="revision"), as_fields(projects, PROJECT_FIELDS))
    assert city.projects["revision"].tolist() == [1] * count
    expected = as_fields(sites, SITE_FIELDS).iloc[[0, 1, 2, 3, 4]]
    assert_frame_equal(
        pd.DataFrame(city.sites[[field.name for field in SITE_FIELDS]]), pd.DataFrame(expected)
    )
    assert city.sites["project_code"].tolist() == ["A1", "A1", "项目", "🚧", "E 5"]
    assert city.sites.crs == METRIC
    assert city.sites.geometry.isna().tolist() == [False, True, False, False, True]
    for position in (0, 2, 3):
        assert city.sites.geometry[position].geom_type == "MultiPolygon"
        assert shapely.equals_exact(
            shapely.normalize(city.sites.geometry[position]),
            shapely.normalize(shapely.multipolygons(shapely.get_parts(sites.geometry[position]))),
            tolerance=0,
        )


def test_the_same_import_twice_makes_no_revision(filled: GeopackageStore) -> None:
    sites = sites_of("A", "A", "B")
    size = len(filled.changes())
    with filled.transaction("importer") as transaction:
        outcome = transaction.put_projects(
            projects_of("A", "B"), sites, filings_of(sites, source_file="renamed.geojson")
        )
    assert outcome.unchanged == ("A", "B")
    assert outcome.new == outcome.changed == ()
    assert outcome.revision == 1
    assert filled.info().data_revision == 1
    assert len(filled.changes()) == size


def test_a_changed_project_replaces_its_sites_and_leaves_others_alone(
    filled: GeopackageStore,
) -> None:
    sites = sites_of("A", shift_m=5)
    with filled.transaction("zhang") as transaction:
        outcome = transaction.put_projects(projects_of("A"), sites, filings_of(sites))
    assert outcome.changed == ("A",)
    assert outcome.revision == 2
    city = filled.read_city()
    assert city.projects[["code", "revision"]].to_numpy().tolist() == [["A", 2], ["B", 1]]
    assert city.sites["project_code"].tolist() == ["A", "B"]
    assert filled.filings()["project_code"].tolist() == ["B", "A"]
    (change,) = filled.changes(since=1)
    assert (change.table, change.key, change.action, change.actor) == (
        "projects", "A", "update", "zhang",
    )  # fmt: skip
    assert change.before is not None
    assert change.after is not None
    assert [site["site_id"] for site in change.before["sites"]] == ["1", "2"]  # type: ignore[attr-defined]
    assert [site["site_id"] for site in change.after["sites"]] == ["1"]  # type: ignore[attr-defined]
    assert change.at.endswith("Z")


@pytest.mark.parametrize(
    "change", ["field", "site_field", "footprint", "fewer_sites", "filed_geometry", "site_order"]
)
def test_any_difference_counts_as_a_change(filled: GeopackageStore, change: str) -> None:
    projects, sites = projects_of("A"), sites_of("A", "A")
    filings = filings_of(sites)
    if change == "field":
        projects["remark"] = "待定"
    elif change == "site_field":
        sites["width_m"] = [np.nan, 2.5]
    elif change == "footprint":
        sites.geometry = sites.geometry.translate(xoff=1e-6)
    elif change == "fewer_sites":
        sites, filings = sites.iloc[:1], filings.iloc[:1]
    elif change == "filed_geometry":
        filings["wkb"] = [filings["wkb"][0], b"\x01\x02"]
    else:
        sites = sites.iloc[::-1].reset_index(drop=True)
    with filled.transaction("importer") as transaction:
        outcome = transaction.put_projects(projects, gpd.GeoDataFrame(sites), filings)
    assert outcome.changed == ("A",)


def test_filings_keep_geometry_as_it_was_filed(filled: GeopackageStore) -> None:
    filings = filled.filings()
    assert filings["source_row"].tolist() == [1, 2, 3]
    assert shapely.from_wkb(filings["wkb"][2]).equals(shapely.box(520200, 3470000, 520210, 3470010))
    assert filings["row_json"][0] == '{"项目名称": "x"}'


def test_what_does_not_belong_together_is_a_mistake_of_ours(store: GeopackageStore) -> None:
    nothing = filings_of(sites_of("A").iloc[:0])
    with pytest.raises(ValueError, match="not given: 'B'"), store.transaction("x") as transaction:
        transaction.put_projects(projects_of("A"), sites_of("B"), nothing)
    with pytest.raises(ValueError, match="code of its own"), store.transaction("x") as transaction:
        transaction.put_projects(projects_of("A", "A"), sites_of("A"), nothing)
    line = sites_of("A").set_geometry([shapely.LineString([(0, 0), (1, 1)])], crs=METRIC)
    with pytest.raises(ValueError, match="LineString"), store.transaction("x") as transaction:
        transaction.put_projects(projects_of("A"), line, nothing)
    assert store.info().log_revision == 0
    store.verify()


def test_roads_come_back_as_sections_and_junctions(store: GeopackageStore) -> None:
    network = network_of("s1", "s2", "s3")
    network.sections["source_id"] = [7, 8, 9]
    with store.transaction("importer") as transaction:
        outcome = transaction.put_roads(network, source="roads.geojson")
    assert outcome.new == ("s1", "s2", "s3")
    read = store.read_city().network
    assert read is not None
    assert_geodataframe_equal(read.sections, network.sections, check_like=True, check_dtype=False)
    assert read.sections["oneway"].dtype == bool
    assert_geodataframe_equal(read.junctions, network.junctions, check_like=True, check_dtype=False)
    with store.transaction("importer") as transaction:
        outcome = transaction.put_roads(network, source="roads.geojson")
    assert outcome.unchanged == ("s1", "s2", "s3")
    assert store.info().data_revision == 1


def test_roads_are_replaced_as_a_whole(store: GeopackageStore) -> None:
    with store.transaction("importer") as transaction:
        transaction.put_roads(network_of("s1", "s2"), source="a")
    with store.transaction("importer") as transaction:
        outcome = transaction.put_roads(network_of("s1", "s3"), source="a")
    assert (outcome.new, outcome.unchanged) == (("s3",), ("s1",))
    read = store.read_city().network
    assert read is not None
    assert read.sections["section_id"].tolist() == ["s1", "s3"]
    logged = [(change.key, change.action) for change in store.changes(since=1)]
    assert logged == [("s3", "insert"), ("s2", "delete")]


def test_never_imported_is_not_the_same_as_empty(store: GeopackageStore) -> None:
    empty = gpd.GeoDataFrame({"ledger_id": []}, geometry=[], crs=METRIC)
    assert store.read_city().ledger is None
    with store.transaction("importer") as transaction:
        transaction.put_ledger(empty)
    ledger = store.read_city().ledger
    assert ledger is not None
    assert len(ledger) == 0
    assert store.info().data_revision == 1


def test_ledger_rows_are_added_and_replaced_by_id(store: GeopackageStore) -> None:
    ledger = gpd.GeoDataFrame(
        {
            "ledger_id": ["l1", "l2"],
            "road": ["墨玉路", None],
            "kind": ["opening", "resurfacing"],
            "day": pd.to_datetime(["2024-01-05", None]),
            "工程量": [12, 15],
        },
        geometry=[shapely.box(0, 0, 1, 1), None],
        crs=METRIC,
    )
    with store.transaction("importer") as transaction:
        transaction.put_ledger(ledger)
    with store.transaction("importer") as transaction:
        outcome = transaction.put_ledger(ledger.assign(road=["墨玉路", "民丰路"]).iloc[1:])
    assert outcome.changed == ("l2",)
    read = store.read_city().ledger
    assert read is not None
    assert read["road"].tolist() == ["墨玉路", "民丰路"]
    assert read["day"].tolist() == [pd.Timestamp("2024-01-05"), pd.NaT]
    assert read["工程量"].tolist() == [12, 15]
    assert read.geometry.isna().tolist() == [False, True]


def test_assets_may_be_areas_lines_and_points(store: GeopackageStore) -> None:
    assets = gpd.GeoDataFrame(
        {"asset_id": ["tree", "cable", "metro"], "kind": ["tree", "line", "metro"]},
        geometry=[
            shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1)
        ],
        crs=METRIC,
    )  # fmt: skip
    with store.transaction("importer") as transaction:
        transaction.put_layer("assets", assets)
    with store.transaction("importer") as transaction:
        outcome = transaction.put_layer(
            "assets", assets.iloc[:1].set_geometry([shapely.Point(1, 2).buffer(3)], crs=METRIC)
        )
    assert outcome.new == ("tree",)
    read = store.read_city().assets
    assert read is not None
    kinds = dict(zip(read["asset_id"], read.geometry.geom_type, strict=True))
    assert kinds == {"tree": "MultiPolygon", "cable": "MultiLineString", "metro": "MultiPolygon"}


@pytest.mark.parametrize(
    ("kind", "key"), [("restrictions", "restriction_id"), ("boundaries", "boundary_id")]
)
def test_other_layers_are_put_by_their_id(store: GeopackageStore, kind: str, key: str) -> None:
    rows = gpd.GeoDataFrame(
        {key: ["1", "2"], "name": ["春节", "F1"]},
        geometry=[shapely.box(0, 0, 1, 1)] * 2,
        crs=METRIC,
    )
    with store.transaction("importer") as transaction:
        transaction.put_layer(kind, rows)  # type: ignore[arg-type]
    read = getattr(store.read_city(), kind)
    assert read["name"].tolist() == ["春节", "F1"]
    assert read[key].tolist() == ["1", "2"]


def test_findings_come_back_whole_and_in_order(filled: GeopackageStore) -> None:
    findings = findings_of("f2", "f1")
    with filled.transaction("detect", expect_revision=1) as transaction:
        transaction.put_findings(findings)
    read = filled.read_findings()
    assert read is not None
    assert_geodataframe_equal(read.table, findings.table, check_dtype=False)
    assert read.table["finding_id"].tolist() == ["f2", "f1"]
    assert read.table["overlap_days"].dtype == "float64"
    assert_frame_equal(read.spans, findings.spans, check_dtype=False)
    assert_geodataframe_equal(read.hotspots, findings.hotspots, check_dtype=False)
    assert read.rules_run == findings.rules_run
    assert read.as_of == np.datetime64("2025-03-01")
    assert (read.policy_version, read.data_revision) == ("default-1", 1)


def test_findings_move_the_log_but_not_the_data(filled: GeopackageStore) -> None:
    for _ in range(2):
        with filled.transaction("detect", expect_revision=1) as transaction:
            transaction.put_findings(findings_of("f1", "f2"))
        info = filled.info()
        assert (info.data_revision, info.log_revision) == (1, 2)
        assert filled.read_city().data_revision == 1
    with filled.transaction("detect", expect_revision=1) as transaction:
        transaction.put_findings(findings_of("f2", severity="medium"))
    logged = [
        (change.key, change.action) for change in filled.changes(2) if change.table == "findings"
    ]
    assert logged == [("f2", "update"), ("f1", "delete")]


def test_a_decision_sets_the_status_and_stays(filled: GeopackageStore) -> None:
    with filled.transaction("detect") as transaction:
        transaction.put_findings(findings_of("f1", "f2"))
    decision = {
        "status": "resolved", "note": "同步实施", "agreed_item": None, "deadline": date(2025, 6, 1)
    }  # fmt: skip
    with filled.transaction("li", expect_revision=1) as transaction:
        transaction.put_decision("f1", decision)
    with filled.transaction("detect") as transaction:
        transaction.put_findings(findings_of("f2"))
    read = filled.read_findings()
    assert read is not None
    assert read.table["finding_id"].tolist() == ["f2"]
    decisions = filled.decisions()
    row = decisions.iloc[0]
    assert (row["finding_id"], row["status"], row["actor"]) == ("f1", "resolved", "li")
    assert (row["note"], row["deadline"], row["revision"]) == ("同步实施", "2025-06-01", 3)
    assert '"policy_version": "default-1"' in row["state"]
    assert '"severity": "high"' in row["state"]
    assert filled.info().data_revision == 3
    with pytest.raises(UsageError) as refused, filled.transaction("li") as transaction:
        transaction.put_decision("f9", decision)
    assert refused.value.key == "store.no_such_finding"
    with pytest.raises(ValueError, match="unknown status"), filled.transaction("li") as transaction:
        transaction.put_decision("f2", {"status": "done"})


def test_a_decision_shows_in_the_findings(filled: GeopackageStore) -> None:
    with filled.transaction("detect") as transaction:
        transaction.put_findings(findings_of("f1", "f2"))
    with filled.transaction("li") as transaction:
        transaction.put_decision("f2", {"status": "negotiating"})
    read = filled.read_findings()
    assert read is not None
    assert read.table["status"].tolist() == ["open", "negotiating"]


def test_a_check_is_kept_as_evidence(filled: GeopackageStore) -> None:
    answer = {"verdict": "clear", "findings": [], "说明": "无"}
    with filled.transaction("machine") as transaction:
        transaction.put_check("c1", policy_version="default-1", request={"a": 1}, answer=answer)
    assert filled.read_check("c1") == answer
    assert filled.read_check("c2") is None
    assert filled.info().log_revision == 1


def test_the_pinned_day_is_kept_and_logged(store: GeopackageStore) -> None:
    with store.transaction("demo") as transaction:
        transaction.set_as_of(date(2025, 3, 1))
    assert store.info().as_of == date(2025, 3, 1)
    with store.transaction("demo") as transaction:
        transaction.set_as_of(None)
    assert store.info().as_of is None
    assert [change.key for change in store.changes()] == ["as_of", "as_of"]


def test_the_log_is_cut_between_revisions(filled: GeopackageStore) -> None:
    with filled.transaction("demo") as transaction:
        transaction.set_as_of(date(2025, 3, 1))
    assert [change.revision for change in filled.changes()] == [1, 1, 2]
    assert [change.revision for change in filled.changes(limit=1)] == [1, 1]
    assert [change.revision for change in filled.changes(limit=3)] == [1, 1, 2]
    assert [change.revision for change in filled.changes(since=1, limit=1)] == [2]
    assert filled.changes(since=2, limit=1) == []


def test_a_closed_store_is_not_used_any_more(filled: GeopackageStore) -> None:
    filled.close()
    with pytest.raises(ValueError, match="closed"):
        filled.info()
    filled.close()


def test_stage_moves_are_events(filled: GeopackageStore) -> None:
    sites = sites_of("A", "A")
    for stage in ("proposed", "approved", "approved"):
        with filled.transaction("zhang") as transaction:
            transaction.put_projects(projects_of("A", stage=stage), sites, filings_of(sites))
    with filled._snapshot() as connection:
        events = connection.execute(
            "SELECT revision, actor, stage_from, stage_to FROM stage_events"
        ).fetchall()
    assert events == [(2, "zhang", None, "proposed"), (3, "zhang", "proposed", "approved")]


def test_an_exception_leaves_nothing_behind(filled: GeopackageStore) -> None:
    sites = sites_of("C")

    def fail_at_the_end() -> None:
        with filled.transaction("importer") as transaction:
            transaction.put_projects(projects_of("C"), sites, filings_of(sites))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    assert filled.read_city().projects["code"].tolist() == ["A", "B"]
    assert filled.info().log_revision == 1
    with filled.transaction("importer") as transaction:
        assert transaction.revision == 2


def test_data_that_moved_on_is_told(filled: GeopackageStore) -> None:
    for expected in (0, 2):
        with (
            pytest.raises(StoreError) as moved,
            filled.transaction("x", expect_revision=expected),
        ):
            pass
        assert moved.value.key == "store.moved"
    with filled.transaction("x", expect_revision=1) as transaction:
        assert transaction.revision == 2


# ---- coordinate systems --------------------------------------------------------------------------


def test_the_first_geometry_chooses_the_crs(tmp_path: Path) -> None:
    with create_store(tmp_path / "town.gpkg") as store:
        assert store.info().crs is None
        no_place = sites_of("A").set_geometry(gpd.GeoSeries([None]))
        with store.transaction("importer") as transaction:
            transaction.put_projects(projects_of("A"), no_place, filings_of(no_place.iloc[:0]))
        assert store.info().crs is None
        city = store.read_city()
        assert city.sites.geometry.isna().tolist() == [True]
        assert city.crs == city.sites.crs == CRS(4549)
        with store.transaction("importer") as transaction:
            transaction.put_roads(network_of("s1"), source="x")
        assert store.info().crs == METRIC
        other = sites_of("A").set_crs(32651, allow_override=True)
        with pytest.raises(UsageError) as fixed, store.transaction("importer") as transaction:
            transaction.put_projects(projects_of("A"), other, filings_of(other))
        assert fixed.value.key == "store.crs_fixed"
        assert "EPSG:4549" in fixed.value.text("zh")


def test_an_empty_store_may_change_its_crs(store: GeopackageStore) -> None:
    with store.transaction("x") as transaction:
        transaction.set_crs(CRS(2154))
    assert store.info().crs == CRS(2154)


def test_a_crs_of_ones_own_comes_back(tmp_path: Path) -> None:
    local = CRS.from_proj4(
        "+proj=tmerc +lon_0=121.4667 +lat_0=31.23 +ellps=GRS80 +units=m +type=crs"
    )
    path = tmp_path / "town.gpkg"
    create_store(path, crs=local).close()
    with open_store(path) as store:
        assert store.info().crs == local
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(
            "SELECT s.organization, s.srs_id >= 100000 FROM gpkg_contents c"
            " JOIN gpkg_spatial_ref_sys s USING (srs_id) WHERE c.table_name = 'sites'"
        ).fetchone()
    assert row == ("NONE", 1)


@pytest.mark.parametrize("crs", [4326, 2263])  # degrees, feet
def test_a_crs_that_is_not_in_metres_is_refused(tmp_path: Path, crs: int) -> None:
    with pytest.raises(UsageError) as refused:
        create_store(tmp_path / "town.gpkg", crs=CRS(crs))
    assert refused.value.key == "store.crs_not_metric"
    assert list(tmp_path.iterdir()) == []


# ---- files ---------------------------------------------------------------------------------------


def refused_key(path: str | Path) -> str:
    with pytest.raises(DigonceError) as refused:
        open_store(path)
    for lang in ("zh", "en"):
        assert refused.value.text(lang)
    return refused.value.key


def test_what_is_no_store_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.gpkg").write_text("no database at all" * 100)
    (tmp_path / "empty.gpkg").touch()
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4326).to_file(
        tmp_path / "foreign.gpkg"
    )
    before = (tmp_path / "foreign.gpkg").read_bytes()
    assert refused_key(tmp_path / "missing.gpkg") == "store.missing"
    assert refused_key(tmp_path) == "store.directory"
    assert refused_key(tmp_path / "text.gpkg") == "store.not_a_store"
    assert refused_key(tmp_path / "empty.gpkg") == "store.foreign"
    assert refused_key(tmp_path / "foreign.gpkg") == "store.foreign"
    assert refused_key("postgresql://localhost/town") == "store.postgis_not_built"
    assert (tmp_path / "foreign.gpkg").read_bytes() == before


def test_a_newer_store_is_refused_by_name(filled: GeopackageStore) -> None:
    filled.close()
    with closing(sqlite3.connect(filled.path)) as connection:
        connection.execute("INSERT INTO schema_versions VALUES (99, 'future', '2030-01-01')")
        connection.commit()
    assert refused_key(filled.path) == "store.newer"


def test_a_truncated_store_is_refused(filled: GeopackageStore) -> None:
    filled.close()
    content = filled.path.read_bytes()
    filled.path.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    with pytest.raises(StoreError) as refused, open_store(filled.path) as store:
        store.verify()
    assert refused.value.key in {"store.corrupt", "store.damaged"}


def test_a_new_store_never_overwrites(filled: GeopackageStore) -> None:
    with pytest.raises(StoreError) as refused:
        create_store(filled.path)
    assert refused.value.key == "store.exists"
    with pytest.raises(StoreError) as refused:
        filled.backup(filled.path)
    assert refused.value.key == "store.exists"
    with pytest.raises(StoreError) as refused:
        create_store(filled.path.parent / "nowhere" / "x.gpkg")
    assert refused.value.key == "store.no_folder"
    with pytest.raises(UsageError) as unknown:
        create_store(filled.path.parent / "x.gpkg", time_zone="Mars/Olympus")
    assert unknown.value.key == "store.bad_time_zone"


def test_closing_leaves_one_whole_file(filled: GeopackageStore, tmp_path: Path) -> None:
    filled.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["town.gpkg"]
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(filled.path.read_bytes())
    with open_store(copy) as store:
        assert store.read_city().projects["code"].tolist() == ["A", "B"]
        store.verify()


def test_a_path_with_odd_characters_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "嘉定 50% #1?.gpkg"
    create_store(path, crs=METRIC).close()
    with open_store(path) as store:
        assert store.info().crs == METRIC
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_open_makes_a_store_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    assert refused_key(path) == "store.missing"
    with open_store(path, create=True) as store:
        assert store.info().crs is None
    with open_store(path, create=True) as store:
        assert store.info().data_revision == 0


def test_a_backup_is_a_store_of_its_own(filled: GeopackageStore, tmp_path: Path) -> None:
    filled.backup(tmp_path / "backup.gpkg")
    sites = sites_of("C")
    with filled.transaction("importer") as transaction:
        transaction.put_projects(projects_of("C"), sites, filings_of(sites))
    with open_store(tmp_path / "backup.gpkg") as copy:
        assert copy.read_city().projects["code"].tolist() == ["A", "B"]
        copy.verify()
        assert [change.key for change in copy.changes()] == ["A", "B"]


def test_verify_names_what_is_wrong(filled: GeopackageStore) -> None:
    filled.verify()
    with filled._borrow() as connection:
        connection.execute("DELETE FROM rtree_sites_geom WHERE id = 1")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE write_state SET ours = 1, log_revision = 7")
        connection.execute("DELETE FROM projects WHERE code = 'B'")
    with pytest.raises(DamagedStoreError) as damaged:
        filled.verify()
    assert {problem.key for problem in damaged.value.problems} == {
        "store.verify.index", "store.verify.foreign_key", "store.verify.guard", "store.verify.log",
    }  # fmt: skip
    assert (
        len(damaged.value.text("en").splitlines()) == 1 + 5
    )  # a site and a filing lost their project
    assert "空间索引" in damaged.value.text("zh")
