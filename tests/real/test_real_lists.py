"""Real lists through the real commands: import, detect, map, pairs, and the store as GDAL sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import app
from data.geopackage_schema import LAYERS
from data.geopackage_store import open_store
from data.sample_town import project_onto

pytestmark = pytest.mark.real_data

MAPPINGS = Path(__file__).resolve().parents[2] / "docs" / "mappings"
PARIS = Path("paris_chantiers") / "chantiers_2024-03.geojson"


def digonce(*words: str | Path) -> str:
    """Run the command and return what it printed on stdout."""
    answer = CliRunner().invoke(app, [str(word) for word in words])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@dataclass(frozen=True)
class Listed:
    """One list in a store of its own, detected as of a day inside its period."""

    store: Path
    imported: dict[str, Any]
    findings: pd.DataFrame
    rules: dict[str, bool]


def run(folder: Path, source: Path, mapping: str, as_of: str) -> Listed:
    store, out = folder / "store.gpkg", folder / "found"
    imported = json.loads(
        digonce("import", "projects", source, "--mapping", MAPPINGS / f"{mapping}.toml",
                "--store", store, "--json")
    )  # fmt: skip
    told = json.loads(digonce("detect", "--as-of", as_of, "--store", store, "--out", out, "--json"))
    findings = pd.read_csv(out / "findings.csv", dtype={"project_a": "str", "project_b": "str"})
    return Listed(
        store, imported, findings, {rule["rule"]: rule["ran"] for rule in told["rules_run"]}
    )


@pytest.fixture(scope="module")
def paris(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Listed:
    return run(tmp_path_factory.mktemp("paris"), real_data / PARIS, "paris", "2023-11-16")


@pytest.fixture(scope="module")
def taichung(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Listed:
    source = real_data / "taiwan_roaddig" / "taichung.geojson"
    return run(tmp_path_factory.mktemp("taichung"), source, "taichung", "2021-05-01")


@pytest.fixture(scope="module")
def newtaipei(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Listed:
    source = real_data / "taiwan_roaddig" / "newtaipei.geojson"
    return run(tmp_path_factory.mktemp("newtaipei"), source, "newtaipei", "2026-08-15")


@pytest.fixture(scope="module")
def england(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Listed:
    source = real_data / "england_he_roadworks" / "roadworks_union_epsg27700.gpkg"
    return run(tmp_path_factory.mktemp("england"), source, "england", "2019-05-01")


@pytest.mark.parametrize(
    ("name", "counts", "found"),
    [
        ("paris", {"rows": 1725, "new": 964, "incomplete": 3, "repaired": 0, "refused": 0},
         {"concurrent_works": 462, "wrong_order": 7, "duplicate_project": 30, "opportunity": 8,
          "incomplete_data": 4}),
        ("taichung", {"rows": 3327, "new": 1790, "incomplete": 58, "repaired": 8, "refused": 0},
         {"concurrent_works": 1086, "duplicate_project": 28, "wrong_order": 82, "opportunity": 21,
          "incomplete_data": 32}),
        ("newtaipei", {"rows": 1056, "new": 1056, "incomplete": 0, "repaired": 17, "refused": 0},
         {"concurrent_works": 43, "duplicate_project": 3, "repeat_excavation": 2}),
        ("england", {"rows": 23046, "new": 23046, "incomplete": 24, "repaired": 0, "refused": 0},
         {"concurrent_works": 748, "repeat_excavation": 403,
          "duplicate_project": 7, "incomplete_data": 7}),
    ],
)  # fmt: skip
def test_a_list_goes_in_and_is_judged(
    request: pytest.FixtureRequest, name: str, counts: dict[str, int], found: dict[str, int]
) -> None:
    listed: Listed = request.getfixturevalue(name)
    assert counts.items() <= listed.imported["counts"].items()
    assert listed.findings["rule"].value_counts().to_dict() == found
    assert [rule for rule, ran in listed.rules.items() if ran] == [
        "concurrent_works", "repeat_excavation", "no_dig_period", "no_dig_lockout", "wrong_order",
        "duplicate_project", "opportunity", "incomplete_data",
    ]  # fmt: skip
    # Without a network the same road is the footprints alone, and every meeting says so.
    met = listed.findings["place"].notna()
    assert set(listed.findings.loc[met, "place"]) == {"footprints"}
    assert listed.findings.loc[met, "reason_en"].str.contains("No road network").all()
    assert listed.findings.loc[met, "reason_zh"].str.contains("无路网").all()


def test_faults_of_paris_are_named(paris: Listed) -> None:
    told = Counter(fault["code"] for fault in paris.imported["faults"])
    assert told == {
        "columns_not_used": 1,
        "zero_is_missing": 1,
        "place_missing": 3,
        "stages.import.undetected": 1,
    }
    rows = [f["row"] for f in paris.imported["faults"] if f["code"] == "place_missing"]
    assert rows == [446, 814, 1550]


def test_pairs_of_paris(real_data: Path, tmp_path: Path) -> None:
    source, out = real_data / PARIS, tmp_path / "pairs.csv"
    told = json.loads(digonce("pairs", source, "--out", out, "--json"))
    assert (told["pairs"], told["rows_left_out"], len(pd.read_csv(out))) == (396, 3, 396)
    told = json.loads(
        digonce("pairs", source, "--start", "start", "--finish", "end", "--out", out, "--json")
    )
    assert (told["pairs"], told["rows_left_out"], len(pd.read_csv(out))) == (364, 3, 364)
    assert (pd.read_csv(out)["overlap_days"] >= 1).all()


def test_areas_of_paris_in_the_store(paris: Listed) -> None:
    with open_store(str(paris.store), wait_s=5) as store:
        sites = store.read_city().sites
    sites = sites[sites["area_m2"] > 10]
    ratio = sites.geometry.area / sites["area_m2"]
    assert len(ratio) == 1304
    assert int((~ratio.between(0.995, 1.005)).sum()) == 5
    assert ratio.median() == pytest.approx(1.0, abs=1e-4)


def test_findings_of_paris_are_what_the_source_says(paris: Listed, real_data: Path) -> None:
    """Distance, common days and the day of judgement, read plainly from the published file."""
    source = gpd.read_file(real_data / PARIS).to_crs(2154)
    source["code"] = source["cite_chantier"].astype("str")
    source["geometry"] = shapely.make_valid(
        source.geometry.array, method="structure", keep_collapsed=False
    )
    sites = dict(list(source.groupby("code")))
    met = paris.findings[paris.findings["rule"] == "concurrent_works"]
    for row in met.iloc[::8].itertuples():
        a, b = sites[row.project_a], sites[row.project_b]
        pairs = a.dropna(subset="geometry").merge(b.dropna(subset="geometry"), how="cross")
        distance_m = shapely.distance(
            pairs["geometry_x"].to_numpy(), pairs["geometry_y"].to_numpy()
        )
        common = (
            pairs[["end_x", "end_y"]].min(axis=1) - pairs[["start_x", "start_y"]].max(axis=1)
        ).dt.days + 1
        assert ((common >= 1) & (distance_m <= 20)).any()
        assert distance_m.min() == pytest.approx(row.distance_m, abs=0.01) or len(pairs) > 1
        assert pd.concat([a["end"], b["end"]]).max() >= pd.Timestamp("2023-11-16")


def test_every_meeting_of_paris_is_found(paris: Listed, real_data: Path) -> None:
    """What touches on a common day, and is not finished, is in a finding of some rule."""
    source = gpd.read_file(real_data / PARIS).to_crs(2154)
    pairs = source.sjoin(source, predicate="intersects", lsuffix="a", rsuffix="b")
    pairs = pairs[pairs["cite_chantier_a"].astype("str") < pairs["cite_chantier_b"].astype("str")]
    pairs = pairs[(pairs["start_a"] <= pairs["end_b"]) & (pairs["start_b"] <= pairs["end_a"])]
    met = set(
        zip(
            pairs["cite_chantier_a"].astype("str"),
            pairs["cite_chantier_b"].astype("str"),
            strict=True,
        )
    )
    found = set(zip(paris.findings["project_a"], paris.findings["project_b"], strict=True))
    assert len(met) == 168
    assert met <= found


def test_a_permit_joins_the_applications_of_taichung(taichung: Listed) -> None:
    """Several units that dig under one permit are named as joined already."""
    works = taichung.findings[taichung.findings["rule"] == "concurrent_works"]
    one_permit = (
        works["project_a"].str.split("|").str[0] == works["project_b"].str.split("|").str[0]
    )
    joined = works["reason_en"].str.contains("Already joined by")
    assert int(one_permit.sum()) == 203
    assert (joined == one_permit).all()


def test_maps_open_alone(paris: Listed, newtaipei: Listed, tmp_path: Path) -> None:
    for name, listed in (("paris", paris), ("newtaipei", newtaipei)):
        page = tmp_path / f"{name}.html"
        digonce("map", "--store", listed.store, "--out", page)
        assert 300_000 < page.stat().st_size < 2_000_000


def test_gdal_reads_every_layer(paris: Listed) -> None:
    tool = shutil.which("ogrinfo")
    if tool is None:
        if os.environ.get("DIGONCE_REQUIRE_GDAL") == "1":
            pytest.fail("ogrinfo is required (DIGONCE_REQUIRE_GDAL=1) and not installed")
        pytest.skip("ogrinfo is not installed")
    for layer in LAYERS:
        answer = subprocess.run(
            [tool, "-ro", "-so", str(paris.store), layer.name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        assert not answer.stderr
        assert f"Layer name: {layer.name}" in answer.stdout
        if layer.name == "sites":
            assert "Feature Count: 1725" in answer.stdout
            assert "Multi Polygon" in answer.stdout


@pytest.mark.parametrize(
    ("roads", "network"),
    [
        ("shanghai_jiading_osm_roads/ways.geojson", (345, 1228, 303)),
        ("shanghai_jingan_osm/edges.geojson", (222, 706, 257)),
    ],
)
def test_projects_on_real_roads(
    real_data: Path, tmp_path: Path, roads: str, network: tuple[int, int, int]
) -> None:
    store, projects = tmp_path / "store.gpkg", tmp_path / "projects.geojson"
    told = json.loads(digonce("import", "roads", real_data / roads, "--store", store, "--json"))
    details = told["details"]
    assert (details["roads"], details["sections"], details["junctions"]) == network
    project_onto(gpd.read_file(real_data / roads), projects=400).to_file(projects)
    told = json.loads(digonce("import", "projects", projects, "--store", store, "--json"))
    assert told["crs"] == "EPSG:4549"
    assert {"rows": 514, "new": 400, "refused": 0}.items() <= told["counts"].items()
    digonce("detect", "--as-of", "2026-06-01", "--store", store, "--out", tmp_path / "found")
    findings = pd.read_csv(tmp_path / "found" / "findings.csv")
    assert set(findings["place"].dropna()) <= {"road", "junction", "square"}
    assert (findings["place"] == "road").sum() > 50
    assert not findings["reason_en"].str.contains("No road network").any()
    assert len(pd.read_csv(tmp_path / "found" / "hotspots.csv")) > 20


def test_towns_of_jiading(real_data: Path, tmp_path: Path) -> None:
    """Published in GCJ-02 and read as filed: half a kilometre off, yet of the published size."""
    store = tmp_path / "store.gpkg"
    source = real_data / "shanghai_boundaries" / "jiading_towns_GCJ02.geojson"
    told = json.loads(digonce("import", "boundaries", source, "--store", store, "--json"))
    assert {"rows": 12, "new": 12, "refused": 0}.items() <= told["counts"].items()
    with open_store(str(store), wait_s=5) as opened:
        towns = opened.read_city().boundaries
    assert towns is not None
    assert towns.geometry.area.sum() / 1e6 == pytest.approx(462.6, abs=0.5)
