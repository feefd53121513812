"""Dates as people write them become days, each with the precision that the text really has.

A column is read as a whole: whether ``03/04/2025`` means March or April is decided by its
neighbours, and where they do not decide it nobody guesses. What one text means is in
`data.date_words`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.date_words import (
    FIRST_YEAR,
    LAST_YEAR,
    STYLES,
    Bound,
    Context,
    DoubtError,
    common_style,
    days_of,
    folded,
    needs_style,
)

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "STYLES",
    "Bound",
    "ParsedDates",
    "infer_style",
    "parse_dates",
]

_SHOWS_OCTOBER = re.compile(r"\d{4}\.(?:10|0\d)")
_NULL_DAYS = frozenset(
    {date(1970, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1, 1, 1),
     date(9999, 12, 31)}
)  # fmt: skip
_MISSING = frozenset(
    {"", "-", "--", "—", "/", "无", "未知", "待定", "未定", "暂无", "na", "n/a", "nan", "nat", "null",
     "none", "<na>", "tbd", "tbc", "unknown"}
)  # fmt: skip


@dataclass(frozen=True)
class ParsedDates:
    """One column of dates, read.

    Attributes
    ----------
    days
        ``datetime64[us]`` at midnight, same index as the input; NaT where missing or bad. Of a
        coarse text the first day for a start and the last day for a finish.
    precision
        ``day``, ``month``, ``quarter``, ``half``, ``year``, or ``unknown`` where there is no day.
    bad
        Something is written that cannot be understood, or that no work can mean (see `absurd`).
    absurd
        Those of `bad` that are dates, before 1990 or after 2100.
    null_day
        A day that programs write for "none" (1970-01-01, 1900-01-01, 9999-12-31): missing, not bad.
    style
        The order of day, month and year that was used for texts that need one, else None.
    ambiguous
        The column needs a style and does not show which; what needs it is in `bad`.
    reason
        Code of the fault of what is bad, None elsewhere.
    ranged
        The text names both ends of a period.
    open_start
        A period "from now on" of which the first day is not stated: its start is missing.
    """

    days: pd.Series[pd.Timestamp]
    precision: pd.Series[str]
    bad: npt.NDArray[np.bool_]
    absurd: npt.NDArray[np.bool_]
    null_day: npt.NDArray[np.bool_]
    style: str | None
    ambiguous: bool
    reason: npt.NDArray[np.object_]
    ranged: npt.NDArray[np.bool_]
    open_start: npt.NDArray[np.bool_]


def parse_dates(
    values: pd.Series[Any],
    *,
    bound: Bound,
    style: str | None = None,
    time_zone: str = "Asia/Shanghai",
    years: pd.Series[Any] | int | None = None,
    list_date: date | None = None,
) -> ParsedDates:
    """Read a column of dates.

    Understood are ISO dates and times; ``2025年3月1日``, ``2025.3``, ``2025/3/1``, ``20250301``;
    ROC years (``1100421``, ``110/04/21``); days as Excel counts them; seconds and milliseconds
    since 1970; day, month and year in either order; years, quarters and half-years
    (``2025年二季度``, ``2025Q2``, ``2025年上半年``); English month names; Chinese numerals; and two of
    these with a stroke or 至 between them, of which the second may leave out what the first says
    (``2025年3月10日至7月30日``, ``2025.3.1-6.30``, ``2025年11月-次年2月``).

    Parameters
    ----------
    values
        Text, numbers, dates or any mix of them.
    bound
        Whether the column starts or finishes works: which day a coarse text gives.
    style
        One of `STYLES` to say the order instead of inferring it.
    time_zone
        The store's zone. A time that states its own zone is converted to it before the day is
        taken; a time without one is local already. The finish day of a work that ends at midnight
        is the written day (lists write whole days as midnight).

    Raises
    ------
    ValueError
        When ``style`` is none of `STYLES`.

    Examples
    --------
    >>> column = pd.Series(["2025年3月", "2025-03-05T20:00:00Z", "1100421", "soon"])
    >>> read = parse_dates(column, bound="finish")
    >>> read.days.dt.strftime("%Y-%m-%d").tolist()
    ['2025-03-31', '2025-03-06', '2021-04-21', nan]
    >>> read.precision.tolist(), read.bad.tolist()
    (['month', 'day', 'day', 'unknown'], [False, False, False, True])
    """
    if style is not None and style not in STYLES:
        raise ValueError(f"style must be one of {STYLES}, found {style!r}")
    zone = ZoneInfo(time_zone)
    plain = _plain(values)
    keys, unique, year_of = _with_years(plain, years)
    texts = [folded(value) for value in unique]
    needed = style or common_style(texts)
    ambiguous = style is None and needed is None and needs_style(texts)
    context = Context(
        bound, needed, zone, list_date=list_date, seconds=_all_seconds(texts),
        october_shown=any(_SHOWS_OCTOBER.fullmatch(text) for text in texts)
        or not any(re.fullmatch(r"\d{4}\.\d{1,2}", text) for text in texts),
    )  # fmt: skip

    count = len(unique) + 1  # the last slot stands for missing
    day = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    precision = np.full(count, "unknown", dtype=object)
    reason = np.full(count, None, dtype=object)
    absurd, null_day, ranged, open_start = (np.zeros(count, dtype=np.bool_) for _ in range(4))
    for slot, (value, text) in enumerate(zip(unique, texts, strict=True)):
        if text.casefold() in _MISSING:
            continue
        try:
            found = days_of(value, text, replace(context, year=year_of[slot]))
        except DoubtError as doubt:
            reason[slot] = str(doubt)
            continue
        except (ValueError, OverflowError):
            found = None  # the 30th of February, hour 25
        if found is None:
            reason[slot] = "date_unreadable"
            continue
        ranged[slot] = found.ranged
        ends = (found.first or found.last, found.last)
        if ends[0] in _NULL_DAYS:
            null_day[slot] = True
        elif not FIRST_YEAR <= ends[0].year <= ends[1].year <= LAST_YEAR:
            absurd[slot] = (
                min(e.year for e in ends) < FIRST_YEAR or max(e.year for e in ends) > LAST_YEAR
            )
            reason[slot] = "date_absurd" if absurd[slot] else "date_unreadable"
        elif bound == "start" and found.first is None:
            open_start[slot] = True
        else:
            day[slot] = np.datetime64(ends[0] if bound == "start" else ends[1])
            precision[slot] = found.precision
    bad = np.array([code is not None for code in reason], dtype=np.bool_)
    return ParsedDates(
        days=pd.Series(day[keys].astype("datetime64[us]"), index=values.index, name=values.name),
        precision=pd.Series(precision[keys], index=values.index, dtype="str"),
        bad=bad[keys],
        absurd=absurd[keys],
        null_day=null_day[keys],
        style=needed,
        ambiguous=ambiguous,
        reason=reason[keys],
        ranged=ranged[keys],
        open_start=open_start[keys],
    )


def _with_years(
    plain: pd.Series[Any], years: pd.Series[Any] | int | None
) -> tuple[npt.NDArray[np.intp], list[Hashable], list[int | None]]:
    """Return the slot of every row, and per slot the value and the year that it may leave open."""
    if not isinstance(years, pd.Series):
        keys, unique = pd.factorize(plain, use_na_sentinel=True)
        return keys, list(unique), [years] * len(unique)
    slots: dict[tuple[type, Hashable, int | None], int] = {}
    given = [None if pd.isna(year) else int(year) for year in years]
    keys = np.full(len(plain), -1, dtype=np.intp)
    for at, (value, year) in enumerate(zip(plain, given, strict=True)):
        if value is not None:
            keys[at] = slots.setdefault((type(value), value, year), len(slots))
    return keys, [value for _, value, _ in slots], [year for _, _, year in slots]


def _all_seconds(texts: Iterable[str]) -> bool:
    """Tell whether a column is seconds since 1970 throughout: a lone long number is none."""
    return all(
        re.fullmatch(r"0|\d{9,10}(\.\d*)?|\d{12,13}(\.\d*)?", text) is not None
        for text in texts
        if text.casefold() not in _MISSING
    )


def infer_style(*columns: pd.Series[Any]) -> str | None:
    """Return the one order of day, month and year that fits all columns, or None.

    Start and finish are written by the same hand: what one column leaves open the other decides.

    Examples
    --------
    >>> infer_style(pd.Series(["01/02/2025"]), pd.Series(["28/02/2025"]))
    'dmy'
    """
    return common_style(
        [folded(value) for column in columns for value in pd.unique(_plain(column).dropna())]
    )


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as objects that can be told apart by value (dates as dates)."""
    plain = values.astype(object)
    return plain.where(plain.notna(), None)
