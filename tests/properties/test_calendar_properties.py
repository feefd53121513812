"""The calendar against brute force, day by day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.calendar import (
    blocked_days,
    expand,
    free_windows,
    least_blocked_days,
    month_bounds,
    unannounced,
)

DAYS = st.dates(date(2023, 1, 1), date(2029, 12, 31))
EPOCH = date(1970, 1, 1)


def number(day: date) -> int:
    """Return a day as the calendar counts it."""
    return (day - EPOCH).days


def holds(recurs: str, start: date, finish: date, day: date) -> bool:
    """Tell whether a row holds on a day, by month and day alone where it recurs."""
    if recurs != "yearly":
        return start <= day <= finish
    first, last, here = ((one.month, one.day) for one in (start, finish, day))
    if first <= last:
        return first <= here <= last
    return here >= first or here <= last


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[str, date, date]]:
    """Draw rows of a calendar."""
    drawn = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(DAYS)
        recurs = draw(st.sampled_from(["once", "yearly", "announced"]))
        finish = start + timedelta(days=draw(st.integers(0, 363)))
        drawn.append((recurs, start, finish))
    return drawn


@given(rows(), DAYS, st.integers(1, 800))
@settings(max_examples=150)
def test_expanded_days_are_those_that_hold(
    calendar: list[tuple[str, date, date]], first: date, length: int
) -> None:
    table = pd.DataFrame(calendar, columns=["recurs", "start", "finish"])
    for name in ("start", "finish"):
        table[name] = pd.to_datetime(table[name])
    begin = number(first)
    found = expand(table, begin, begin + length)
    for at, (recurs, start, finish) in enumerate(calendar):
        told = set()
        for period in found[found["row"] == at].itertuples():
            told |= set(range(period.start_day, period.end_day))
        wanted = {
            begin + shift
            for shift in range(length)
            if holds(recurs, start, finish, first + timedelta(days=shift))
        }
        assert told & set(range(begin, begin + length)) == wanted


@st.composite
def works(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Draw windows with durations, and what blocks them."""
    windows = []
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, 30)), draw(st.integers(1, 40))
        windows.append((start, start + length, draw(st.integers(1, length))))
    blocked = draw(
        st.lists(
            st.tuples(st.integers(0, len(windows) - 1), st.integers(-5, 60), st.integers(0, 25)),
            max_size=8,
        )
    )
    return windows, [(owner, start, start + length) for owner, start, length in blocked]


@given(works())
@settings(max_examples=250)
def test_free_windows_and_days_met_are_those_of_brute_force(
    drawn: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]],
) -> None:
    windows, blocked = drawn
    start, finish, duration = (np.array(one) for one in zip(*windows, strict=True))
    owner, first, last = (
        np.array([row[column] for row in blocked], dtype=np.int64) for column in range(3)
    )
    free = free_windows(start, finish, duration, owner, first, last)
    met = blocked_days((start, finish), owner, first, last)
    least = least_blocked_days(start, finish, duration, owner, first, last)
    for work, (begin, end, days) in enumerate(windows):
        closed = {day for whose, one, two in blocked if whose == work for day in range(one, two)}
        assert met[work] == len(closed & set(range(begin, end)))
        starts = range(begin, end - days + 1)
        common = [len(closed & set(range(one, one + days))) for one in starts]
        assert least[work] == min(common)
        own = free[free["work"] == work]
        told = {row.start + shift for row in own.itertuples() for shift in range(row.starts)}
        assert told == {
            one for one, number_met in zip(starts, common, strict=True) if not number_met
        }
        for row in own.itertuples():
            assert row.start in {begin, *(day + 1 for day in closed)}
            assert row.finish in {end, *closed}


def test_29_february() -> None:
    table = pd.DataFrame(
        {
            "recurs": "yearly",
            "start": pd.to_datetime(["2024-02-29", "2024-02-20", "2024-02-29"]),
            "finish": pd.to_datetime(["2024-02-29", "2024-02-29", "2024-03-02"]),
        }
    )
    found = expand(table, number(date(2027, 1, 1)), number(date(2029, 1, 1)))
    told = [
        (row.row, str(np.datetime64(row.start_day, "D")), str(np.datetime64(row.end_day, "D")))
        for row in found.itertuples()
    ]
    assert told == [
        (0, "2028-02-29", "2028-03-01"),
        (1, "2027-02-20", "2027-03-01"),
        (1, "2028-02-20", "2028-03-01"),
        (2, "2027-03-01", "2027-03-03"),
        (2, "2028-02-29", "2028-03-03"),
    ]


def test_a_series_leaves_open_the_years_without_an_announcement() -> None:
    table = pd.DataFrame(
        {
            "name": ["F1", "F1", "高考", "庙会", "中考"],
            "recurs": ["announced", "announced", "announced", "announced", "yearly"],
            "start": pd.to_datetime(["2025-03-21", "2026-03-13", "2027-06-07", None, "2026-06-15"]),
            "finish": pd.to_datetime(
                ["2025-03-23", "2026-03-15", "2027-06-09", None, "2026-06-17"]
            ),
        }
    )
    first, end = number(date(2025, 12, 1)), number(date(2028, 1, 1))
    left = unannounced(table, first, end, margin_days=10)
    told = [
        (row.row, row.year, str(np.datetime64(row.start_day, "D")), row.expected)
        for row in left.itertuples()
    ]
    assert told == [
        (1, 2027, "2027-03-03", True),
        (2, 2025, "2025-05-28", True),
        (2, 2026, "2026-05-28", True),
        (3, 2025, "2025-01-01", False),
        (3, 2026, "2026-01-01", False),
        (3, 2027, "2027-01-01", False),
    ]


@given(DAYS, st.integers(1, 500))
@settings(max_examples=80)
def test_months_are_those_of_the_days(first: date, length: int) -> None:
    begin, end = month_bounds(number(first), number(first) + length)
    days = [first + timedelta(days=shift) for shift in range(length)]
    months = sorted({(day.year, day.month) for day in days})
    assert [number(date(year, month, 1)) for year, month in months] == begin.tolist()
    assert end.tolist()[:-1] == begin.tolist()[1:]
