"""Dates as they are written, known answers."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from data.date_text import ParsedDates, infer_style, parse_dates


def read(*values: object, bound: str = "start", **options: str) -> ParsedDates:
    column = pd.Series(list(values), dtype=object)
    return parse_dates(column, bound=bound, **options)  # type: ignore[arg-type]


def first_and_last(value: object, **options: str) -> tuple[str, str, str]:
    start, finish = (read(value, bound=bound, **options) for bound in ("start", "finish"))
    assert not start.bad[0]
    assert not finish.bad[0]
    return str(start.days[0])[:10], str(finish.days[0])[:10], start.precision[0]


@pytest.mark.parametrize(
    "written",
    [
        "2025-03-01", "2025/3/1", "2025.3.1", "2025年3月1日", "２０２５年３月１日", "20250301",
        " 2025-3-1 ", "2025-03-01T08:00", "2025-03-01 08:00:00.000", "2025年3月1日8时",
        "20250301080000", "1140301", "114/03/01", "民國114年3月1日", "114年3月1日", "45717", 45717,
        45717.75, 20250301.0, "1740787200", "1740787200.0", "1740787200000", "1 Mar 2025",
        "March 1, 2025", "01-Mar-2025", "2025-02-28T20:00:00Z",
        dt.date(2025, 3, 1), pd.Timestamp(2025, 3, 1, 7, 30), pd.Timestamp("2025-02-28 17:00Z"),
        "1/3/25",
    ],
)  # fmt: skip
def test_one_day_however_it_is_written(written: object) -> None:
    style = {"style": "dmy"} if written == "1/3/25" else {}
    assert first_and_last(written, **style) == ("2025-03-01", "2025-03-01", "day")


@pytest.mark.parametrize(
    ("written", "first", "last", "precision"),
    [
        ("2025年3月", "2025-03-01", "2025-03-31", "month"),
        ("2025.3", "2025-03-01", "2025-03-31", "month"),
        ("2025.10", "2025-10-01", "2025-10-31", "month"),
        ("2024-02", "2024-02-01", "2024-02-29", "month"),
        ("202502", "2025-02-01", "2025-02-28", "month"),
        ("2025年3月底", "2025-03-01", "2025-03-31", "month"),
        ("2025年3-5月", "2025-03-01", "2025-05-31", "month"),
        ("Mar 2025", "2025-03-01", "2025-03-31", "month"),
        ("2025年Q2", "2025-04-01", "2025-06-30", "quarter"),
        ("2025Q4", "2025-10-01", "2025-12-31", "quarter"),
        ("Q1 2025", "2025-01-01", "2025-03-31", "quarter"),
        ("2025年二季度", "2025-04-01", "2025-06-30", "quarter"),
        ("2025年第3季度", "2025-07-01", "2025-09-30", "quarter"),
        ("2025年上半年", "2025-01-01", "2025-06-30", "half"),
        ("2025H2", "2025-07-01", "2025-12-31", "half"),
        ("2025年", "2025-01-01", "2025-12-31", "year"),
        ("2025年全年", "2025-01-01", "2025-12-31", "year"),
        (2025, "2025-01-01", "2025-12-31", "year"),
        ("2025.3.1至2025.6.30", "2025-03-01", "2025-06-30", "day"),
    ],
)
def test_coarse_dates_keep_both_ends(
    written: object, first: str, last: str, precision: str
) -> None:
    assert first_and_last(written) == (first, last, precision)


@pytest.mark.parametrize(
    "written",
    ["soon", "2025-02-30", "2025-13-01", "即日起", "3月", 2025.1, "-5", "1e9", float("inf"), "99999",
     "2025-03-01T25:00Z", True],
)  # fmt: skip
def test_what_cannot_be_understood_is_bad(written: object) -> None:
    found = read(written)
    assert found.bad.tolist() == [True]
    assert found.absurd.tolist() == [False]
    assert found.days.isna().all()
    assert found.precision.tolist() == ["unknown"]


@pytest.mark.parametrize("written", [None, "", " ", float("nan"), pd.NaT, "待定", "—", "N/A", "无"])
def test_missing_is_not_bad(written: object) -> None:
    found = read(written)
    assert (found.bad.tolist(), found.null_day.tolist()) == ([False], [False])
    assert found.precision.tolist() == ["unknown"]


@pytest.mark.parametrize("written", ["1989-12-31", "2101-01-01", "0205-03-01", "2550年"])
def test_absurd_years_are_bad(written: str) -> None:
    found = read(written)
    assert found.bad.tolist() == [True]


@pytest.mark.parametrize(
    "written", ["1970-01-01", "1970-01-01T00:00:00Z", 0, "1900-01-01", "9999-12-31"]
)
def test_days_that_stand_for_none(written: object) -> None:
    found = read(written)
    assert (found.bad.tolist(), found.null_day.tolist()) == ([False], [True])


def test_a_time_with_its_zone_is_moved_to_the_stores() -> None:
    late = "2017-03-28T01:00:00+09:00"
    assert str(read(late, time_zone="Asia/Tokyo").days[0]) == "2017-03-28 00:00:00"
    assert str(read(late).days[0]) == "2017-03-28 00:00:00"
    assert str(read(late, time_zone="Europe/Paris").days[0]) == "2017-03-27 00:00:00"
    assert str(read("2017-03-28T01:00:00", time_zone="Europe/Paris").days[0])[:10] == "2017-03-28"


def test_the_column_decides_between_day_and_month() -> None:
    found = read("03/04/2025", "13/04/2025")
    assert (found.style, found.ambiguous) == ("dmy", False)
    assert found.days.dt.strftime("%m-%d").tolist() == ["04-03", "04-13"]
    found = read("03/04/2025", "04/13/2025")
    assert (found.style, found.days.dt.month.tolist()) == ("mdy", [3, 4])


def test_an_undecided_column_is_said_to_be() -> None:
    found = read("03/04/2025", "2025-03-04", "05/05/2025")
    assert found.ambiguous
    assert found.style is None
    assert found.bad.tolist() == [True, False, False]
    assert read("03/04/2025", style="dmy").days.dt.month.tolist() == [4]
    assert not read("05/05/2025").ambiguous


def test_a_contradicting_column_is_undecided() -> None:
    assert read("13/04/2025", "04/13/2025", "03/04/2025").ambiguous


def test_one_typing_error_does_not_turn_the_column() -> None:
    found = read("13/04/2025", "14/04/2025", "03/04/2025", "04/31/2025")
    assert (found.style, found.bad.tolist()) == ("dmy", [False, False, False, True])


def test_two_columns_decide_together() -> None:
    assert infer_style(pd.Series(["01/02/2025"]), pd.Series(["01/28/2025"])) == "mdy"
    assert infer_style(pd.Series(["01/02/2025"]), pd.Series(["03/04/2025"])) is None


def test_unknown_style_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="style must be one of"):
        read("1/2/2025", style="american")


def test_index_and_dtype_are_kept() -> None:
    column = pd.Series(["2025-01-02", None], index=[7, 3], name="start")
    found = parse_dates(column, bound="start")
    assert found.days.index.tolist() == [7, 3]
    assert found.days.dtype == "datetime64[us]"
    assert len(parse_dates(pd.Series([], dtype=object), bound="start").days) == 0
