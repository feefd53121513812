"""What GDAL, and through it QGIS, sees and does: reading, filtering, and edits that are logged."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from data.geopackage_geometry import encode
from data.geopackage_schema import LAYERS, TABLES
from data.geopackage_store import GeopackageStore, create_store
from geo.road_network import RoadNetwork

METRIC = CRS(4549)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 60 projects in a row, 10 m squares 100 m apart, two sections and a finished work."""
    path = tmp_path_factory.mktemp("original") / "town.gpkg"
    count = 60
    codes = [f"P{number:02d}" for number in range(count)]
    east = 520_000 + 100.0 * np.arange(count)
    sites = gpd.GeoDataFrame(
        {
            "project_code": codes,
            "site_id": "1",
            "road": "墨玉路",
            "start": pd.Timestamp("2025-03-01"),
        },
        geometry=shapely.box(east, 3_470_000, east + 10, 3_470_010),
        crs=METRIC,
    )
    projects = pd.DataFrame({"code": codes, "name": "雨水管 🚧", "fixed": True, "cost_wan": 12.5})
    sections = gpd.GeoDataFrame(
        {"section_id": ["s1", "s2"], "road": "墨玉路", "oneway": False, "named": True},
        geometry=[shapely.LineString([(x, 3.47e6), (x + 90, 3.47e6)]) for x in (520_000, 520_100)],
        crs=METRIC,
    )
    junctions = gpd.GeoDataFrame({"junction_id": ["n1"]}, geometry=[sites.geometry[0]], crs=METRIC)
    ledger = gpd.GeoDataFrame(
        {"ledger_id": ["l1"], "kind": "opening"}, geometry=[sites.geometry[0]], crs=METRIC
    )
    with create_store(path, crs=METRIC) as store, store.transaction("importer") as transaction:
        transaction.put_projects(projects, sites, pd.DataFrame({"project_code": codes}))
        transaction.put_roads(RoadNetwork(sections, junctions), source="roads.geojson")
        transaction.put_ledger(ledger)
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(original, tmp_path / "town.gpkg"))


@pytest.fixture
def store(path: Path) -> Iterator[GeopackageStore]:
    """An open store: other programs work on its file in other processes only."""
    with GeopackageStore(path) as store:
        yield store


def elsewhere(script: str, *arguments: object) -> str:
    """Run Python in another process, with its own SQLite, and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


READ_LAYERS = """
import sys, pyogrio
for name, kind in pyogrio.list_layers(sys.argv[1]):
    info = pyogrio.read_info(sys.argv[1], layer=name, force_feature_count=True)
    rows = pyogrio.read_dataframe(sys.argv[1], layer=name)
    assert len(rows) == info["features"]
    print(name, kind, info["crs"], info["features"], sep="|")
"""


def test_gdal_reads_every_layer(store: GeopackageStore, path: Path) -> None:
    lines = [line.split("|") for line in elsewhere(READ_LAYERS, path).splitlines()]
    assert {line[0] for line in lines} == {table.name for table in TABLES}
    found = {name: (kind, crs, int(count)) for name, kind, crs, count in lines}
    assert found["sites"] == ("MultiPolygon", "EPSG:4549", 60)
    assert found["projects"] == ("None", "None", 60)
    assert found["road_sections"] == ("MultiLineString", "EPSG:4549", 2)
    assert {found[layer.name][1] for layer in LAYERS} == {"EPSG:4549"}


READ_BOX = """
import sys, pyogrio
rows = pyogrio.read_dataframe(
    sys.argv[1], layer="sites", bbox=(520095, 3469990, 520305, 3470020), use_arrow=False)
