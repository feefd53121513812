"""Rows of restrictions: places by name, days without a year, and every fault of every row."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.read_areas import read_areas

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "restrictions_jiading.csv"
HEADER = "编号,名称,开始,结束,周期,街镇,道路名称,道路等级,适用施工,豁免,管控方式,级别"


def write(tmp_path: Path, *rows: str) -> Path:
    """Write a list of restrictions."""
    path = tmp_path / "restrictions.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return path


def test_the_example() -> None:
    found = read_areas(EXAMPLE, "restrictions")
    assert [(fault.level, fault.code) for fault in found.faults] == [
        ("note", "restrictions.whole_city")
    ]
    table = found.areas.set_index("restriction_id")
    assert table["recurs"].tolist() == ["announced", "announced", "yearly", "yearly", "announced"]
    assert table["works"].tolist() == ["all", "lane", "excavation", "excavation", "lane"]
    assert table["mode"].tolist() == ["forbid", "forbid", "pause", "forbid", "forbid"]
    assert table["severity"].tolist() == ["high", "medium", "medium", "notice", "high"]
    assert table.loc["汛期", "road_class"] == "arterial"
    assert table.loc["高考", "exempt"] == "safety_critical"
    assert (f"{table.loc['高考', 'start']:%m-%d}", f"{table.loc['高考', 'finish']:%m-%d}") == (
        "06-07", "06-10",
    )  # fmt: skip
    assert table.geometry.isna().all()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("r,节日,2026-10-01,,,全市,,,,,,", "restrictions.day_missing"),
        ("r,节日,,2026-10-01,,全市,,,,,,", "restrictions.day_missing"),
        ("r,节日,2026-10-07,2026-10-01,,全市,,,,,,", "finish_before_start"),
        ("r,节日,国庆,2026-10-01,,全市,,,,,,", "date_unreadable"),
        ("r,节日,10-01,2026-10-07,每年,全市,,,,,,", "date_unreadable"),
        ("r,节日,10-01,10-07,一次,全市,,,,,,", "restrictions.yearless"),
        ("r,节日,10-01,10-07,每年另行公布,全市,,,,,,", "restrictions.yearless"),
        ("r,节日,02-30,03-07,每年,全市,,,,,,", "date_unreadable"),
        ("r,节日,,,每年,全市,,,,,,", "restrictions.yearly_without_days"),
        ("r,节日,2025-01-01,2026-01-01,每年,全市,,,,,,", "restrictions.yearly_too_long"),
        ("r,,2026-01-01,2026-01-02,每年另行公布,全市,,,,,,", "restrictions.announced_without_name"),
        ("r,节日,2026-10-01,2026-10-07,每月,全市,,,,,,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,小路,,,,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,,跳舞,,,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,,开挖 跳舞,,,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,,,朋友,,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,,,,随意,", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,全市,,,,,,严重", "restrictions.code_unknown"),
        ("r,节日,2026-10-01,2026-10-07,,,,,,,,", "not_an_area"),
        ("ok,节日,2026-10-01,2026-10-07,,全市,,,,,,", "area_id_twice"),
    ],
)
def test_faults(tmp_path: Path, row: str, code: str) -> None:
    path = write(tmp_path, "ok,国庆,2026-10-01,2026-10-07,,全市,,,,,,", row)
    found = read_areas(path, "restrictions")
    refused = [fault for fault in found.faults if fault.level == "refused"]
    assert {(fault.row, fault.code) for fault in refused} == {(3, code)}
    assert found.areas["restriction_id"].tolist() == ["ok"]
    assert found.rows["outcome"].tolist() == ["accepted", "refused"]
    assert all("{" not in refused[0].text(lang) for lang in ("zh", "en"))


@pytest.mark.parametrize(
    ("start", "finish", "days"),
    [
        ("12-20", "01-05", ("2000-12-20", "2001-01-05")),
        ("每年6月1日", "9月30日", ("2000-06-01", "2000-09-30")),
        ("02-20", "02-29", ("2000-02-20", "2000-02-29")),
        ("03-01", "02-29", ("2000-03-01", "2004-02-29")),
    ],
)
def test_days_without_a_year_recur(
    tmp_path: Path, start: str, finish: str, days: tuple[str, str]
) -> None:
    found = read_areas(write(tmp_path, f"r,汛期,{start},{finish},,全市,,,,,,"), "restrictions")
    (row,) = found.areas.to_dict("records")
    assert row["recurs"] == "yearly"
    assert (f"{row['start']:%Y-%m-%d}", f"{row['finish']:%Y-%m-%d}") == days


def test_ids_that_are_made_outlive_moved_days(tmp_path: Path) -> None:
    first = read_areas(write(tmp_path, ",国庆,2026-10-01,2026-10-07,,全市,,,,,,"), "restrictions")
    moved = read_areas(write(tmp_path, ",国庆,2026-10-02,2026-10-08,,全市,,,,,,"), "restrictions")
    other = read_areas(write(tmp_path, ",国庆,2027-10-01,2027-10-07,,全市,,,,,,"), "restrictions")
    ids = [read.areas["restriction_id"].iloc[0] for read in (first, moved, other)]
    assert ids[0] == ids[1] != ids[2]


def test_what_always_holds_and_what_is_not_announced_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "r,保护区,,,,,曹安公路,,,,,", "s,庙会,,,每年公布,安亭镇,,,,,,")
    assert [(fault.code, fault.row) for fault in read_areas(path, "restrictions").faults] == [
        ("restrictions.always", 2), ("restrictions.not_announced", 3),
    ]  # fmt: skip
