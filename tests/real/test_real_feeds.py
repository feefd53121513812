"""Lists as cities publish them, each with its mapping into a store: every count was checked by hand.

A row is: file, mapping, rows, refused, projects, sites with a place, sites with both dates.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from data.column_mapping import load_mapping
from data.geopackage_store import open_store

pytestmark = pytest.mark.real_data

MAPPINGS = Path(__file__).resolve().parents[2] / "docs" / "mappings"

FEEDS = [
    ("act_ttm_live_pull.json", "act", 5, 0, 5, 5, 5),
    ("amsterdam_roadworks_real.json", "amsterdam", 3, 0, 3, 3, 3),
    # Two closures have begun already and state no first day.
    ("berlin_baustellen_live_pull.json", "berlin", 5, 0, 5, 5, 3),
    ("canton_zurich_baustellen_live_pull.json", "canton_zurich", 4, 0, 4, 4, 4),
    # One permit has no location, but an address.
    ("chicagodot_permits_live_pull.json", "chicago", 6, 0, 4, 5, 6),
    ("copenhagen_gravetilladelser_live_pull.json", "copenhagen", 6, 0, 4, 6, 6),
    # Four applications have no permit number yet; their codes are made.
    ("dc_construction_permits.json", "dc", 7, 0, 7, 7, 7),
    ("dortmund_geplant.json", "dortmund", 3, 0, 3, 3, 3),
    ("france_rennes_roadworks.json", "rennes", 3, 0, 3, 3, 3),
    ("france_toulouse_roadworks.json", "toulouse", 3, 0, 3, 3, 3),
    ("helsinki_kaivuilmoitus_live_pull.json", "helsinki", 6, 0, 3, 6, 6),
    ("jersey_roadworks_real.json", "jersey", 7, 0, 4, 7, 7),
    # One request has two periods, which no single start and finish can hold.
    ("lisboa_condicionamentos_live_pull.json", "lisboa", 7, 1, 6, 6, 6),
    # Four outlines are not closed.
    ("lyon_roadworks.json", "lyon", 6, 4, 2, 2, 2),
    ("madrid_incidencias_live_pull.xml", "madrid", 7, 0, 7, 7, 7),
    ("milano_manomissione_live_pull.json", "milano", 4, 0, 4, 4, 4),
    ("ogc_brandenburg_baustelleninfo.json", "brandenburg", 5, 0, 5, 5, 5),
    ("ogc_hamburg_baustellen.json", "hamburg", 3, 0, 3, 3, 3),
    ("oslo_soksys_activities_live_pull.json", "oslo", 13, 0, 7, 13, 13),
    ("paris_chantiers_live_pull.json", "paris_live", 5, 0, 3, 5, 5),
    ("quebec_travaux_routiers.json", "quebec", 7, 0, 5, 7, 7),
    # No dates at all, and one work without a position.
    ("roma_interventi_live_pull.json", "roma", 6, 0, 6, 5, 0),
    ("streetmanager_permits_sandbox.json", "streetmanager", 3, 0, 3, 3, 3),
    ("tas_roadworks_live_pull.json", "tasmania", 4, 0, 4, 4, 4),
    ("toronto_road_restrictions.json", "toronto", 5, 0, 5, 5, 5),
    # Only the day of completion.
    ("vancouver_under_construction.json", "vancouver", 2, 0, 2, 2, 0),
    # Two works without a line, one without a last day.
    ("vialietuva_remontas.csv", "vialietuva", 5, 0, 5, 3, 4),
    ("vienna_baustellen_live_pull.json", "vienna", 4, 0, 4, 4, 4),
    ("zurich_tiefbauprojekte_live_pull.json", "zurich", 3, 0, 3, 3, 3),
]
LISTS = [
    ("taiwan_roaddig/pingtung.geojson", "pingtung", 437, 0, 437, 437, 437),
    ("taiwan_roaddig/raw/pingtung_union_nocontacts.json", "taiwan_raw", 437, 0, 437, 437, 437),
    ("taiwan_roaddig/raw/newtaipei_union_nocontacts.json", "taiwan_raw",
     1056, 0, 1056, 1056, 1056),
    # Every eighth of 3,327 rows; where the outline is blank its centre is taken, 6 rows have neither.
    ("taiwan_roaddig/raw/taichung_nocontacts.json", "taichung", 416, 0, 320, 410, 416),
    ("uk_ashford_elgin/ashford_epsg27700.gpkg", "ashford", 981, 0, 978, 981, 981),
    ("uk_ashford_elgin/ashford.geojson", "ashford", 981, 0, 978, 981, 981),
    ("paris_chantiers/raw/chantiers-a-paris_2024-03.csv", "paris_raw", 1725, 0, 964, 1722, 1725),
    ("england_he_roadworks/raw/ha-roadworks_2011_10_10.xml", "england_elements",
     1425, 0, 1425, 1425, 1425),
    # Seven works have no coordinates; 1,411 numbers of events.
    ("england_he_roadworks/raw/he_roadworks_2020_05_25.xml", "england_attributes",
     1426, 0, 1411, 1419, 1426),
]  # fmt: skip
# The days of one work of a feed, as its city means them.
DAYS = {
    "act_ttm_live_pull.json":
        ("28de4e5d-3e23-4e68-83d8-5bca5a510f2f", "2025-11-19", "2026-08-31"),
    "copenhagen_gravetilladelser_live_pull.json": ("792947", "2025-11-30", "2027-07-31"),
    "jersey_roadworks_real.json": ("P108864-JSC", "2021-11-07", "2026-12-27"),
    # Midnight in Milan is written as 22:00 of the day before.
    "milano_manomissione_live_pull.json": ("300240/2021", "2021-06-10", "2021-06-18"),
    "ogc_hamburg_baustellen.json": ("DE.HH.UP_BAUSTELLE_916925", "2024-08-05", "2026-07-31"),
    "toronto_road_restrictions.json": ("Tor-RD52026-4929", "2026-08-17", "2026-08-21"),
    "vienna_baustellen_live_pull.json": ("1656294455", "2026-08-10", "2026-08-21"),
}  # fmt: skip


def digonce(*words: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [str(word) for word in words])
    return answer.exit_code, answer.stdout


def thinned(path: Path, folder: Path) -> Path:
    """Write every eighth row of a long list: all of it takes longer than it tells."""
    rows = json.loads(path.read_text("utf-8-sig"))[::8]
    (folder / path.name).write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    return folder / path.name


@pytest.mark.parametrize(
    ("file", "mapping", "rows", "refused", "projects", "placed", "dated"),
    [(f"city_feed_samples/{file}", f"feeds/{name}", *counts) for file, name, *counts in FEEDS]
    + LISTS,
    ids=[row[0] for row in FEEDS + LISTS],
)
def test_a_published_list_goes_in(
    real_data: Path, tmp_path: Path, file: str, mapping: str, rows: int, refused: int,
    projects: int, placed: int, dated: int,
) -> None:  # fmt: skip
    store = tmp_path / "store.gpkg"
    crs = ["--crs", "EPSG:4326"] if file.endswith("taichung_nocontacts.json") else []
    path = thinned(real_data / file, tmp_path) if crs else real_data / file
    code, told = digonce(
        "import", "projects", path, "--mapping", MAPPINGS / f"{mapping}.toml",
        "--store", store, "--partial", "--json", *crs,
    )  # fmt: skip
    report = json.loads(told)
    assert code == (3 if refused else 0), told[-2000:]
    assert (report["counts"]["rows"], report["counts"]["refused"]) == (rows, refused)
    with open_store(str(store)) as opened:
        city = opened.read_city()
    assert len(city.projects) == projects
    assert len(city.sites) == rows - refused
    assert int(city.sites.geometry.notna().sum()) == placed
    assert int(city.sites[["start", "finish"]].notna().all(axis=1).sum()) == dated
    if path.name in DAYS:
        named, *days = DAYS[path.name]
        site = city.sites[city.sites["project_code"] == named].iloc[0]
        assert [str(site[name].date()) for name in ("start", "finish")] == days


def test_every_sample_has_a_mapping(real_data: Path) -> None:
    samples = {path.name for path in (real_data / "city_feed_samples").iterdir()}
    assert samples == {feed[0] for feed in FEEDS}


def test_mappings_are_short_and_read() -> None:
    for path in sorted((MAPPINGS / "feeds").glob("*.toml")):
        assert load_mapping(path).columns, path.name
        assert len(path.read_text(encoding="utf-8").splitlines()) < 35, path.name


@pytest.mark.parametrize(
    ("folder", "file", "rows", "outcomes"),
    [
        ("examples/WorkZoneFeed", "scenario1_simple_linestring_example.geojson", 5, 5),
        ("examples/WorkZoneFeed", "scenario1_simple_multipoint_example.geojson", 5, 5),
        ("examples/WorkZoneFeed", "scenario2_laneshift_linestring_example.geojson", 1, 1),
        ("examples/WorkZoneFeed", "scenario3_shoulder_bidirectional_linestring_example.geojson", 2, 2),
        # One work zone and three pieces of its detour, which is no work.
        ("examples/WorkZoneFeed", "scenario4_detour_linestring_example.geojson", 1, 1),
        ("examples/WorkZoneFeed", "scenario5_recurring_linestring_example.geojson", 4, 4),
        ("examples/WorkZoneFeed", "scenario6_multi_lane_closure_linestring_example.geojson", 1, 1),
        ("examples/WorkZoneFeed", "scenario7_mobileoperation_linestring_example.geojson", 2, 2),
        (
            "examples/WorkZoneFeed",
            "scenario8_local_access_only_bidirectional_linestring_example.geojson", 2, 2,
        ),
        ("real_feed_excerpts", "wzdx_hidot.json", 2, 2),
        ("real_feed_excerpts", "wzdx_nysdot.json", 2, 2),
        ("real_feed_excerpts", "wzdx_purposebuilt_cwz.json", 1, 1),
        ("real_feed_excerpts", "wzdx_quebec.json", 2, 2),
        ("real_feed_excerpts", "wzdx_wsdot.json", 2, 2),
    ],
)  # fmt: skip
def test_work_zone_feeds_go_in_without_a_mapping(
    real_data: Path, tmp_path: Path, folder: str, file: str, rows: int, outcomes: int
) -> None:
    store = tmp_path / "store.gpkg"
    code, told = digonce(
        "import", "projects", real_data / "wzdx" / folder / file, "--store", store, "--json"
    )
    assert code == 0, told[-2000:]
    counts = json.loads(told)["counts"]
    assert (counts["rows"], counts["new"]) == (rows, outcomes)
    with open_store(str(store)) as opened:
        sites = opened.read_city().sites
    assert sites.geometry.notna().all()
    assert sites[["start", "finish"]].notna().all(axis=None)


@pytest.mark.parametrize("file", ["arrow_board_ok_example.geojson", "camera_error_example.geojson"])
def test_device_feeds_are_refused_by_name(real_data: Path, tmp_path: Path, file: str) -> None:
    source = real_data / "wzdx" / "examples" / "DeviceFeed" / file
    code, told = digonce("import", "projects", source, "--store", tmp_path / "s.gpkg", "--json")
    assert code == 3
    assert Counter(fault["code"] for fault in json.loads(told)["errors"]) == {"wzdx.devices": 1}
