"""Restricted periods as dated days: rows that recur are expanded over the years that are asked for.

A row of the calendar has ``recurs`` (`RECURS`), ``start`` and ``finish`` (inclusive days):

- ``once``: from its first to its last day;
- ``yearly``: every year from the month and day of the one to those of the other, also across new
  year; the years of the two dates count for nothing. 29 February is the last day of February in
  other years when a period ends on it, and 1 March when one begins on it;
- ``announced``: the authority announces the days anew each year. Each row is one announcement, with
  days of its own; rows of one ``name`` are one series, and a year for which it has no row is *not
  announced*, which is not the same as free (`unannounced`);
- without any day: always (a protected area); of ``announced``: nothing was announced yet.

Everything is arrays; days are int64 since 1970-01-01, half-open.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.projects import UNKNOWN_DAY, day_numbers
from geo.intervals import meets, uncovered
from geo.line_parts import ragged_ranges

Days = npt.NDArray[np.int64]
Positions = npt.NDArray[np.int64]

RECURS = ("once", "yearly", "announced")


def expand(rows: pd.DataFrame, first_day: int, end_day: int) -> pd.DataFrame:
    """Return the dated periods of calendar rows that share a day with ``[first_day, end_day)``.

    Parameters
    ----------
    rows
        ``recurs``, ``start``, ``finish`` (dates, both or none of them missing); RangeIndex.
    first_day, end_day
        Half-open days of interest.

    Returns
    -------
    pandas.DataFrame
        ``row`` (of ``rows``), ``start_day``, ``end_day`` (half-open, not clipped, but what holds
        always is the days of interest), sorted.

    Examples
    --------
    >>> days = np.array(["2025-01-01", "2027-01-01"], dtype="datetime64[D]").astype(int)
    >>> rows = pd.DataFrame({"recurs": ["yearly"], "start": pd.to_datetime(["2020-12-20"]),
    ...                      "finish": pd.to_datetime(["2021-01-05"])})
    >>> found = expand(rows, *days)[["start_day", "end_day"]].to_numpy()
    >>> found.astype("datetime64[D]").astype(str).tolist()
    [['2024-12-20', '2025-01-06'], ['2025-12-20', '2026-01-06'], ['2026-12-20', '2027-01-06']]
    """
    start, finish = day_numbers(rows["start"]), day_numbers(rows["finish"])
    dated = (start != UNKNOWN_DAY) & (finish != UNKNOWN_DAY)
    recurs = rows["recurs"].fillna("once")
    yearly = dated & recurs.eq("yearly").to_numpy()
    plain = np.flatnonzero(dated & ~yearly)
    always = np.flatnonzero(~dated & recurs.ne("announced").to_numpy())
    first_year, last_year = year_of(np.array([first_day, max(end_day - 1, first_day)]))
    years = np.arange(first_year - 1, last_year + 1)
    row = np.repeat(np.flatnonzero(yearly), len(years))
    year = np.tile(years, int(yearly.sum()))
    begin, end = _in_year(start[row], finish[row], year)
    table = pd.DataFrame(
        {
            "row": np.concatenate([plain, always, row]),
            "start_day": np.concatenate([start[plain], np.full(len(always), first_day), begin]),
            "end_day": np.concatenate([finish[plain] + 1, np.full(len(always), end_day), end]),
        }
    )
    kept = meets(table["start_day"], table["end_day"], first_day, end_day)
    return table[kept].sort_values(["row", "start_day", "end_day"], ignore_index=True)


def unannounced(
    rows: pd.DataFrame, first_day: int, end_day: int, *, margin_days: int
) -> pd.DataFrame:
    """Return the years that an announced series leaves open, and when its days may be expected.

    Parameters
    ----------
    rows
        ``name``, ``recurs``, ``start``, ``finish``; RangeIndex.
    first_day, end_day
        Half-open days of interest: years that share a day with them are looked at.
    margin_days
        The days of the series' latest announcement, moved to the year and widened by so many days
        before and behind, are when it is expected.

    Returns
    -------
    pandas.DataFrame
        ``row`` (the latest announcement of the series; without any announcement its first row),
        ``year``, ``start_day``, ``end_day`` (half-open; the whole year without any announcement),
        ``expected`` (whether an earlier announcement tells the season).

    Examples
    --------
    >>> days = np.array(["2026-01-01", "2028-01-01"], dtype="datetime64[D]").astype(int)
    >>> rows = pd.DataFrame({"name": ["race"], "recurs": ["announced"],
    ...     "start": pd.to_datetime(["2026-03-13"]), "finish": pd.to_datetime(["2026-03-15"])})
    >>> left = unannounced(rows, *days, margin_days=30)
    >>> left["year"].tolist(), left["start_day"].to_numpy().astype("datetime64[D]").astype(str)
    ([2027], array(['2027-02-11'], dtype='<U28'))
    """
    start, finish = day_numbers(rows["start"]), day_numbers(rows["finish"])
    dated = start != UNKNOWN_DAY
    own = np.flatnonzero(rows["recurs"].eq("announced").to_numpy())
    first_year, last_year = year_of(np.array([first_day, max(end_day - 1, first_day)]))
    years = np.arange(first_year, last_year + 1)
    none = np.empty(0, dtype=np.int64)
    found: list[tuple[Positions, Positions]] = [(none, none)]
    names = rows["name"].astype("object").fillna("").to_numpy()[own]
    for name in dict.fromkeys(names):
        of_series = own[names == name]
        told = of_series[dated[of_series]]
        latest = told[np.argmax(start[told])] if len(told) else of_series[0]
        left = np.setdiff1d(years, year_of(start[told]))
        found.append((np.full(len(left), latest), left))
    row = np.concatenate([one for one, _ in found])
    year = np.concatenate([one for _, one in found])
    expected = dated[row]
    begin, end = _in_year(
        np.where(expected, start[row], _month_day(1, 1)),
        np.where(expected, finish[row], _month_day(12, 31)),
        year,
    )
    margin = np.where(expected, margin_days, 0)
    return pd.DataFrame(
        {
            "row": row,
            "year": year,
            "start_day": begin - margin,
            "end_day": end + margin,
            "expected": expected,
        }
    )


def free_windows(  # noqa: PLR0917 - windows and what blocks them, side by side
    start: npt.ArrayLike,
    finish: npt.ArrayLike,
    duration_days: npt.ArrayLike,
    owner: npt.ArrayLike,
    blocked_start: npt.ArrayLike,
    blocked_finish: npt.ArrayLike,
) -> pd.DataFrame:
    """Return when works could be done without touching what blocks them.

    Parameters
    ----------
    start, finish
        Half-open windows in which each work may lie, shape ``(n,)``.
    duration_days
        Days of each work, shape ``(n,)``.
    owner, blocked_start, blocked_finish
        Which work each blocked period concerns, and its half-open days; shape ``(m,)``.

    Returns
    -------
    pandas.DataFrame
        ``work``, ``start``, ``finish``: the longest periods free of blocked days that hold the
        work; ``starts`` (on how many days it may begin in each). Sorted by work and start.

    Examples
    --------
    >>> free_windows([0], [30], [10], [0], [12], [15])[["start", "finish", "starts"]].values.tolist()
    [[0, 12, 3], [15, 30, 6]]
    """
    duration = np.asarray(duration_days, dtype=np.int64)
    work, begin, end = uncovered(start, finish, owner, blocked_start, blocked_finish)
    starts = end - begin - duration[work] + 1
    room = starts > 0
    return pd.DataFrame(
        {"work": work[room], "start": begin[room], "finish": end[room], "starts": starts[room]}
    )


def blocked_days(
    windows: tuple[npt.ArrayLike, npt.ArrayLike],
    owner: npt.ArrayLike,
    blocked_start: npt.ArrayLike,
    blocked_finish: npt.ArrayLike,
) -> Days:
    """Return how many days of each window are blocked; days that several block count once.

    Parameters
    ----------
    windows
        Start and finish, half-open, shape ``(n,)`` each.
    owner, blocked_start, blocked_finish
        As for `free_windows`.

    Examples
    --------
    >>> blocked_days(([0, 5], [10, 9]), [0, 0], [2, 3], [5, 20]).tolist()
    [8, 0]
    """
    start, finish = (np.asarray(days, dtype=np.int64) for days in windows)
    whose, begin, end = uncovered(start, finish, owner, blocked_start, blocked_finish)
    free = np.zeros(len(start), dtype=np.int64)
    np.add.at(free, whose, end - begin)
    blocked: Days = np.maximum(finish - start, 0) - free
    return blocked


def least_blocked_days(  # noqa: PLR0917 - windows and what blocks them, side by side
    start: npt.ArrayLike,
    finish: npt.ArrayLike,
    duration_days: npt.ArrayLike,
    owner: npt.ArrayLike,
    blocked_start: npt.ArrayLike,
    blocked_finish: npt.ArrayLike,
) -> Days:
    """Return how many blocked days each work meets even when it starts on its best day.

    The days met change their course only where a work's first or last day comes to the edge of a
    blocked period: only those starts are tried. Parameters are those of `free_windows`, with
    ``1 <= duration_days <= finish - start``.

    Examples
    --------
    >>> least_blocked_days([0, 0], [30, 30], [20, 10], [0, 1], [10, 10], [20, 20]).tolist()
    [10, 0]
    """
    start, finish, duration, owner, first, last = (
        np.asarray(days, dtype=np.int64)
        for days in (start, finish, duration_days, owner, blocked_start, blocked_finish)
    )
    works = np.arange(len(start))
    latest = finish - duration
    edges = np.concatenate([first, last])
    whose = np.concatenate([owner, owner])
    whose, edges = np.tile(whose, 2), np.concatenate([edges, edges - duration[whose]])
    whose = np.concatenate([whose, works, works])
    tried = np.clip(np.concatenate([edges, start, latest]), start[whose], latest[whose])
    # Each start that is tried is a window of its own, blocked by what blocks its work.
    order = np.argsort(owner, kind="stable")
    of_work = owner[order]
    window, block = ragged_ranges(
        np.searchsorted(of_work, whose, "left"), np.searchsorted(of_work, whose, "right")
    )
    block = order[block]
    met = blocked_days((tried, tried + duration[whose]), window, first[block], last[block])
    least = duration.copy()
    np.minimum.at(least, whose, met)
    return least


def year_of(days: npt.ArrayLike) -> Positions:
    """Return the calendar year of days.

    Examples
    --------
    >>> year_of([0, 365]).tolist()
    [1970, 1971]
    """
    dates = np.asarray(days, dtype=np.int64).astype("datetime64[D]")
    years: Positions = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def month_bounds(first_day: int, end_day: int) -> tuple[Days, Days]:
    """Return the half-open days of every calendar month that shares a day with a period.

    Examples
    --------
    >>> begin, end = month_bounds(0, 32)
    >>> (end - begin).tolist()
    [31, 28]
    """
    months = np.array([first_day, max(end_day - 1, first_day)]).astype("datetime64[D]")
    first, last = months.astype("datetime64[M]").astype(np.int64)
    begin = np.arange(first, last + 2).astype("datetime64[M]").astype("datetime64[D]")
    days: Days = begin.astype(np.int64)
    return days[:-1], days[1:]


def _month_day(month: int, day: int) -> int:
    return int(np.datetime64(f"2000-{month:02d}-{day:02d}", "D").astype(np.int64))


def _in_year(start: Days, finish: Days, year: Positions) -> tuple[Days, Days]:
    """Return the half-open days, in each year, from one month and day to another (inclusive)."""
    first_month, first = _month_and_day(start)
    last_month, last = _month_and_day(finish)
    wraps = last_month * 31 + last < first_month * 31 + first
    begin = _month_start(year, first_month) + first - 1
    end_year = year + wraps
    behind = np.where(last_month == 11, end_year + 1, end_year)
    next_month = _month_start(behind, (last_month + 1) % 12)
    return begin, np.minimum(_month_start(end_year, last_month) + last, next_month)


def _month_and_day(days: Days) -> tuple[Positions, Positions]:
    """Return month 0 … 11 and day 1 … 31."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    within: Positions = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return months.astype(np.int64) % 12, within


def _month_start(year: Positions, month: Positions) -> Days:
    months = ((year - 1970) * 12 + month).astype("datetime64[M]")
    days: Days = months.astype("datetime64[D]").astype(np.int64)
    return days
