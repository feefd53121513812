"""Layers by content: what is read, and what is refused with a sentence instead of a traceback."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from coordination.faults import InputRefusedError
from data.read_layers import Layer, read_layer

SQUARE = "POLYGON ((121.2 31.3, 121.3 31.3, 121.3 31.4, 121.2 31.3))"


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path, **options: object) -> list[str]:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path, **options)  # type: ignore[arg-type]
    faults = [fault for fault in caught.value.faults if fault.level == "refused"]
    for fault in caught.value.faults:  # every one has words in both languages
        assert fault.text("zh")
        assert fault.text("en")
    return [fault.code for fault in faults]


def geojson(*features: object, **members: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def point(x: float, y: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [x, y]}


def shapefile(folder: Path, name: str = "roads", encoding: str = "GBK") -> Path:
    table = gpd.GeoDataFrame(
        {"项目": ["沪宜公路", "博园路"], "长度": [1.5, np.nan]},
        geometry=[shapely.Point(500000, 3400000), None],
        crs=4549,
    )
    table.to_file(folder / f"{name}.shp", encoding=encoding, engine="pyogrio")
    return folder / f"{name}.shp"


# --- GeoJSON ---


def test_geojson_keeps_types_rows_and_order(tmp_path: Path) -> None:
    source = geojson(
        feature(
            point(121.2, 31.3), code="007", n=12345678901234567, day="2025-03-01", tags={"a": 1}
        ),
        feature(None, code="008", n=None, extra=True),
        feature({"type": "Polygon", "coordinates": []}, code="009"),
    )
    layer = read_layer(put(tmp_path / "works.txt", source))
    assert (layer.format, layer.first_row, layer.source) == ("geojson", 1, "works.txt")
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4326
    table = layer.table
    assert table["code"].tolist() == ["007", "008", "009"]
    assert table["n"][0] == 12345678901234567
    assert table["day"][0] == "2025-03-01"
    assert table["tags"][0] == '{"a": 1}'
    assert table["tags.a"][0] == 1
    assert table.geometry.isna().tolist() == [False, True, True]
    assert layer.faults == []


def test_geojson_names_each_bad_geometry(tmp_path: Path) -> None:
    source = geojson(
        feature(point(121.2, 31.3)),
        feature({"type": "Point", "coordinates": ["a", 1]}),
        feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}),
        "no feature",
        feature(point(200.0, 31.3)),
    )
    layer = read_layer(put(tmp_path / "a.geojson", source))
    assert [(fault.code, fault.row) for fault in layer.faults] == [
        ("geometry_unreadable", 2),
        ("geometry_unreadable", 3),
        ("geometry_unreadable", 4),
        ("coordinates_not_degrees", 5),
    ]
    assert layer.table.geometry.notna().tolist() == [True, False, False, False, False]


def test_geojson_with_the_older_crs_member(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    layer = read_layer(put(tmp_path / "a", geojson(feature(point(5e5, 3.4e6)), crs=crs)))
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4549


def test_geojson_in_gbk_and_with_three_dimensions(tmp_path: Path) -> None:
    source = json.dumps(
        {"type": "Feature", "properties": {"路名": "仓场路"},
         "geometry": {"type": "Point", "coordinates": [121, 31, 5]}}, ensure_ascii=False)  # fmt: skip
    layer = read_layer(put(tmp_path / "a.json", source.encode("gbk")))
    assert layer.table["路名"].tolist() == ["仓场路"]
    assert not shapely.has_z(layer.table.geometry.iloc[0])
    assert [(fault.code, fault.level) for fault in layer.faults] == [("encoding_guessed", "note")]


def test_geojson_in_metres_needs_a_crs(tmp_path: Path) -> None:
    path = put(tmp_path / "a.geojson", geojson(feature(point(5e5, 3.4e6))))
    assert refusal(path) == ["crs_not_degrees", "coordinates.crs_readings"]
    layer = read_layer(path, crs="EPSG:4549")
    assert [fault.code for fault in layer.faults] == ["crs_overruled"]


# --- Shapefile ---


def test_shapefile_in_gbk_without_cpg(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    path.with_suffix(".cpg").unlink()
    for part in (path, path.with_suffix(".dbf"), path.with_suffix(".shx")):
        layer = read_layer(part)
        assert layer.table["项目"].tolist() == ["沪宜公路", "博园路"]
        assert layer.table.geometry.isna().tolist() == [False, True]
        assert [fault.code for fault in layer.faults] == ["encoding_guessed"]


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_shapefile_says_its_encoding(tmp_path: Path, encoding: str) -> None:
    layer = read_layer(shapefile(tmp_path, encoding=encoding))
    assert layer.table["项目"].tolist() == ["沪宜公路", "博园路"]
    assert layer.faults == []


def test_zipped_shapefile_with_gbk_names(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    archive = tmp_path / "sent.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for part in tmp_path.glob("roads.*"):
            info = zipfile.ZipInfo("x" * 4 + "/road" + part.suffix)
            out.writestr(info, part.read_bytes())
    # The names as Windows writes them: GBK bytes without the flag that says UTF-8.
    raw = archive.read_bytes().replace(b"xxxx/road", "数据/道路".encode("gbk"))
    layer = read_layer(put(archive, raw))
    assert layer.source == "sent.zip"
    assert layer.table["项目"].tolist() == ["沪宜公路", "博园路"]
    assert read_layer(archive, layer="道路").table.shape == (2, 3)
    assert path.exists()


def test_archive_with_several_shapefiles(tmp_path: Path) -> None:
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("one", "two"):
            shapefile(tmp_path, name)
            for part in tmp_path.glob(f"{name}.s*"):
                out.write(part, part.name)
            for suffix in (".dbf", ".prj", ".cpg"):
                out.write(tmp_path / f"{name}{suffix}", f"{name}{suffix}")
    assert refusal(archive) == ["layer_not_named"]
    assert refusal(archive, layer="three") == ["layer_missing"]
    assert len(read_layer(archive, layer="two").table) == 2


@pytest.mark.parametrize(
    ("part", "code"),
    [(".shx", "part_missing"), (".dbf", "part_missing"), (".prj", "crs_missing_prj")],
)
def test_shapefile_with_a_part_missing(tmp_path: Path, part: str, code: str) -> None:
    path = shapefile(tmp_path)
    path.with_suffix(part).unlink()
    assert refusal(path)[0] == code


def test_shapefile_without_prj_takes_a_stated_crs(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    path.with_suffix(".prj").unlink()
    layer = read_layer(path, crs=4549)
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4549


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
def test_cut_shapefile(tmp_path: Path, part: str) -> None:
    path = shapefile(tmp_path).with_suffix(part)
    path.write_bytes(path.read_bytes()[:-9])
    assert refusal(path.with_suffix(".shp")) == ["part_cut"]


# --- GeoPackage ---


def test_geopackage_and_its_layers(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    works = gpd.GeoDataFrame(
        {"day": pd.to_datetime(["2025-03-01"])}, geometry=[shapely.Point(5e5, 3.4e6)], crs=4549
    )
    works.to_file(path, layer="works", engine="pyogrio")
    layer = read_layer(path)
    assert (layer.format, len(layer.table)) == ("gpkg", 1)
    assert layer.table["day"].iloc[0].startswith("2025-03-01")
    works.to_file(path, layer="other", engine="pyogrio")
    assert refusal(path) == ["layer_not_named"]
    assert refusal(path, layer="none") == ["layer_missing"]
    assert len(read_layer(path, layer="works").table) == 1
    whole = path.read_bytes()
    for size in (100, 4000, len(whole) - 1):
        assert refusal(put(tmp_path / "cut.gpkg", whole[:size])) == ["file_cut"]


# --- CSV and XLSX ---


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_separators_and_bom(tmp_path: Path, separator: str) -> None:
    rows = [["编号", "名称", "范围"], ["1", "2,5; 3|4", SQUARE], ["2", "", ""]]
    text = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    layer = read_layer(put(tmp_path / "a.csv", "\ufeff" + text), crs=4326)
    assert layer.first_row == 2
    assert layer.table["名称"].tolist()[0] == "2,5; 3|4"
    assert layer.table["名称"].isna().tolist() == [False, True]
    assert layer.table.geometry.geom_type.tolist()[0] == "Polygon"
    assert layer.faults == []


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_csv_encodings(tmp_path: Path, encoding: str) -> None:
    path = put(tmp_path / "a.csv", "路名,长度\n仓场路,12\n".encode(encoding))
    layer = read_layer(path)
    assert layer.table.to_dict("list") == {"路名": ["仓场路"], "长度": ["12"]}
    assert layer.crs is None
    assert not isinstance(layer.table, gpd.GeoDataFrame)
    assert refusal(path, encoding="ascii") == ["encoding_wrong"]
    assert refusal(path, encoding="klingon") == ["encoding_wrong"]


def test_csv_coordinates_ask_for_their_crs(tmp_path: Path) -> None:
    degrees = put(tmp_path / "a.csv", "id,经度,纬度\n1,121.2,31.3\n2,x,3\n3,,\n")
    assert refusal(degrees)[-2:] == ["crs_missing_degrees", "coordinates.crs_readings"]
    layer = read_layer(degrees, crs="EPSG:4326")
    assert layer.table.geometry.notna().tolist() == [True, False, False]
    assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_unreadable", 3)]
    metres = put(tmp_path / "b.csv", "id,x,y\n1,500000,3400000\n")
    assert refusal(metres) == ["crs_missing_metres", "coordinates.crs_readings"]


def test_csv_with_geojson_in_a_column(tmp_path: Path) -> None:
    cell = json.dumps(point(2.3, 48.8)).replace('"', '""')
    layer = read_layer(put(tmp_path / "a.csv", f'id;shape\n1;"{cell}"\n2;\n'))
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4326
    assert layer.table.geometry.notna().tolist() == [True, False]


def test_csv_keeps_blank_rows_in_their_place(tmp_path: Path) -> None:
    layer = read_layer(put(tmp_path / "a.csv", "编号,路名\nA,x\n,\nB,y\n,\n\n"))
    assert layer.table["编号"].isna().tolist() == [False, True, False]


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_xlsx_keeps_cells_of_their_kind(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["项目编号", "开工", None, "长度", "长度"],
        ["A1", pd.Timestamp("2025-03-01").to_pydatetime(), None, 3, 4.5],
        [],
        [12, "2025.3", None, None, None],
    ]
    layer = read_layer(workbook(tmp_path / "a.bin", list=rows))
    assert (layer.format, layer.first_row, len(layer.table)) == ("xlsx", 2, 3)
    assert layer.table.columns.tolist() == ["项目编号", "开工", "长度", "长度_2"]
    assert layer.table["项目编号"].tolist() == ["A1", None, 12]
    assert layer.table["开工"].tolist()[0] == pd.Timestamp("2025-03-01")


def test_xlsx_sheets(tmp_path: Path) -> None:
    one: list[list[object]] = [["a"], [1]]
    assert len(read_layer(workbook(tmp_path / "a.xlsx", one=one, empty=[])).table) == 1
    path = workbook(tmp_path / "b.xlsx", one=one, two=[*one, [2]])
    assert refusal(path) == ["layer_not_named"]
    assert refusal(path, layer="three") == ["layer_missing"]
    assert len(read_layer(path, layer="two").table) == 2
    assert refusal(workbook(tmp_path / "c.xlsx", empty=[["a", "b"]])) == ["file_empty"]


# --- What is no layer at all ---

_NOISE = np.random.default_rng(1).bytes(3000)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf \n", "file_empty"),
        (_NOISE, "format_unknown"),
        (b"<?xml version='1.0'?><kml/>", "kml_without_placemarks"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "workbook_broken"),
        (b"PK\x03\x04" + _NOISE[:300], "zip_broken"),
        (b"SQLite format 3\0" + bytes(100), "not_a_geopackage"),
        (b'{"type":"FeatureCollection","features":[{"type":"Fea', "json_broken"),
        (b'{"rows": []}', "records_missing"),
        (b"[1, 2]", "records_missing"),
        (b"[" * 100_000, "json_too_deep"),
        (b'a,b\n1,"2\n', "quote_not_closed"),
        (b"a,b\n1,2\n1,2,3\n", "row_too_long"),
        (b"a,b\n\x81\xff\xff,1\n", "encoding_unknown"),
        (b"\0\0\x27\x0a" + bytes(20), "part_cut"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    assert refusal(put(tmp_path / "bad.shp", content)) == [code]


def test_archives_without_a_layer(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("readme.txt", "nothing")
    assert refusal(tmp_path / "a.zip") == ["zip_without_layer"]
    book = workbook(tmp_path / "b.xlsx", one=[["a"], [1]]).read_bytes()
    at = book.index(b"xl/worksheets/sheet1.xml") + 40
    torn = book[:at] + bytes(100) + book[at + 100 :]
    assert refusal(put(tmp_path / "c.xlsx", torn)) == ["workbook_broken"]
    assert refusal(put(tmp_path / "d.xlsx", book[:3000])) == ["zip_broken"]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == ["file_missing"]
    assert refusal(tmp_path) == ["file_not_plain"]


def test_unknown_crs(tmp_path: Path) -> None:
    assert refusal(put(tmp_path / "a.csv", "a\n1\n"), crs="EPSG:4") == ["crs_unknown"]


# --- Real files ---


def read_real(real_data: Path, name: str) -> Layer:
    return read_layer(real_data / name)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "kind", "rows", "places"),
    [
        ("paris_chantiers/raw/chantiers-a-paris_2024-03.csv", "csv", 1725, 1722),
        ("paris_chantiers/raw/chantiers-a-paris_2025-12.csv", "csv", 4710, 4710),
        ("paris_chantiers/perturbants_2019-03.geojson", "geojson", 1136, 1135),
        ("taiwan_roaddig/taichung.geojson", "geojson", 3327, 3269),
        ("england_he_roadworks/roadworks_union_epsg27700.gpkg", "gpkg", 23046, 23022),
        ("uk_ashford_elgin/ashford.geojson", "geojson", 981, 981),
    ],
)
def test_real_layers(real_data: Path, name: str, kind: str, rows: int, places: int) -> None:
    layer = read_real(real_data, name)
    assert (layer.format, len(layer.table)) == (kind, rows)
    assert int(layer.table.geometry.notna().sum()) == places
    assert layer.faults == []


@pytest.mark.real_data
def test_a_real_list_in_gbk(real_data: Path) -> None:
    layer = read_real(real_data, "shanghai_road_names/xuhui_edges_GBK.csv")
    assert layer.table["街道名称"].iloc[0] == "复兴中路1252弄"
    assert len(layer.table) == 11837
    assert layer.crs is None