print(",".join(rows["project_code"]), rows["start"].iloc[0].date())
"""


def test_gdal_filters_with_our_index(store: GeopackageStore, path: Path) -> None:
    assert elsewhere(READ_BOX, path) == "P01,P02,P03 2025-03-01"
    with store._borrow() as connection:
        # Without this entry GDAL must not find the site: so it is the index that it asks.
        connection.execute("DELETE FROM rtree_sites_geom WHERE id = 3")
    assert elsewhere(READ_BOX, path) == "P01,P03 2025-03-01"


def test_the_file_is_a_geopackage_1_3(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
        assert connection.execute("PRAGMA user_version").fetchone() == (10300,)
        declared = connection.execute(
            "SELECT g.table_name, g.column_name, g.geometry_type_name, g.srs_id, c.srs_id, g.z, g.m,"
            " c.data_type FROM gpkg_geometry_columns g JOIN gpkg_contents c USING (table_name)"
        ).fetchall()
        assert {row[0]: row[1:] for row in declared} == {
            layer.name: ("geom", layer.geometry, 4549, 4549, 0, 0, "features") for layer in LAYERS
        }
        attributes = connection.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type = 'attributes'"
        ).fetchall()
        assert {name for (name,) in attributes} == {
            table.name for table in TABLES if table.geometry is None
        }
        extensions = connection.execute(
            "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"
        ).fetchall()
        assert {name for (name,) in extensions} == {layer.name for layer in LAYERS}
        (definition,) = connection.execute(
            "SELECT definition FROM gpkg_spatial_ref_sys WHERE srs_id = 4549"
        ).fetchone()
        assert CRS.from_wkt(definition).to_epsg() == 4549
        assert connection.execute(
            "SELECT min_x <= 520000, max_x >= 525910 AND max_x < 525911, min_y <= 3470000,"
            " max_y >= 3470010 FROM gpkg_contents WHERE table_name = 'sites'"
        ).fetchone() == (1, 1, 1, 1)
        allowed = {"BOOLEAN", "INTEGER", "REAL", "TEXT", "BLOB", "DATE"}
        for table in TABLES:
            columns = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            own = {column[2] for column in columns if column[1] not in ("fid", "geom")}
            assert own <= allowed


# ---- edits by other programs ---------------------------------------------------------------------

APPEND = """
import sys, geopandas as gpd, pandas as pd, shapely
rows = gpd.GeoDataFrame(
    {"project_code": [sys.argv[2]], "site_id": ["9"], "road": ["民丰路"],
     "start": [pd.Timestamp("2025-05-06").date()]},
    geometry=[shapely.MultiPolygon([shapely.box(600000, 3500000, 600010, 3500010)])], crs=4549)
rows.to_file(sys.argv[1], layer="sites", mode="a")
"""

TWO_LINES = (
    encode(np.array([shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]])]), 4549)[0]
    or b""
).hex()

SQL = """
import sys, sqlite3, struct
connection = sqlite3.connect(sys.argv[1], timeout=20)
def side(number):
    return lambda blob: None if blob is None else struct.unpack_from("<4d", blob, 8)[number]
for number, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
    connection.create_function(name, 1, side(number))
connection.create_function("ST_IsEmpty", 1, lambda blob: 0)
for statement in sys.argv[2:]:
    try:
        with connection:
            connection.execute(statement)
        print("done")
    except sqlite3.IntegrityError as error:
        print("refused:", error)
