"""Lists with any mixture of the traps of real ones, written from known projects, give them back."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination import Policy
from data.column_mapping import parse_mapping
from data.read_layers import read_layer
from data.read_projects import ReadProjects, read_projects
from data.suggest_mapping import suggest_mapping

SPRING, HALF = ("2025-03-01", "2025-04-30"), ("2025-01-01", "2025-06-30")
WINTER, YEAR = ("2025-11-01", "2026-02-28"), ("2025-01-01", "2025-12-31")
PAIRS: list[tuple[Any, Any, tuple[str, str]]] = [
    ("2025-03-01", "2025-04-30", SPRING),
    ("2025年3月1日", "2025年4月30日", SPRING),
    ("3月1日", "4月30日", SPRING),
    ("2025.3.1", "2025.4.30", SPRING),
    ("2025/3/1", "2025/4/30 00:00", SPRING),
    ("20250301", 20250430, SPRING),
    ("1140301", 1140430, SPRING),
    ("114/3/1", "民國114年4月30日", SPRING),
    (45717, "45777", SPRING),
    (date(2025, 3, 1), date(2025, 4, 30), SPRING),
    ("２０２５年３月１日", "２０２５．４．３０", SPRING),
    ("二〇二五年三月一日", "四月三十日", SPRING),
    ("2025年3月上旬", "4月底前", SPRING),
    ("2025.3", "2025-04", SPRING),
    ("3-4月", None, SPRING),
    ("拟于3月1日开工", "4月30日前完工", SPRING),
    ("一季度", "2025Q2", HALF),
    ("上半年", None, HALF),
    ("2025年", "年底", YEAR),
    ("2025年11月", "2026年2月", WINTER),
]
WINDOWS: list[tuple[Any, tuple[str, str]]] = [
    ("2025年3月1日至2025年4月30日", SPRING),
    ("2025年3月1日起61天", SPRING),
    ("2025.3.1-4.30", SPRING),
    ("2025/3/1-2025/4/30", SPRING),
    ("３月１日～４月３０日", SPRING),
    ("3.1-4.30", SPRING),
    ("3—4月", SPRING),
    ("2025年3月-4月", SPRING),
    ("2025.3-2025.4", SPRING),
    ("114年3月至114年4月", SPRING),
    ("上半年", HALF),
    ("2025年全年", YEAR),
    ("2025", YEAR),
    ("2025年11月-次年2月", WINTER),
]
LENGTHS: dict[str, list[Any]] = {
    "": [1200, "1,200", "约1200米", "1.2km", "１２００", "1.2公里"],
    "m": [1200, "1,200", "1200左右", "1.2km"],
    "km": [1.2, "1.2", "约1.2", "1200米"],
}
COSTS: dict[str, list[Any]] = {
    "": [45.5, "45.5万元", "455,000元", "４５．５", "约45.5万"],
    "万元": [45.5, "45.5", "455000元"],
    "元": [455000, "455,000", "45.5万元"],
    "亿元": [0.00455, "45.5万元"],
}
ROADS = ["仓场路", "博园路、墨玉南路", "嘉松北路\n沪宜公路", "胜辛北路(塔新路—宝钱公路)"]
TRAPS = ["titles", "unit line", "units row", "column numbers", "serial", "heading", "blank",
         "repeated", "sums", "notes", "second sheet", "hidden sheet", "hidden row", "merged down",
         "error", "formula", "computed", "full-width codes"]  # fmt: skip
EXCEL_ONLY = {"second sheet", "hidden sheet", "hidden row", "merged down", "error", "formula",
              "computed"}  # fmt: skip


@dataclass
class Page:
    """One sheet as written, and what it says."""

    rows: list[list[Any]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    computed: list[tuple[int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    known: set[tuple[str, str, str, str, str, float, float]] = field(default_factory=set)

    def add(self, *cells: Any) -> int:
        self.rows.append(list(cells))
        return len(self.rows)


def page(draw: Any, traps: set[str], header: str, units: tuple[str, str], codes: range) -> Page:
    """Write a list of the projects with these codes."""
    made = Page()
    lead = ["序号"] if "serial" in traps else []
    blank = [None] * len(lead)
    length, cost = units
    by_row = "units row" in traps and (length or cost)
    if "titles" in traps:
        made.merged.append((1, 1, 1, 5))
        made.add("嘉定区2025年度道路掘路计划表")
        made.add(*blank, "填报单位：区交通委")
    if "unit line" in traps and not cost:
        made.add(*[None] * 4, "单位：万元")
    far = f"长度({length})" if length and not by_row else "长度"
    money = f"总投资（{cost}）" if cost and not by_row else "总投资"
    when = 1 if header == "window" else 2
    groups = {"flat": ["计划开工", "计划竣工"], "window": ["计划工期"],
              "two": ["计划工期", None], "three": ["时间安排", None]}  # fmt: skip
    top = made.add(*lead, "项目编号", "项目名称", "道路名称", *groups[header], far, money)
    at = len(lead) + 4
    depth = {"flat": 1, "window": 1, "two": 2, "three": 3}[header]
    if depth == 3:
        made.add(*blank, None, None, None, "计划工期", None, None, None)
        made.merged.append((top + 1, at, top + 1, at + 1))
    if depth > 1:
        made.add(*blank, None, None, None, "开工", "竣工", None, None)
        made.merged.append((top, at, top, at + 1))
        others = [*range(1, at), at + 2, at + 3]
        made.merged += [(top, place, top + depth - 1, place) for place in others]
    head = [list(row) for row in made.rows[top - 1 :]]
    if by_row:
        made.add(*blank, None, None, None, *[None] * when, length or None, cost or None)
    if "column numbers" in traps:
        made.add(*range(1, len(head[0]) + 1))
    if "heading" in traps:
        made.add("一、新建项目")
    for place, number in enumerate(codes):
        if "blank" in traps and place == 1:
            made.add()
        if "repeated" in traps and place == 1:
            for row in head:
                made.add(*row)
        code = f"{number:03d}"
        shown = code.translate({48 + i: 0xFF10 + i for i in range(10)})
        if header == "window":
            window, days = draw(st.sampled_from(WINDOWS))
            dates = [window]
        else:
            first, last, days = draw(st.sampled_from(PAIRS))
            dates = [first, last]
        road = draw(st.sampled_from(ROADS))
        metres = draw(st.sampled_from(LENGTHS[length]))
        wan = draw(st.sampled_from(COSTS[cost]))
        code_cell = shown if "full-width codes" in traps else code
        row = made.add(
            *([place + 1] if lead else []), code_cell, f"工程{number}", road, *dates, metres, wan
        )
        made.numbers.append(row)
        made.known.add((code, f"工程{number}", road, *days, 1200.0, 45.5))
        if "computed" in traps and not isinstance(wan, str):
            made.computed.append((row, at + when + 1))
        if "hidden row" in traps and place == 0:
            made.hidden.append(row)
        if "merged down" in traps and place == 0:
            below = made.add(*blank, None, None, "和政路", *[None] * when, 1200 if length != "km"
                             else 1.2, None)  # fmt: skip
            down = [*range(1, at - 1), *range(at, at + when), at + when + 1]
            made.merged += [(row, column, below, column) for column in down]
            made.numbers.append(below)
            made.known.add((code, f"工程{number}", "和政路", *days, 1200.0, 45.5))
    for trap, code, cell in (("error", "cell_error", "#REF!"),
                             ("formula", "formula_without_value", "=TODAY()")):  # fmt: skip
        if trap in traps:
            day = "2025年3月1日"
            more = [] if when == 1 else [day]
            row = made.add(
                *([99] if lead else []), f"{trap}{codes[0]}", trap, "仓场路", cell, *more
            )
            made.numbers.append(row)
            made.refused.append((row, code))
            if trap == "error":
                made.errors.append((row, at))
    if "sums" in traps:
        made.add(*blank, "合计", None, None, *[None] * when, 1, 2)
        made.add("区交通委小计")
    if "notes" in traps:
        made.add("注：工期以实际为准")
        made.add("填表人：某人", None, "制表日期：2024年12月20日")
    return made


def save_workbook(path: Path, pages: list[Page], traps: set[str]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, made in enumerate(pages):
        sheet = book.create_sheet(f"表{number + 1}")
        for row in made.rows:
            sheet.append(row)
        for r0, c0, r1, c1 in made.merged:
            sheet.merge_cells(start_row=r0, start_column=c0, end_row=r1, end_column=c1)
        for row, column in made.errors:
            sheet.cell(row, column).data_type = "e"
        for row in made.hidden:
            sheet.row_dimensions[row].hidden = True
    if "hidden sheet" in traps:
        other = book.create_sheet("字典")
        other.append(["项目名称", "道路名称"])
        other.append(["旧项目", "旧路"])
        other.sheet_state = "hidden"
    book.save(path)
    if not any(made.computed for made in pages):
        return
    with zipfile.ZipFile(path) as archive:  # openpyxl writes no values of formulas
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for number, made in enumerate(pages):
        name = f"xl/worksheets/sheet{number + 1}.xml"
        for row, column in made.computed:
            cell = f"{openpyxl.utils.get_column_letter(column)}{row}"
            text = re.sub(rf'(<c r="{cell}"[^>]*>)<v', r"\1<f>SUM(1,2)</f><v", parts[name])
            assert text != parts[name]
            parts[name] = text
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def save_csv(path: Path, made: Page, separator: str, encoding: str) -> None:
    width = max(map(len, made.rows))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    for row in made.rows:
        writer.writerow([*row, *[None] * (width - len(row))])
    path.write_bytes(text.getvalue().encode(encoding))


def held(found: ReadProjects) -> set[tuple[str, str, str, str, str, float, float]]:
    table = pd.DataFrame(found.sites).merge(found.projects, left_on="project_code", right_on="code")
    return {
        (row.code, row.name, row.road, f"{row.start:%Y-%m-%d}", f"{row.finish:%Y-%m-%d}",
         round(row.length_m, 6), round(row.cost_wan, 6))
        for row in table.itertuples(index=False)
    }  # fmt: skip


@given(
    st.data(),
    st.sets(st.sampled_from(TRAPS), max_size=9),
    st.sampled_from(["flat", "window", "two", "three"]),
    st.sampled_from(sorted(LENGTHS)),
    st.sampled_from(sorted(COSTS)),
    st.sampled_from(["xlsx", "xlsx", "xlsx", ",utf-8", ";gb18030", "\tutf-8-sig", ";utf-8"]),
    st.sampled_from([False, False, True]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_mixture_of_traps_gives_the_projects_back(
    data: st.DataObject, traps: set[str], header: str, length: str, cost: str, kind: str,
    drafted: bool,
) -> None:  # fmt: skip
    traps |= {"titles"}  # says the year
    if kind != "xlsx":
        traps -= EXCEL_ONLY
        header = "flat" if header in ("two", "three") else header
    parts = [range(1, 4), range(4, 6)] if "second sheet" in traps else [range(1, 4)]
    pages = [page(data.draw, traps, header, (length, cost), codes) for codes in parts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("list.xlsx" if kind == "xlsx" else "list.csv")
        if kind == "xlsx":
            save_workbook(path, pages, traps)
        else:
            save_csv(path, pages[0], kind[0], kind[1:])
        mapping = parse_mapping(suggest_mapping(read_layer(path))) if drafted else None
        found = read_projects(path, mapping=mapping, policy=Policy())
    refused = [fault for fault in found.faults if fault.level == "refused"]
    assert sorted((fault.row, fault.code) for fault in refused) == sorted(
        wrong for made in pages for wrong in made.refused
    )
    assert held(found) == {known for made in pages for known in made.known}
    assert sorted(found.rows["row"]) == sorted(number for made in pages for number in made.numbers)
