"""Spreadsheets with the traps of real lists, written from known projects: reading gives them back."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
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


# --- All traps together --------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    name: str
    road: str
    start: date
    days: int
    length_m: int
    cost_wan: float


TRUTHS = st.lists(
    st.builds(
        Truth,
        st.text("甲乙丙丁戊己庚辛壬癸", min_size=2, max_size=5),
        st.sampled_from(["仓场路", "博园路", "墨玉南路", "嘉松北路", "沪宜公路"]),
        st.dates(date(2025, 1, 1), date(2025, 10, 1)),
        st.integers(1, 90),
        st.integers(1, 5000),
        st.integers(1, 99_999).map(lambda n: n / 10),
    ),
    min_size=2,
    max_size=8,
    unique_by=lambda truth: truth.name,
)
WRITINGS = {
    "iso": lambda day: day.isoformat(),
    "chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "no year": lambda day: f"{day.month}月{day.day}日",
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "roc": lambda day: f"{day.year - 1911}{day:%m%d}",
    "roc slashes": lambda day: f"{day.year - 1911}/{day.month}/{day.day}",
    "serial": lambda day: (day - date(1899, 12, 30)).days,
    "cell": lambda day: day,
}
TRAPS = ("titles", "groups", "serial", "sums", "notes", "repeated", "units row", "blank", "heading",
         "window", "second sheet", "hidden sheet")  # fmt: skip


@given(
    TRUTHS,
    st.sets(st.sampled_from(TRAPS)),
    st.sampled_from(sorted(WRITINGS)),
    st.sampled_from([("万元", 1.0), ("元", 10_000.0), ("亿元", 0.0001)]),
    st.sampled_from([("m", 1.0), ("km", 0.001), ("公里", 0.001)]),
)
@settings(max_examples=12, deadline=None)
def test_any_mixture_of_traps_gives_the_projects_back(
    truths: list[Truth],
    traps: set[str],
    writing: str,
    money: tuple[str, float],
    length: tuple[str, float],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        if writing == "no year":
            traps = traps | {"titles"}
        if "window" in traps and writing in ("serial", "cell", "roc", "roc slashes"):
            writing = "chinese"
        rows = written(path, truths, traps, writing, money, length)
        found = read(path)
        again = read(path, mapping=parse_mapping(suggest_mapping(read_layer(path))))
    for result in (found, again):
        table = pd.DataFrame(result.sites).merge(
            result.projects, left_on="project_code", right_on="code"
        )
        got = {
            row.name: (row.road, row.start.date(), row.finish.date(),
                       round(row.length_m, 3), round(row.cost_wan, 4))
            for row in table.itertuples(index=False)
        }  # fmt: skip
        assert got == {
            truth.name: (truth.road, truth.start, truth.start + timedelta(days=truth.days),
                         truth.length_m, round(truth.cost_wan, 4))
            for truth in truths
        }  # fmt: skip
        assert sorted(result.rows["row"]) == sorted(rows)
        assert not [fault for fault in result.faults if fault.level == "refused"]


def written(
    path: Path, truths: list[Truth], traps: set[str], writing: str, money: Any, length: Any
) -> list[int]:
    """Write the list with its traps and return the number of every project's row."""
    write = WRITINGS[writing]
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    halves = [truths]
    if "second sheet" in traps:
        halves = [truths[: len(truths) // 2], truths[len(truths) // 2 :]]
    rows: list[int] = []
    for place, part in enumerate(halves):
        target = sheet if place == 0 else made.create_sheet("续表")
        rows += one_sheet(target, part, traps, write, money, length)
    if "hidden sheet" in traps:
        hidden = made.create_sheet("字典")
        hidden.append(["项目名称", "道路名称"])
        hidden.append(["旧项目", "旧路"])
        hidden.sheet_state = "hidden"
    made.save(path)
    return rows


def one_sheet(
    sheet: Any, truths: list[Truth], traps: set[str], write: Any, money: Any, length: Any
) -> list[int]:
    serial = ["序号"] if "serial" in traps else []
    lead = len(serial)
    if "titles" in traps:
        sheet.append(["嘉定区2025年度道路掘路计划表"])
        sheet.merge_cells("A1:E1")
        sheet.append([*[None] * lead, "填报单位：区交通委"])
    unit_row = "units row" in traps
    cost = "总投资" if unit_row else f"总投资（{money[0]}）"
    far = "长度" if unit_row else f"长度({length[0]})"
    top = sheet.max_row + 1 if sheet.max_row > 1 else 1
    header: list[list[Any]]
    if "window" in traps:
        header = [[*serial, "项目名称", "道路名称", "施工时间", far, cost]]
    elif "groups" in traps:
        header = [
            [*serial, "项目名称", "道路名称", "计划工期", None, far, cost],
            [*[None] * lead, None, None, "开工", "竣工", None, None],
        ]
    else:
        header = [[*serial, "项目名称", "道路名称", "计划开工", "计划竣工", far, cost]]
    for row in header:
        sheet.append(row)
    if len(header) == 2:
        column = 3 + lead
        sheet.merge_cells(start_row=top, end_row=top, start_column=column, end_column=column + 1)
        for place in [*range(1, column), column + 2, column + 3]:
            sheet.merge_cells(start_row=top, end_row=top + 1, start_column=place, end_column=place)
    dates = 1 if "window" in traps else 2
    if unit_row:
        sheet.append([*[None] * lead, None, None, *[None] * dates, length[0], money[0]])
    if "heading" in traps:
        sheet.append(["一、新建项目"])
    numbers: list[int] = []
    for place, truth in enumerate(truths):
        if "blank" in traps and place == 1:
            sheet.append([])
            sheet._current_row += 0
        if "repeated" in traps and place == len(truths) // 2 and place > 0:
            for row in header:
                sheet.append(row)
        first, last = write(truth.start), write(truth.start + timedelta(days=truth.days))
        when = [f"{first}至{last}"] if dates == 1 else [first, last]
        sheet.append(
            [*([place + 1] if lead else []), truth.name, truth.road, *when,
             truth.length_m * length[1], truth.cost_wan * money[1]]
        )  # fmt: skip
        numbers.append(sheet._current_row)
    if "sums" in traps:
        sheet.append([*[None] * lead, "合计", None, *[None] * dates, 1, 2])
        sheet.append(["区交通委小计"])
    if "notes" in traps:
        sheet.append(["注：工期以实际为准"])
        sheet.append(["填表人：某人", None, "制表日期：2024年12月20日"])
    return numbers


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