"""


def test_a_site_added_with_gdal_is_logged(store: GeopackageStore, path: Path) -> None:
    before = store.info().data_revision
    elsewhere(APPEND, path, "P07")
    assert store.info().data_revision == before + 1
    (change,) = store.changes(since=before)
    assert (change.table, change.key, change.action) == ("sites", "P07/9", "insert")
    assert change.actor == "external"
    assert change.before is None
    assert change.after is not None
    assert change.after["road"] == "民丰路"
    assert change.after["start"] == "2025-05-06"
    place = shapely.from_wkb(str(change.after["geometry"]))
    assert place.equals(shapely.box(600000, 3500000, 600010, 3500010))
    city = store.read_city()
    revisions = dict(zip(city.projects["code"], city.projects["revision"], strict=True))
    assert revisions["P07"] == before + 1
    assert revisions["P08"] == before
    own = city.sites[city.sites["project_code"] == "P07"]
    assert own["site_id"].tolist() == ["1", "9"]
    store.verify()


def test_a_site_of_no_project_is_refused(store: GeopackageStore, path: Path) -> None:
    before = store.info()
    with pytest.raises(AssertionError, match="names no project"):
        elsewhere(APPEND, path, "nobody")
    assert store.info() == before
    store.verify()


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("UPDATE sites SET road = '民丰路' WHERE project_code = 'P05'", ("sites", "P05/1", "update")),
        ("UPDATE sites SET geom = NULL WHERE project_code = 'P05'", ("sites", "P05/1", "update")),
        ("DELETE FROM sites WHERE project_code = 'P05'", ("sites", "P05/1", "delete")),
        ("UPDATE projects SET fixed = 0 WHERE code = 'P05'", ("projects", "P05", "update")),
        ("UPDATE projects SET revision = 0 WHERE code = 'P05'", ("projects", "P05", "update")),
        ("INSERT INTO projects (code, stage) VALUES ('N', 'approved')", ("projects", "N", "insert")),
        ("UPDATE road_sections SET width_m = 7 WHERE section_id = 's2'", ("road_sections", "s2", "update")),
        ("DELETE FROM ledger", ("ledger", "l1", "delete")),
        ("INSERT INTO restrictions (restriction_id) VALUES ('r')", ("restrictions", "r", "insert")),
        ("INSERT INTO boundaries (boundary_id) VALUES ('b')", ("boundaries", "b", "insert")),
        ("INSERT INTO assets (asset_id) VALUES ('a')", ("assets", "a", "insert")),
    ],
)  # fmt: skip
def test_an_edit_with_plain_sql_is_logged(
    store: GeopackageStore, path: Path, statement: str, entry: tuple[str, str, str]
) -> None:
    before = store.info().data_revision
    assert elsewhere(SQL, path, statement) == "done"
    (change,) = store.changes(since=before)
    assert (change.table, change.key, change.action) == entry
    assert (change.actor, change.revision) == ("external", before + 1)
    info = store.info()
    assert (info.data_revision, info.log_revision) == (before + 1, before + 1)
    city = store.read_city()
    changed = city.projects.loc[city.projects["revision"] > before, "code"].tolist()
    table, key, _ = entry
    assert changed == ([key.removesuffix("/1")] if table in ("sites", "projects") else [])
    store.verify()


def test_one_edit_of_many_rows_is_one_entry_per_row(store: GeopackageStore, path: Path) -> None:
    before = store.info().data_revision
    elsewhere(SQL, path, "UPDATE sites SET width_m = 3.5")
    changes = store.changes(since=before)
    assert len(changes) == 60
    assert {change.action for change in changes} == {"update"}
    assert all((change.after or {})["width_m"] == 3.5 for change in changes)
    assert "width_m" not in (changes[0].before or {})


BREAKING_EDITS = [
    "INSERT INTO findings (finding_id) VALUES ('x')",
    "UPDATE filings SET crs = 'x'",
    "DELETE FROM junctions",
    "INSERT INTO decisions (finding_id, status) VALUES ('x', 'waived')",
    "DELETE FROM change_log",
    "UPDATE change_log SET actor = 'nobody'",
    "INSERT INTO change_log (revision, seq) VALUES (99, 1)",
    "INSERT INTO checks (check_id) VALUES ('x')",
    "DELETE FROM projects WHERE code = 'P05'",
    "UPDATE projects SET code = 'Q' WHERE code = 'P05'",
    "INSERT OR REPLACE INTO projects (code, name) VALUES ('P05', 'other')",
    "INSERT OR REPLACE INTO sites (fid, project_code, site_id) VALUES (1, 'P05', '8')",
    "UPDATE OR REPLACE sites SET project_code = 'P06' WHERE project_code = 'P05'",
    "UPDATE sites SET method = 'magic'",
    "UPDATE sites SET start = 'soon'",
    "UPDATE sites SET start = '2025-13-01'",
    "UPDATE sites SET start = '2025-03-01T00:00:00Z'",
    "UPDATE sites SET width_m = 'wide'",
    "UPDATE projects SET fixed = 2",
    "UPDATE projects SET priority = 1.5",
    "INSERT INTO sites (project_code) VALUES ('P05')",
    "UPDATE road_sections SET geom = NULL",
    "UPDATE sites SET geom = x'00112233'",
    "UPDATE sites SET geom = (SELECT geom FROM road_sections LIMIT 1)",
    "UPDATE road_sections SET geom = (SELECT geom FROM sites LIMIT 1)",
    f"UPDATE road_sections SET geom = x'{TWO_LINES}'",
]


def test_edits_that_would_break_the_store_are_refused(store: GeopackageStore, path: Path) -> None:
    before = store.info()
    length = len(store.changes())
    answers = elsewhere(SQL, path, *BREAKING_EDITS).splitlines()
    accepted = [
        edit
        for edit, answer in zip(BREAKING_EDITS, answers, strict=True)
        if not answer.startswith("refused: digonce: ")
    ]
    assert accepted == []
    assert store.info() == before
    assert len(store.changes()) == length
    assert len(store.read_city().sites) == 60
    store.verify()


POLYGON = b"GP\0\x01\xd5\x11\0\0" + shapely.to_wkb(shapely.box(1, 2, 3, 4), byte_order=1)


def test_a_simple_polygon_without_an_envelope_is_read_as_well(
    store: GeopackageStore, path: Path
) -> None:
    """QGIS and others may write the simple type, and a header without an envelope."""
    with store._borrow() as connection:
        connection.execute("UPDATE sites SET geom = ? WHERE fid = 1", (POLYGON,))
    (change,) = store.changes(since=store.info().data_revision - 1)
    assert shapely.from_wkb(str((change.after or {})["geometry"])).equals(shapely.box(1, 2, 3, 4))
    place = store.read_city().sites.geometry[0]
    assert place.equals(shapely.box(1, 2, 3, 4))
    assert place.geom_type == "MultiPolygon"
    store.verify()


def test_gdals_own_sqlite_runs_our_triggers(
    store: GeopackageStore, path: Path, ogrinfo: str
) -> None:
    before = store.info().data_revision
    for statement in (
        "UPDATE sites SET road = '民丰路' WHERE project_code = 'P05'",
        "DELETE FROM sites WHERE project_code = 'P06'",
    ):
        subprocess.run(
            [ogrinfo, str(path), "-sql", statement], check=True, capture_output=True, timeout=60
        )
    refused = subprocess.run(
        [ogrinfo, str(path), "-sql", "DELETE FROM change_log"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "digonce: change_log is written by digonce only" in refused.stderr
    logged = [(change.key, change.action, change.actor) for change in store.changes(since=before)]
    assert logged == [("P05/1", "update", "external"), ("P06/1", "delete", "external")]
    store.verify()


def test_what_another_program_wrote_compares_by_its_shape(
    store: GeopackageStore, path: Path
) -> None:
    """GDAL writes its own blob header; importing the same shape again changes nothing."""
    elsewhere(APPEND, path, "P07")
    city = store.read_city()
    own = city.projects[city.projects["code"] == "P07"]
    sites = city.sites[city.sites["project_code"] == "P07"]
    with store.transaction("importer") as transaction:
        outcome = transaction.put_projects(own, sites, pd.DataFrame({"project_code": ["P07"]}))
    assert outcome.unchanged == ("P07",)


QGIS_CLOSES = """
import sys, sqlite3
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0])
"""


def test_write_ahead_mode_is_set_at_every_connect(path: Path) -> None:
    assert elsewhere(QGIS_CLOSES, path) == "delete"
    with GeopackageStore(path) as store, store._borrow() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_index_follows_updates_and_deletes(store: GeopackageStore, path: Path) -> None:
    city = store.read_city()
    moved = city.sites.iloc[:20].copy()
    moved.geometry = moved.geometry.translate(yoff=5_000)
    moved.loc[moved.index[:5], "geometry"] = None
    with store.transaction("importer") as transaction:
        transaction.put_projects(
            city.projects.iloc[:30], moved, pd.DataFrame({"project_code": []})
        )  # ten of the projects lose their sites
    store.verify()
    with store._snapshot() as connection:
        boxes = connection.execute(
            "SELECT s.project_code, r.miny FROM sites s JOIN rtree_sites_geom r ON r.id = s.fid"
        ).fetchall()
    assert len(boxes) == 45
    assert {code for code, low in boxes if low > 3_474_000} == {f"P{n:02d}" for n in range(5, 20)}
