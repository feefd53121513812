"""Known periods in every style of writing come back whole, and no text breaks the reader of dates."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.date_text import parse_dates

STYLES = [
    lambda a, b: f"{a.year}年{a.month}月{a.day}日至{b.year}年{b.month}月{b.day}日",
    lambda a, b: f"{a.year}.{a.month}.{a.day}-{b.year}.{b.month}.{b.day}",
    lambda a, b: f"{a.year}/{a.month}/{a.day}—{b.year}/{b.month}/{b.day}",
    lambda a, b: f"{a:%Y-%m-%d} ~ {b:%Y-%m-%d}",
    lambda a, b: f"自{a.year}年{a.month}月{a.day}日起至{b.year}年{b.month}月{b.day}日止",
    lambda a, b: f"{a.year - 1911}年{a.month}月{a.day}日到{b.year - 1911}年{b.month}月{b.day}日",
]


@given(st.dates(date(2011, 1, 1), date(2060, 1, 1)), st.integers(0, 700), st.sampled_from(STYLES))
@settings(max_examples=120, deadline=None)
def test_a_period_comes_back_in_every_style(first: date, days: int, style: object) -> None:
    last = first + timedelta(days=days)
    column = pd.Series([style(first, last)], dtype=object)  # type: ignore[operator]
    start, finish = (parse_dates(column, bound=bound) for bound in ("start", "finish"))
    assert [start.days[0].date(), finish.days[0].date()] == [first, last]
    assert (start.precision[0], finish.precision[0]) == ("day", "day")


@pytest.mark.parametrize(
    ("text", "year", "found"),
    [
        ("11月-次年2月", 2025, ("2025-11-01", "2026-02-28")),
        ("3.10-4.20", 2024, ("2024-03-10", "2024-04-20")),
        ("4.20-3.10", 2024, None),
        ("2025年5月-3月", None, None),
        ("2月30日", 2025, None),
        ("3月", None, None),
        ("1月-1889年2月", 1889, None),
    ],
)
def test_periods_that_lean_on_a_year(
    text: str, year: int | None, found: tuple[str, str] | None
) -> None:
    column = pd.Series([text], dtype=object)
    read = [parse_dates(column, bound=bound, years=year) for bound in ("start", "finish")]
    if found is None:
        assert all(side.bad[0] for side in read)
    else:
        assert tuple(f"{side.days[0]:%Y-%m-%d}" for side in read) == found


@given(
    st.text(
        st.sampled_from("0123456789年月日号.-/至到~— 季度上下半初底前起QH三十(),:天"), max_size=300
    )
)
@settings(max_examples=150, deadline=2_000)
def test_no_text_breaks_the_reader(text: str) -> None:
    read = parse_dates(pd.Series([text], dtype=object), bound="start", years=2025)
    assert read.bad[0] or read.days.isna()[0] or 1990 <= read.days[0].year <= 2100
