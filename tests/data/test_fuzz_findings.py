"""What changed bytes and changed structures have broken once, each as the smallest file that shows it."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import ezdxf
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from coordination.faults import Fault, InputRefusedError
from coordination.policy import Policy
from data.cells import looks_like_roads
from data.read_layers import read_layer
from data.read_projects import read_projects
from data.source_hints import SourceHints


def codes(error: pytest.ExceptionInfo[InputRefusedError]) -> list[str]:
    for fault in error.value.faults:
        assert fault.text("zh").encode()
        assert fault.text("en").encode()
    return [fault.code for fault in error.value.faults]


@pytest.mark.parametrize("kind", [["FeatureCollection"], {"a": 1}, 7, None])
def test_a_type_that_is_no_text(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": kind, "features": [{"type": kind, "properties": {}}]}))
    layer = read_layer(path)
    assert (layer.format, len(layer.table)) == ("json", 1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.gpkg"
    table = gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.Point(620000, 3470000)], crs=4549)
    table.to_file(path, engine="pyogrio")
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
    connection.close()
    return path


def test_a_database_whose_message_holds_bad_bytes(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = CAST(x'435245415445205441424C4520FFFE' AS TEXT)"
            " WHERE name = 'a'"
        )
    connection.close()
    with pytest.raises(InputRefusedError) as caught:
        read_layer(database)
    assert codes(caught) in (["file_broken"], ["encoding_wrong"])


def test_a_database_with_text_that_is_none(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE a SET code = CAST(x'B2D6B3A1C2B7' AS TEXT)")
    connection.close()
    with pytest.raises(InputRefusedError) as caught:
        read_layer(database)
    assert codes(caught) == ["encoding_wrong"]


def test_metres_that_no_place_on_earth_has(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('code,wkt\nA,"POINT (2147483648 4294967295)"\n')
    with pytest.raises(InputRefusedError) as caught:
        read_projects(path, crs="EPSG:4549", policy=Policy())
    assert codes(caught) == ["file_outside_area"]


def test_a_member_whose_two_names_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("路.csv", "code,road\nA,r\n")
    content = path.read_bytes()
    name = "路".encode()
    assert content.count(name) == 2
    path.write_bytes(content.replace(name, b"\xc8" + name[1:], 1))
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path)
    assert codes(caught) == ["zip_broken"]


def test_scribbles_are_one_rows_fault_in_every_format(tmp_path: Path) -> None:
    scribble = shapely.Polygon(np.random.default_rng(0).random((400, 2)) * 100 + (620000, 3470000))
    table = gpd.GeoDataFrame(
        {"code": ["A", "B"]},
        geometry=[scribble, shapely.box(620000, 3470000, 620010, 3470010)],
        crs=4549,
    )
    table.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    table.to_file(tmp_path / "a.shp", engine="pyogrio")
    table.to_parquet(tmp_path / "a.parquet")
    for kind in ("gpkg", "shp", "parquet"):
        layer = read_layer(tmp_path / f"a.{kind}")
        assert layer.table.geometry.isna().tolist() == [True, False]
        assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_tangled", 1)]


def test_lengths_in_wkb_are_not_believed(database: Path) -> None:
    header = b"GP\0\x01" + struct.pack("<i", 4549)
    for kind in range(2, 8):
        blob = header + b"\x01" + struct.pack("<II", kind, 0x7FFFFFFF) + bytes(40)
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE a SET geom = ?", (blob,))
        connection.close()
        layer = read_layer(database)
        assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_unreadable", 1)]


def test_a_field_that_is_wider_than_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    gpd.GeoDataFrame({"code": ["A"]}, geometry=[shapely.Point(620000, 3470000)], crs=4549).to_file(
        path, engine="pyogrio"
    )
    content = bytearray(path.with_suffix(".dbf").read_bytes())
    content[32 + 16] = 255
    path.with_suffix(".dbf").write_bytes(content)
    assert len(read_layer(path).table) == 1


def test_quotation_marks_of_a_table_without_a_separator(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\nA\t'\n[]\t\"\tEPSG:4549\n", "utf-8")
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path)
    assert codes(caught) == ["quote_not_closed"]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_the_separator_of_the_header_goes_before_commas_in_cells(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ref;geo_point_2d\n" + "A;48.8, 2.3\n" * rows, "utf-8")
    layer = read_layer(path)
    assert layer.table["ref"].tolist() == ["A"] * rows
    assert shapely.get_coordinates(layer.table.geometry.iloc[0]).tolist() == [[2.3, 48.8]]


def test_one_cell_far_below_a_list(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["项目编号", "路名"])
    book.active.append(["A", "仓场路"])
    book.active.cell(200_000, 16_384).value = "x"
    book.save(tmp_path / "a.xlsx")
    layer = read_layer(tmp_path / "a.xlsx")
    assert layer.table["项目编号"].iloc[0] == "A"
    assert layer.table["项目编号"].notna().sum() == 1
    assert layer.numbers[[0, -1]].tolist() == [2, 200_000]


def test_the_reason_of_a_repair_is_told_in_both_languages() -> None:
    params: dict[str, str | int | float] = {
        "reason": "Self-intersection", "before": "1.0", "after": "2.0"
    }  # fmt: skip
    fault = Fault("geometry_repaired", "repaired", row=2, params=params)
    assert "边界自相交" in fault.text("zh")
    assert "the outline crosses itself" in fault.text("en")
    other = Fault("file_broken", params={"reason": "as the library says it"})
    assert "as the library says it" in other.text("zh")


def test_a_scribbled_hatch_is_not_mended(tmp_path: Path) -> None:
    document = ezdxf.new()
    document.header["$INSUNITS"] = 6
    hatch = document.modelspace().add_hatch()
    ring = np.random.default_rng(0).random((400, 2)) * 100 + (620000, 3470000)
    hatch.paths.add_polyline_path(ring.tolist(), is_closed=True)
    document.modelspace().add_point((620000, 3470000))
    document.saveas(tmp_path / "a.dxf")
    layer = read_layer(tmp_path / "a.dxf", crs="EPSG:4549")
    assert layer.table.geometry.isna().tolist() == [True, False]
    assert [fault.code for fault in layer.faults if fault.row == 1] == ["geometry_tangled"]


@pytest.mark.parametrize("axes", [None, "yx"])
def test_two_ways_to_say_that_the_north_comes_first_are_one(tmp_path: Path, axes: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,a,b\nA,3470000,620000\n")
    hints = SourceHints(lon="a", lat="b", north_first=True, axes=axes)
    layer = read_layer(path, crs="EPSG:4549", hints=hints)
    assert shapely.get_coordinates(layer.table.geometry).tolist() == [[620000, 3470000]]


@pytest.mark.parametrize("cells", ["", "\n\n", "x\n"])
def test_a_column_of_blanks_is_no_column_of_roads(cells: str) -> None:
    column = pd.Series(cells.split("\n"), dtype=str)
    assert not looks_like_roads(column)
    assert not looks_like_roads(column.where(column != "", None))
