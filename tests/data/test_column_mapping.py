"""Columns and mapping files."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordination.faults import InputRefusedError
from coordination.projects import FIELDS
from data.column_mapping import ColumnMapping, load_mapping, match_columns, parse_mapping

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "docs" / "mappings").glob("*.toml"))


def faults_of(content: str) -> list[str]:
    with pytest.raises(InputRefusedError) as caught:
        parse_mapping(content, source="m.toml")
    assert all(fault.text("zh") and fault.text("en") for fault in caught.value.faults)
    return [fault.code for fault in caught.value.faults]


def test_headers_of_a_real_list() -> None:
    names = ["项目编码", " 项目名称 ", "建设单位", "行业主管部门", "起讫点", "估算投资（万元）", "计划开工",
             "计划竣工", "工期(天)", "面积(㎡)", "备　注", "序号"]  # fmt: skip
    found = match_columns(names, FIELDS, ColumnMapping())
    assert found.columns == {
        "code": ("项目编码",), "name": (" 项目名称 ",), "owner_unit": ("建设单位",),
        "department": ("行业主管部门",), "cost_wan": ("估算投资（万元）",), "remark": ("备　注",),
        "extent_text": ("起讫点",), "area_m2": ("面积(㎡)",), "start": ("计划开工",),
        "finish": ("计划竣工",), "duration_days": ("工期(天)",),
    }  # fmt: skip
    assert found.units == {}
    assert found.unused == ("序号",)


@pytest.mark.parametrize(
    ("header", "field", "factor"),
    [
        ("长度(km)", "length_m", 1000.0),
        ("总投资（元）", "cost_wan", 0.0001),
        ("总投资(亿元)", "cost_wan", 10000.0),
        ("面积（公顷）", "area_m2", 10000.0),
        ("管径(m)", "diameter_mm", 1000.0),
    ],
)
def test_units_in_headers(header: str, field: str, factor: float) -> None:
    found = match_columns([header], FIELDS, ColumnMapping())
    assert found.columns == {field: (header,)}
    assert found.units == {field: factor}


def test_a_bracket_that_is_no_unit_is_no_match() -> None:
    assert match_columns(["长度(备注)"], FIELDS, ColumnMapping()).columns == {}


def test_the_better_name_wins() -> None:
    found = match_columns(["编号", "项目编码"], FIELDS, ColumnMapping())
    assert found.columns == {"code": ("项目编码",)}
    assert found.unused == ("编号",)


@pytest.mark.parametrize("name", ["项目主管部", "行业主"])
def test_names_cut_to_ten_bytes(name: str) -> None:
    cut = {"项目主管部": None, "行业主": "department"}[name]
    found = match_columns([name], FIELDS, ColumnMapping(), truncated=True)
    assert found.columns == ({cut: (name,)} if cut else {})
    assert match_columns([name], FIELDS, ColumnMapping()).columns == {}


def test_a_cut_name_that_two_fields_share_is_not_guessed() -> None:
    # 计划开 is the beginning of 计划开工 and of 计划开工时间, which are one field; 项目编 is one too.
    found = match_columns(
        ["计划开", "permit_sta", "start_prec"], FIELDS, ColumnMapping(), truncated=True
    )
    assert found.columns == {
        "start": ("计划开",),
        "permit_start": ("permit_sta",),
        "start_precision": ("start_prec",),
    }


def test_the_mapping_goes_before_names() -> None:
    mapping = parse_mapping('[columns]\nstart = "end"\nextent_text = ["a", "b"]')
    found = match_columns(["start", "end", "A", "b"], FIELDS, mapping)
    assert found.columns == {"start": ("end",), "extent_text": ("A", "b")}
    assert found.unused == ("start",)


def test_columns_that_the_file_lacks_are_named() -> None:
    mapping = parse_mapping('[columns]\ncode = "x"\n[code]\nfrom = ["y"]')
    assert [f.params["column"] for f in match_columns(["z"], FIELDS, mapping).faults] == ["x", "y"]


def test_every_fault_of_a_mapping_file() -> None:
    assert faults_of("[columns") == ["mapping_not_toml"]
    assert faults_of('[columns]\nlenght_m = "x"') == ["mapping_field_unknown"]
    assert faults_of("colums = 1") == ["mapping_field_unknown"]
    assert faults_of('columns = "x"') == ["mapping_wrong"]
    assert faults_of("[columns]\ncode = 3") == ["mapping_wrong"]
    assert faults_of('[values.sector]\n"Gas" = "pipes"') == ["mapping_code_unknown"]
    assert faults_of('[constants]\nmethod = "dig"') == ["mapping_code_unknown"]
    assert faults_of('[units]\nlength_m = "km"') == ["mapping_wrong"]
    assert faults_of('[dates]\nstyle = "european"') == ["mapping_wrong"]
    assert faults_of('[code]\nfrom = "x"') == ["mapping_wrong"]
    assert faults_of('time_zone = "Mars/Olympus"') == ["mapping_wrong"]
    assert faults_of('crs = 4326\n[columns]\nx = "y"') == ["mapping_field_unknown", "mapping_wrong"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes('crs = "坐标"'.encode("gbk"))
    with pytest.raises(InputRefusedError):
        load_mapping(tmp_path / "gbk.toml")


def test_there_are_examples() -> None:
    assert {"ashford", "england", "newtaipei", "paris", "pingtung", "taichung"} <= {
        path.stem for path in EXAMPLES
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    assert load_mapping(path).columns
