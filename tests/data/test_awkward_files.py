"""Files as they come: each is read rightly, or refused with a sentence that says what to do."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from coordination import Policy
from coordination.faults import InputRefusedError
from data.read_projects import ReadProjects, read_projects
from data.read_tables import header_names, read_workbook

POINT = {"type": "Point", "coordinates": [121.25, 31.38]}
HEAD = "项目编号,项目名称,经度,纬度\n"


def read(path: Path, **how: Any) -> ReadProjects:
    return read_projects(path, policy=Policy(), **how)


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read(path, **how)
    fault = next(fault for fault in caught.value.faults if fault.level == "refused")
    assert fault.text("zh")
    assert fault.text("en")
    return fault.code


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def collection(path: Path, *features: Any) -> Path:
    document = {"type": "FeatureCollection", "features": features}
    return written(path, json.dumps(document, ensure_ascii=False))


def feature(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": POINT, "properties": properties}


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_one_cell_far_out_costs_no_memory(tmp_path: Path) -> None:
    path = workbook(tmp_path / "far.xlsx", ["项目编号", "项目名称"], ["A", "甲"])
    book = openpyxl.load_workbook(path)
    assert book.active is not None
    book.active["XFD60000"] = "x"
    book.save(path)
    table = read_workbook(path).table
    assert table.columns.tolist() == ["项目编号", "项目名称", "column_16384"]
    assert len(table) == 59_999
    assert table["column_16384"].iloc[-1] == "x"


def test_a_workbook_that_unpacks_to_too_much_stays_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "big.xlsx", ["项目编号"], ["A" * 5000])
    with zipfile.ZipFile(path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    monkeypatch.setattr("data.read_tables.MOST_WORKBOOK_BYTES", size - 1)
    assert refusal(path) == "zip_too_large"


def test_more_columns_than_a_spreadsheet_has_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "wide.csv", ",".join("a" * 20_000) + "\n" + "," * 19_999 + "\n")
    assert refusal(path) == "too_many_columns"


def test_many_equal_headers_are_numbered() -> None:
    names, notes = header_names(["a"] * 3000)
    assert (names[0], names[1], names[-1], len(notes)) == ("a", "a_2", "a_3000", 2999)


def test_totals_are_no_project(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "list.xlsx", ["序号", "项目编号", "项目名称"], [1, "A", "甲"],
        ["合 计：", None, 5], [None, "小计", None],
    )  # fmt: skip
    found = read(path)
    assert found.projects["code"].tolist() == ["A"]
    assert [fault.row for fault in found.faults if fault.code == "total_left_out"] == [3, 4]


@pytest.mark.parametrize(
    ("crs", "x", "y", "code"),
    [
        ("EPSG:4549", "121.25", "31.38", "crs_not_metres"),
        ("EPSG:4326", "31.38", "121.25", "crs_axes_swapped"),
        ("EPSG:4326", "620000", "3470000", "crs_not_degrees"),
        ("EPSG:2437", "620000", "3470000", "crs_without_shift"),
        ("EPSG:2385", "620000", "3470000", "crs_without_shift"),
    ],
)
def test_a_wrong_coordinate_system_is_named(
    tmp_path: Path, crs: str, x: str, y: str, code: str
) -> None:
    path = written(tmp_path / "places.csv", HEAD + f"A,甲,{x},{y}\nB,乙,{x},{y}\n")
    assert refusal(path, crs=crs) == code


def test_columns_of_coordinates_are_not_called_unused(tmp_path: Path) -> None:
    path = written(tmp_path / "places.csv", HEAD + "A,甲,121.25,31.38\n")
    found = read(path, crs="EPSG:4326")
    assert "columns_not_used" not in [fault.code for fault in found.faults]


def test_curves_in_text_are_one_row_s_fault(tmp_path: Path) -> None:
    path = written(
        tmp_path / "wkt.csv",
        "项目编号,WKT\nA,POINT (121.25 31.38)\nB,POINT Z (121.25 31.38 4)\n"
        'C,"CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))"\n',
    )  # fmt: skip
    found = read(path, crs="EPSG:4326")
    assert [(f.code, f.row) for f in found.faults if f.level == "refused"] == [
        ("geometry_unreadable", 4)
    ]


def test_features_that_say_nothing_are_not_dropped(tmp_path: Path) -> None:
    found = read(
        collection(tmp_path / "f.geojson", None, 1, {"type": "Feature"}, feature(code="A"))
    )
    assert found.rows["outcome"].tolist() == ["refused", "refused", "incomplete"]
    assert refusal(collection(tmp_path / "g.geojson", {"type": "Feature"})) == "file_empty"


def test_numbers_and_letters_that_json_alone_can_spell(tmp_path: Path) -> None:
    path = written(
        tmp_path / "n.geojson", json.dumps(feature(code=0)).replace("0}", "9" * 5000 + "}")
    )
    assert refusal(path) == "json_number"
    document = json.dumps(
        {"type": "FeatureCollection", "features": [feature(code="\ud800", name="a\0b")]}
    )
    found = read(written(tmp_path / "s.geojson", document))
    assert found.projects["code"].tolist() == ["?"]
    assert found.projects["name"].tolist() == ["ab"]


def test_endless_coordinates_raise_no_warning(tmp_path: Path) -> None:
    text = json.dumps(feature(code="A")).replace("121.25", "9" * 400)
    found = read(written(tmp_path / "e.geojson", text))
    assert found.rows["outcome"].tolist() == ["refused"]


@pytest.mark.parametrize(("name", "letters"), [("code", 201), ("remark", 20_001)])
def test_texts_have_an_end(tmp_path: Path, name: str, letters: int) -> None:
    row = {"code": "A"} | {name: "长" * letters}
    found = read(collection(tmp_path / "long.geojson", feature(**row)))
    assert [(f.code, f.row) for f in found.faults if f.level == "refused"] == [("text_too_long", 1)]


@pytest.mark.parametrize("head", [b"%PDF-1.7 ", b"\x1f\x8b\x08", b"<html>", b"7z\xbc\xaf\x27"])
def test_other_formats_are_not_taken_for_tables(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(head + b"a,b\n1,2\n")
    assert refusal(path) == "format_unknown"
