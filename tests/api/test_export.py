"""``digonce export``: every format from a store and back, for the reader that it is made for."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import jsonschema
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
import referencing
import shapely
from referencing.jsonschema import DRAFT7
from typer.testing import CliRunner

from api.cli import app
from api.imports import ImportOptions, Kind, import_file
from api.provenance import SOFTWARE_VERSION
from api.workflow import run_detection
from coordination import Policy
from data.geopackage_store import create_store, open_store
from data.sample_town import AS_OF, make_town, write_inputs

FILES = ("x.gpkg", "x.geojson", "x.zip", "x.xlsx", "x.csv", "x.kml", "x.parquet")


def digonce(*words: str | Path, code: int = 0) -> str:
    answer = CliRunner().invoke(app, [str(word) for word in words])
    assert answer.exit_code == code, answer.output
    return answer.stdout


def a_town(folder: Path, *, projects: int, seed: int) -> Path:
    """Return the store of a sample town, detected, without its map and report."""
    files = write_inputs(make_town(projects=projects, seed=seed), folder / "input")
    path = folder / "town.gpkg"
    create_store(path).close()
    with open_store(str(path)) as store:
        for name, file in files.items():
            if name in ("policy", "planted", "near_misses"):
                continue
            options = ImportOptions(crs="EPSG:4326" if file.suffix == ".csv" else None)
            kind = cast("Kind", name.split("_", maxsplit=1)[0])
            import_file(store, kind, file, options, policy=Policy(), actor="test")
        with store.transaction("test") as change:
            change.set_as_of(AS_OF)
        run_detection(store, Policy(), as_of=None, actor="test")
    return path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_town(tmp_path_factory.mktemp("town"), projects=120, seed=3)


def cities_equal(one: Path, other: Path, within_m: float) -> None:
    """Compare all projects and sites of two stores, but for contacts and how a place was found."""
    with open_store(str(one)) as first, open_store(str(other)) as second:
        left, right = first.read_city(), second.read_city()
    shown = ~left.projects["confidential"].fillna(value=False).astype(bool)
    codes = left.projects.loc[shown, "code"]
    _same(
        left.projects[shown].drop(columns=["contact", "revision"]).set_index("code"),
        right.projects.drop(columns=["contact", "revision"]).set_index("code"),
    )
    keys = ["project_code", "site_id"]
    old = left.sites[left.sites["project_code"].isin(codes)].set_index(keys).sort_index()
    new = right.sites.set_index(keys).sort_index()
    assert list(old.index) == list(new.index)
    found = ("geometry", "footprint_source", "place_confidence", "inferred", "confirmed")
    given = [name for name in old if name not in found]
    _same(pd.DataFrame(old[given]), pd.DataFrame(new[given]))
    placed = old.geometry.notna()
    assert (placed == new.geometry.notna()).all()
    moved = shapely.hausdorff_distance(
        old.geometry[placed].to_numpy(), new.geometry[placed].to_numpy()
    )
    assert float(moved.max()) <= within_m


def _same(old: pd.DataFrame, new: pd.DataFrame) -> None:
    old, new = old.sort_index(), new.sort_index()
    common = [name for name in old if name in new]
    assert len(common) >= 15
    pd.testing.assert_frame_equal(old[common], new[common], check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize("name", FILES)
def test_the_sample_town_comes_back(town: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out" / name
    places = ["--places", "wkt"] if name.endswith("xlsx") else []
    digonce("export", "--store", town, "--out", out, *places)
    again = tmp_path / "again.gpkg"
    digonce("init", "--store", again, "--crs", "EPSG:4549")
    digonce("import", "projects", out, "--store", again)
    in_degrees = name not in ("x.gpkg", "x.zip", "x.parquet")
    cities_equal(town, again, 0.02 if in_degrees else 1e-6)
    assert [path.name for path in out.parent.iterdir()] == [name]


def test_a_sheet_is_for_people(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.xlsx"
    told = json.loads(digonce("export", "--store", town, "--out", out, "--lang", "zh", "--json"))
    assert told["losses"].keys() == {"no_places"}
    book = openpyxl.load_workbook(out)
    sheet = book.worksheets[0]
    assert (sheet.title, sheet.freeze_panes) == ("项目", "A2")
    header = [cell.value for cell in sheet[1]]
    assert header[:3] == ["项目编号", "项目名称", "英文名称"]
    start = sheet.cell(row=2, column=header.index("计划开工") + 1)
    assert start.is_date
    assert start.number_format == "yyyy-mm-dd"
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert json.loads(book.properties.description)["software_version"] == SOFTWARE_VERSION
    stages = {
        sheet.cell(row=row, column=header.index("项目阶段") + 1).value for row in range(2, 60)
    }
    assert "年度计划" in stages


def test_files_say_where_they_come_from(town: Path, tmp_path: Path) -> None:
    for name in FILES:
        digonce("export", "--store", town, "--out", tmp_path / name)
    said = json.loads((tmp_path / "x.geojson").read_text(encoding="utf-8"))["provenance"]
    assert said["software_version"] == SOFTWARE_VERSION
    assert set(said) == {
        "data_revision", "policy_version", "software_version", "as_of", "run_at"
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read("projects.cpg") == b"UTF-8"
        beside = json.loads(archive.read("projects.provenance.json"))
        legend = archive.read("projects.fields.csv").decode("utf-8-sig").splitlines()
    assert beside["data_revision"] == said["data_revision"]
    assert legend[0] == "shapefile_name,field"
    assert "diameter_m,diameter_mm" in legend
    assert all(len(row.split(",")[0].encode()) <= 10 for row in legend[1:])
    metadata = pq.read_metadata(tmp_path / "x.parquet").metadata
    assert metadata[b"digonce:data_revision"].decode() == str(said["data_revision"])
    table = pd.read_csv(tmp_path / "x.csv", dtype="str")
    assert set(table["data_revision"]) == {str(said["data_revision"])}
    assert '<Data name="data_revision">' in (tmp_path / "x.kml").read_text(encoding="utf-8")


LIST = """\
项目编号,项目名称,项目单位,联系人,涉密,道路名称,计划开工,计划竣工,lon,lat
0012,=1+1,给水公司,张三 13800000000,否,仓场路,2026-03-01,2026-04-30,121.25,31.39
0013,'quoted,机要处,李四 13900000000,是,博园路,2026-03-01,2026-04-30,121.26,31.38
0014,"两行
名称",燃气公司,王五 13700000000,,墨玉路,2026年3月,2026年,121.27,31.37
"""


def test_contacts_and_secrets_stay_in_the_office(tmp_path: Path) -> None:
    source, store = tmp_path / "list.csv", tmp_path / "store.gpkg"
    source.write_text(LIST, encoding="utf-8")
    digonce("import", "projects", source, "--crs", "EPSG:4326", "--store", store)
    for name in ("a.csv", "a.geojson", "a.gpkg", "a.xlsx", "a.kml", "a.zip", "a.parquet"):
        out = tmp_path / name
        told = json.loads(digonce("export", "--store", store, "--out", out, "--json"))
        assert (told["rows"], told["left_out"]) == (2, {"confidential": 1})
        assert "1 个涉密项目" in told["sentences"][0]
        if name.endswith(("csv", "json", "kml", "gpkg")):
            for hidden in ("0013", "机要处", "13800000000", "王五"):
                assert hidden.encode() not in out.read_bytes()
    own = tmp_path / "own.csv"
    digonce("export", "--store", store, "--out", own, "--unit", "机要处")
    assert set(pd.read_csv(own, dtype="str")["code"]) == {"0012", "0013", "0014"}
    assert "李四" not in own.read_text(encoding="utf-8")
    digonce("export", "--store", store, "--out", own, "--confidential")
    whole = pd.read_csv(own, dtype="str")
    assert whole["name"].tolist() == ["'=1+1", "'quoted", "两行 名称"]
    assert whole["contact"].str[:2].tolist() == ["张三", "李四", "王五"]
    # The office's own copy is the store again, precision of dates and formulas included.
    again = tmp_path / "again.gpkg"
    digonce("import", "projects", own, "--store", again)
    with open_store(str(again)) as opened:
        city = opened.read_city()
    assert city.projects["name"].tolist() == ["=1+1", "'quoted", "两行 名称"]
    assert city.sites["finish_precision"].tolist() == ["day", "day", "year"]


def test_a_period_leaves_the_rest_out_and_says_so(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.geojson"
    told = json.loads(
        digonce("export", "--store", town, "--out", out, "--from", "2026-03-01", "--to",
                "2026-03-31", "--json")
    )  # fmt: skip
    rows = gpd.read_file(out)
    assert len(rows) == told["rows"] > 0
    assert (pd.to_datetime(rows["start"]) <= "2026-03-31").all()
    assert (pd.to_datetime(rows["finish"]) >= "2026-03-01").all()
    with open_store(str(town)) as store:
        count = len(store.read_city().sites)
    left_out = told["left_out"]
    assert told["rows"] + left_out.get("no_dates", 0) + left_out["other_period"] <= count


@pytest.mark.parametrize(
    ("what", "name"),
    [
        *(("findings", name) for name in FILES if name != "x.csv"),
        ("hotspots", "x.gpkg"), ("hotspots", "x.kml"), ("sections", "x.zip"),
        ("junctions", "x.geojson"), ("ledger", "x.parquet"), ("ledger", "x.xlsx"),
    ],
)  # fmt: skip
def test_every_layer_goes_out_in_every_format(
    town: Path, tmp_path: Path, what: str, name: str
) -> None:
    out = tmp_path / name
    told = json.loads(digonce("export", what, "--store", town, "--out", out, "--json"))
    if name.endswith("xlsx"):
        rows = openpyxl.load_workbook(out).worksheets[0].max_row - 1
    elif name.endswith("parquet"):
        rows = len(gpd.read_parquet(out))
    elif name.endswith("kml"):
        rows = out.read_text(encoding="utf-8").count("<Placemark>")
    else:
        rows = len(gpd.read_file(out))
    assert rows == told["rows"] > 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--out", "x.unknown"), 2),
        (("--out", "x.geojson", "--crs", "EPSG:4549"), 2),
        (("findings", "--out", "x.json", "--format", "wzdx"), 2),
        (("--out", "x.gpkg", "--from", "2026-03-02", "--to", "2026-03-01"), 2),
        (("--out", "x.gpkg", "--crs", "+proj=tmerc +lon_0=121.46 +lat_0=31.23 +units=m"), 2),
    ],
)
def test_what_cannot_be_meant_is_refused(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    digonce("export", "--store", town, *words, code=code)
    assert list(tmp_path.iterdir()) == []


def test_the_store_is_never_written_over(town: Path) -> None:
    before = town.read_bytes()
    digonce("export", "--store", town, "--out", town, code=2)
    assert town.read_bytes() == before


@pytest.fixture(scope="session")
def feed_schema(real_data: Path) -> jsonschema.Draft7Validator:
    """Return the published schema of WZDx 4.2; the two of GeoJSON that it names are told here."""
    folder = real_data / "wzdx" / "schemas" / "4.2"
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    position = {"type": "array", "minItems": 2, "items": {"type": "number"}}
    documents += [
        {
            "$id": f"https://geojson.org/schema/{kind}.json",
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"enum": [kind]},
                "coordinates": {"type": "array", "minItems": least, "items": position},
            },
        }
        for kind, least in (("LineString", 2), ("MultiPoint", 1))
    ]
    registry: Any = referencing.Registry().with_resources(
        [(document["$id"], DRAFT7.create_resource(document)) for document in documents]
    )
    feed = next(document for document in documents if document["$id"].endswith("WorkZoneFeed.json"))
    return jsonschema.Draft7Validator(
        feed, registry=registry, format_checker=jsonschema.FormatChecker()
    )


@pytest.mark.real_data
@pytest.mark.parametrize("network", [True, False])
def test_a_feed_holds_to_the_published_schema(
    feed_schema: jsonschema.Draft7Validator, town: Path, tmp_path: Path, network: bool
) -> None:
    store = town
    if not network:
        digonce("export", "--store", town, "--out", tmp_path / "p.gpkg")
        store = tmp_path / "bare.gpkg"
        digonce("import", "projects", tmp_path / "p.gpkg", "--store", store)
    holds(feed_schema, store, tmp_path / "feed.json", {"LineString", "MultiPoint"})
    if not network:
        feed = json.loads((tmp_path / "feed.json").read_text(encoding="utf-8"))
        assert {feature["geometry"]["type"] for feature in feed["features"]} == {"MultiPoint"}


@pytest.mark.real_data
def test_a_feed_of_another_town_holds_to_the_published_schema(
    feed_schema: jsonschema.Draft7Validator, tmp_path: Path
) -> None:
    store = a_town(tmp_path, projects=100, seed=1)
    holds(feed_schema, store, tmp_path / "feed.json", {"LineString", "MultiPoint"})


def holds(schema: jsonschema.Draft7Validator, store: Path, out: Path, kinds: set[str]) -> None:
    digonce(
        "export", "--store", store, "--out", out, "--format", "wzdx", "--from", "2025-01-01",
        "--to", "2027-12-31",
    )  # fmt: skip
    feed = json.loads(out.read_text(encoding="utf-8"))
    assert [error.message[:200] for error in schema.iter_errors(feed)] == []
    assert {feature["geometry"]["type"] for feature in feed["features"]} <= kinds
    names = [feature["id"] for feature in feed["features"]]
    assert len(set(names)) == len(names) > 5


def test_a_feed_read_again_is_the_same_works(town: Path, tmp_path: Path) -> None:
    feed, again = tmp_path / "feed.json", tmp_path / "again.gpkg"
    told = json.loads(
        digonce("export", "--store", town, "--out", feed, "--format", "wzdx", "--from",
                "2025-01-01", "--to", "2027-12-31", "--json")
    )  # fmt: skip
    digonce("init", "--store", again, "--crs", "EPSG:4549")
    digonce("import", "projects", feed, "--store", again)
    with open_store(str(town)) as first, open_store(str(again)) as second:
        left, right = first.read_city(), second.read_city()
    assert len(right.sites) == told["rows"]
    wanted = left.sites.set_index(["project_code", "site_id"])
    whole = right.sites[~right.sites["site_id"].str.contains("/")]
    for site in whole.itertuples():
        old = wanted.loc[(site.project_code, site.site_id)]
        assert (site.start, site.finish) == (old["start"], old["finish"])
        assert site.start_precision == old["start_precision"]
        assert pd.isna(old["method"]) or site.method == old["method"]
        assert site.geometry.distance(old.geometry) < 20
    owners = left.projects.set_index("code")["owner_unit"]
    for project in right.projects.itertuples():
        assert project.owner_unit == owners[project.code]
