"""Spreadsheets with the traps of real lists, written from known projects: reading gives them back."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination import Policy
from coordination.faults import InputRefusedError
from data.column_mapping import parse_mapping
from data.read_layers import read_layer
from data.read_projects import ReadProjects, read_projects
from data.read_tables import read_csv_text, read_workbook
from data.suggest_mapping import suggest_mapping


def read(path: Path, **how: Any) -> ReadProjects:
    return read_projects(path, policy=Policy(), **how)


def codes_of(path: Path, **how: Any) -> list[str]:
    with pytest.raises(InputRefusedError) as caught:
        read(path, **how)
    assert all(fault.text("zh") and fault.text("en") for fault in caught.value.faults)
    return [fault.code for fault in caught.value.faults if fault.level == "refused"]


def book(path: Path, *rows: list[Any], merged: tuple[str, ...] = (), **sheets: Any) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    for name, content in sheets.items():
        other = made.create_sheet(name)
        for row in content:
            other.append(row)
    made.save(path)
    return path


HEAD = ["项目编号", "项目名称", "路名", "计划开工", "计划竣工"]
ROW = ["A1", "甲", "仓场路", "2025-03-01", "2025-04-30"]


# --- One by one ------------------------------------------------------------------------------------


def test_merged_cells_fill_down_and_a_merged_length_is_nobodys(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        ["项目名称", "建设单位", "路名", "长度(m)"],
        ["甲", "水务", "仓场路", 900], [None, None, "博园路", None],
        ["乙", None, "墨玉路", 5], [None, None, "和政路", 6],
        merged=("A2:A3", "B2:B3", "D2:D3"),
    )  # fmt: skip
    table = read_layer(path).table
    assert table["项目名称"].tolist() == ["甲", "甲", "乙", None]
    assert table["建设单位"].tolist() == ["水务", "水务", None, None]
    assert table["长度(m)"].tolist() == [None, None, 5, 6]
    assert [f.params["last"] for f in read(path).faults if f.code == "merged_total"] == [3]


def test_error_cells_and_formulas_without_values_are_named(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", HEAD, ROW, ["A2", "乙", "#REF!", "=TODAY()", "2025-04-30"])
    made = openpyxl.load_workbook(path)
    made.active["C3"].data_type = "e"  # type: ignore[union-attr,index]
    made.save(path)
    found = [(f.code, f.row, f.column) for f in read(path).faults if f.level == "refused"]
    assert found == [("cell_error", 3, "路名"), ("formula_without_value", 3, "计划开工")]


def test_two_rows_that_may_be_the_header_are_asked_about(tmp_path: Path) -> None:
    other = ["工程名称", "道路名称", "开工日期", "竣工日期", "项目编号"]
    path = book(tmp_path / "a.xlsx", HEAD, other, ROW)
    assert codes_of(path) == ["header_doubtful"]
    mapping = parse_mapping("header_row = 1")
    assert read_workbook(path, header_row=2).numbers.tolist() == [3]
    assert mapping.hints.header_row == 1


def test_a_second_list_below_is_no_row_of_the_first(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        HEAD,
        ROW,
        ROW,
        [],
        ["序号", "建设单位", "总投资", "面积"],
        [1, "x", 2, 3],
    )
    assert codes_of(path) == ["another_list"]


def test_sheets_that_differ_ask_which_and_faults_name_the_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", HEAD, ROW, 镇二=[HEAD, ["B1", "乙", "博园路", "bad", None]])
    found = read(path)
    refused = [fault for fault in found.faults if fault.level == "refused"]
    assert [(f.sheet, f.row, f.code) for f in refused] == [("镇二", 2, "date_unreadable")]
    assert refused[0].text("zh").startswith("工作表“镇二”，第 2 行")
    assert found.rows[["sheet", "row"]].to_numpy().tolist() == [["Sheet", 2], ["镇二", 2]]
    differ = book(
        tmp_path / "b.xlsx", [*HEAD, "长度(m)"], [*ROW, 5], 二=[[*HEAD, "长度(km)"], [*ROW, 5]]
    )
    assert codes_of(differ) == ["sheets_differ"]
    assert read(differ, layer="二").sites["length_m"].tolist() == [5000.0]


@pytest.mark.parametrize(
    ("cell", "metres"),
    [("约430米", 430.0), ("3.5km", 3500.0), ("1,538", 1538.0), ("12公里", 12_000.0), (7, 7.0)],
)
def test_units_in_cells(tmp_path: Path, cell: object, metres: float) -> None:
    path = book(tmp_path / "a.xlsx", [*HEAD, "长度"], [*ROW, cell])
    assert read(path).sites["length_m"].tolist() == [metres]


def test_units_that_nobody_knows_are_not_guessed(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [*HEAD, "长度(英尺)", "面积"], [*ROW, 5, "3坪"])
    found = read(path)
    codes = {fault.code for fault in found.faults}
    assert {"header_unit_unknown", "number_unit_unknown"} <= codes


@pytest.mark.parametrize(
    ("window", "start", "finish"),
    [
        ("3—5月", "2025-03-01", "2025-05-31"),
        ("2025年11月-次年2月", "2025-11-01", "2026-02-28"),
        ("二季度", "2025-04-01", "2025-06-30"),
        ("自3月10日至7月30日", "2025-03-10", "2025-07-30"),
        ("全年", "2025-01-01", "2025-12-31"),
    ],
)
@pytest.mark.parametrize("header", ["施工时间", "计划工期", "工期"])
def test_periods_in_one_cell(
    tmp_path: Path, window: str, start: str, finish: str, header: str
) -> None:
    path = book(
        tmp_path / "a.xlsx", ["2025年掘路计划", None, None, None],
        ["项目编号", "项目名称", "路名", header], ["A1", "甲", "仓场路", window],
    )  # fmt: skip
    site = read(path).sites.iloc[0]
    assert (f"{site['start']:%Y-%m-%d}", f"{site['finish']:%Y-%m-%d}") == (start, finish)


def test_a_year_that_nobody_states_is_asked_for(tmp_path: Path) -> None:
    head = ["项目编号", "项目名称", "路名", "施工时间"]
    path = book(tmp_path / "a.xlsx", head, ["A1", "甲", "仓场路", "3—5月"])
    refused = [fault.code for fault in read(path).faults if fault.level == "refused"]
    assert refused == ["date_year_missing"]
    stated = read(path, mapping=parse_mapping("[dates]\nyear = 2024"))
    assert stated.sites["start"].dt.year.tolist() == [2024]
    column = book(
        tmp_path / "b.xlsx", [*head, "实施年度"],
        ["A1", "甲", "仓场路", "3—5月", 2023], ["A2", "乙", "仓场路", None, 2022],
    )  # fmt: skip
    sites = read(column).sites
    assert sites["start"].dt.strftime("%Y-%m").tolist() == ["2023-03", "2022-01"]
    assert sites["start_precision"].tolist() == ["month", "year"]


def test_a_month_that_excel_made_a_day_of_stays_a_month(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", HEAD, [*ROW[:3], date(2025, 3, 1), date(2025, 5, 1)])
    made = openpyxl.load_workbook(path)
    for cell in ("D2", "E2"):
        made.active[cell].number_format = 'yyyy"年"m"月"'  # type: ignore[union-attr,index]
    made.save(path)
    site = read(path).sites.iloc[0]
    assert f"{site['finish']:%Y-%m-%d}" == "2025-05-31"
    assert site["start_precision"] == "month"


def test_workbooks_that_count_from_1904(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", HEAD, ROW)
    made = openpyxl.load_workbook(path)
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    made.active["D2"] = date(2025, 3, 1)  # type: ignore[index]
    made.save(path)
    assert f"{read(path).sites['start'][0]:%Y-%m-%d}" == "2025-03-01"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_dirty_csv(tmp_path: Path, separator: str, encoding: str) -> None:
    text = "\n".join(
        [
            "2025年掘路计划表",
            separator.join(HEAD),
            separator.join(["A1", "甲", '"仓场路\n博园路"', "3月1日", "4月底"]),
            separator.join(["合计", "", "", "", ""]),
        ]
    )
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    site = read(path).sites.iloc[0]
    assert f"{site['start']:%Y-%m-%d} {site['finish']:%Y-%m-%d}" == "2025-03-01 2025-04-30"


def test_traditional_headers(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", ["工程編號", "工程名稱", "道路名稱", "預定開工日", "預定完工日"],
        ["A1", "甲", "中山路", "1140301", "114/04/30"],
    )  # fmt: skip
    site = read(path).sites.iloc[0]
    assert f"{site['start']:%Y-%m-%d} {site['finish']:%Y-%m-%d}" == "2025-03-01 2025-04-30"


@pytest.mark.parametrize(
    ("cell", "start", "finish", "days"),
    [
        ("2025年全年", "2025-01-01", "2025-12-31", None),
        ("2025", "2025-01-01", "2025-12-31", None),
        ("3.10-4.20", "2025-03-10", "2025-04-20", None),
        ("2025年3月1日起60天", "2025-03-01", "2025-04-29", 60),
        ("2025年5月（30天）", "2025-05-01", "2025-05-31", 30),
        ("60天", None, None, 60),
        ("3个月", None, None, 90),
        ("60-90天", None, None, None),
    ],
)
def test_periods_and_durations_in_one_column(
    tmp_path: Path, cell: str, start: str | None, finish: str | None, days: int | None
) -> None:
    path = book(
        tmp_path / "a.xlsx", ["2025年掘路计划", None, None, None],
        ["项目编号", "项目名称", "路名", "计划工期"],
        ["A1", "甲", "仓场路", cell], ["A2", "乙", "仓场路", "9-11月"],
    )  # fmt: skip
    site = read(path).sites.iloc[0]
    said = [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in (site["start"], site["finish"])]
    assert said == [start, finish]
    assert site["duration_days"] == days if days else site.isna()["duration_days"]


@pytest.mark.parametrize(
    ("start", "finish"),
    [("9-11月", "2025-11-30"), ("上半年", "2025-06-30"), ("9月", None), ("年底", None)],
)
def test_a_start_that_is_a_period_closes_an_open_finish(
    tmp_path: Path, start: str, finish: str | None
) -> None:
    path = book(
        tmp_path / "a.xlsx", ["2025年掘路计划", None, None, None, None],
        ["项目编号", "项目名称", "路名", "计划工期", None], [None, None, None, "开工", "竣工"],
        ["A1", "甲", "仓场路", start, None], ["A2", "乙", "仓场路", "3月", "4月"],
        merged=("A2:A3", "B2:B3", "C2:C3", "D2:E2"),
    )  # fmt: skip
    found = read(path)
    day = found.sites["finish"][0]
    assert (None if pd.isna(day) else f"{day:%Y-%m-%d}") == finish
    told = [fault.row for fault in found.faults if fault.code == "finish_from_start"]
    assert told == ([4] if finish else [])
    assert (found.sites["inferred"][0] == "finish") is bool(finish)


def test_money_that_looks_like_yuan_is_asked_about(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", [*HEAD, "总投资"], [*ROW, 350_000], ["A2", *ROW[1:], 1_200_000]
    )
    assert [f.code for f in read(path).faults if f.level == "refused"] == ["money_unit_missing"]
    stated = read(path, mapping=parse_mapping("[units]\ncost_wan = 0.0001"))
    assert stated.projects["cost_wan"].tolist() == [35.0, 120.0]
    costs = [[f"A{cost}", *ROW[1:], cost] for cost in (350, 800, 12_000)]
    small = book(tmp_path / "b.xlsx", [*HEAD, "总投资"], *costs)
    assert "money_unit_assumed" in {fault.code for fault in read(small).faults}
    title = [["单位：元、米"], [*HEAD, "总投资"], [*ROW, 350_000]]
    assert read(book(tmp_path / "c.xlsx", *title)).projects["cost_wan"].tolist() == [35.0]


def test_both_ends_of_an_extent_in_columns_of_their_own(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [*HEAD, "起点", "终点"], [*ROW, "嘉罗公路", "和政路"])
    assert read(path).sites["extent_text"].tolist() == ["嘉罗公路-和政路"]
    again = read(path, mapping=parse_mapping(suggest_mapping(read_layer(path))))
    assert again.sites["extent_text"].tolist() == ["嘉罗公路-和政路"]


def test_a_column_of_roads_that_nobody_knows_is_named_and_drafted(tmp_path: Path) -> None:
    head = ["项目编号", "项目名称", "工程所涉", "计划开工", "计划竣工"]
    path = book(tmp_path / "a.xlsx", head, ROW, ["A2", "乙", "博园路(墨玉路—镇界)", *ROW[3:]])
    assert "place_column_unknown" in {fault.code for fault in read(path).faults}
    again = read(path, mapping=parse_mapping(suggest_mapping(read_layer(path))))
    assert again.sites["extent_text"].tolist() == ["仓场路", "博园路(墨玉路—镇界)"]


def test_headings_in_the_column_of_numbers_are_told(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", ["序号", *HEAD], ["一、大修项目"], [1, *ROW], [2], ["注：x"],
    )  # fmt: skip
    codes = {fault.code: fault.row for fault in read(path).faults}
    assert codes["heading_left_out"] == 2
    assert codes["rows_only_numbered"] == 4
    assert codes["notes_left_out"] == 5


# --- Anything at all -------------------------------------------------------------------------------

CELLS = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.sampled_from(
        [*HEAD, "合计", "注：x", "一、甲", "单位：万元", "2025年", "长度(km)", "m", "序号"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    st.dates(date(1990, 1, 1), date(2050, 1, 1)),
)


@given(st.lists(st.lists(CELLS, max_size=6), max_size=12), st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_grid_breaks_the_reader(grid: list[list[Any]], packed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.xlsx"
        with suppress(InputRefusedError):
            if packed:
                book(path, *grid)
                layer = read_layer(path)
                assert parse_mapping(suggest_mapping(layer)) is not None
                read(path)
            else:
                lines = [";".join("" if c is None else str(c) for c in row) for row in grid]
                read_csv_text("\n".join(lines), "grid.csv")
